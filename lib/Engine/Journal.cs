namespace KubeSim;

/// <summary>Something that came from outside the cluster: a person's request, a fault, a component
/// put in place. Inputs alone, with the seed, decide a run.</summary>
public abstract record Input
{
    /// <summary>The input in a few words, for causes and journals.</summary>
    public abstract string Describe { get; }

    /// <summary>True when the input holds a delegate, which no file can hold.</summary>
    public virtual bool HoldsDelegate => false;

    /// <summary>Carries the input out; false when it was refused and changed nothing.</summary>
    internal abstract bool Execute(Simulation simulation);
}

/// <summary>An input at its place in the run: after so many executed work items, at a virtual
/// time.</summary>
public sealed record JournalEntry(long Items, DateTime Time, Input Input);

/// <summary>A request of somebody outside, to the API server.</summary>
public sealed record RequestInput(ApiRequest Request) : Input
{
    /// <summary>The program outside that sent it, such as <c>kubectl/v1.36.2</c>; null for this
    /// process. Known while it runs: a saved journal does not say.</summary>
    public string? Client { get; init; }

    /// <inheritdoc/>
    public override string Describe
    {
        get
        {
            var verb = Request.Verb.ToString().ToLowerInvariant();
            var name = Request.Body is Payload.Typed typed
                ? $"{typed.Object.Key}" : Request.Path.Name.Length == 0 ? $"{Request.Path}"
                : $"{new ObjectKey(Request.Path.Kind, Request.Path.Namespace, Request.Path.Name)} "
                    + Request.Path.Subresource;
            return $"{verb} {name.TrimEnd()} by {Request.User.Name}"
                + (Client is null ? "" : $" with {Client}");
        }
    }

    internal override bool Execute(Simulation simulation)
    {
        var proposals = simulation.Store.Members?.Proposals;
        simulation.Answer = simulation.Api.Handle(Request);
        // What etcd refused was asked of it all the same, and may yet be committed.
        return simulation.Answer.Revision.Value > 0
            || simulation.Store.Members?.Proposals != proposals;
    }
}

/// <summary>A fault, or its end.</summary>
public sealed record FaultInput(FaultOp Op, string Target, int Count = 0) : Input
{
    /// <inheritdoc/>
    public override string Describe => Count > 0
        ? $"{Op.ToString().ToLowerInvariant()} {Target} ({Count})"
        : $"{Op.ToString().ToLowerInvariant()} {Target}";

    internal override bool Execute(Simulation simulation)
    {
        simulation.Faults.Apply(this);
        return true;
    }
}

/// <summary>A component put in place, or in the place of another of its name.</summary>
public sealed record ComponentInput(ComponentSpec Spec) : Input
{
    /// <inheritdoc/>
    public override string Describe => $"run {Spec.Name}";

    /// <inheritdoc/>
    public override bool HoldsDelegate => true;

    internal override bool Execute(Simulation simulation)
    {
        simulation.Install(Spec);
        return true;
    }
}

/// <summary>A webhook put in place, or in the place of another of its name.</summary>
public sealed record WebhookInput(WebhookSpec Spec) : Input
{
    /// <inheritdoc/>
    public override string Describe => $"add the webhook {Spec.Name}";

    /// <inheritdoc/>
    public override bool HoldsDelegate => true;

    internal override bool Execute(Simulation simulation)
    {
        simulation.Api.Add(Spec);
        return true;
    }
}

/// <summary>A component taken away.</summary>
public sealed record RemovalInput(string Name) : Input
{
    /// <inheritdoc/>
    public override string Describe => $"remove {Name}";

    internal override bool Execute(Simulation simulation)
    {
        simulation.Remove(Name);
        return true;
    }
}

/// <summary>Other chances for what comes: how long writes and watches take is drawn anew.</summary>
/// <param name="Seed">Where the new draws come from.</param>
/// <param name="SlowestWatch">The longest that a change is on its way to its watchers; null: as
/// before.</param>
public sealed record ReseedInput(ulong Seed, TimeSpan? SlowestWatch = null) : Input
{
    /// <inheritdoc/>
    public override string Describe => SlowestWatch is { } slowest
        ? $"reseed {Seed}, watches take up to {GoDuration.Format(slowest)}" : $"reseed {Seed}";

    internal override bool Execute(Simulation simulation)
    {
        simulation.Reseed(Seed, SlowestWatch);
        return true;
    }
}

/// <summary>A compaction of etcd, as the API server asks for every five minutes.</summary>
public sealed record CompactInput(Revision At) : Input
{
    /// <inheritdoc/>
    public override string Describe => $"compact to revision {At}";

    internal override bool Execute(Simulation simulation)
    {
        simulation.Store.Compact(At);
        return true;
    }
}
