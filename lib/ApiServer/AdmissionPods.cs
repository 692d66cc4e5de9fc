namespace KubeSim;

/// <summary>Gives a pod its ServiceAccount, which must be there: "default" when it names
/// none.</summary>
/// <remarks>The token volume that the real rule mounts is left out: nothing in the simulator reads
/// it. Models plugin/pkg/admission/serviceaccount.</remarks>
public sealed class ServiceAccountAdmission : IAdmission
{
    private readonly PodSpecMemo named = new(static spec =>
        spec.ServiceAccountName is { Length: > 0 } ? spec : spec with
        {
            ServiceAccountName = spec.ServiceAccount is { Length: > 0 } old ? old : "default",
        });

    /// <inheritdoc/>
    public string Name => "ServiceAccount";

    /// <inheritdoc/>
    public Status? Mutate(in AdmissionRequest request, ref ApiObject value)
    {
        // A pod that only its kubelet keeps, and shows here, has no account.
        if (value is not Pod pod || request.Verb != Verb.Create
            || pod.Metadata.Annotations.ContainsKey("kubernetes.io/config.mirror"))
        {
            return null;
        }
        var spec = named[pod.Spec];
        var account = new ObjectKey(Kinds.ServiceAccount, request.Namespace,
            spec.ServiceAccountName!);
        if (request.Store.Get(account) is null)
        {
            return ApiErrors.Forbidden(Kinds.Pod, pod.Metadata.Name, "error looking up service "
                + $"account {account.Namespace}/{account.Name}: serviceaccount "
                + $"\"{account.Name}\" not found").Status;
        }
        value = ReferenceEquals(spec, pod.Spec) ? pod : pod with { Spec = spec };
        return null;
    }
}

/// <summary>Turns the name of a pod's priority class into its number.</summary>
/// <remarks>Models plugin/pkg/admission/priority.</remarks>
public sealed class PriorityAdmission : IAdmission
{
    private const string Source = "from the given PriorityClass name";

    private PodSpecMemo? resolved;
    private string? problem;

    /// <inheritdoc/>
    public string Name => "Priority";

    /// <inheritdoc/>
    public Status? Mutate(in AdmissionRequest request, ref ApiObject value)
    {
        if (value is not Pod pod || request.Verb != Verb.Create)
        {
            return null;
        }
        var store = request.Store;
        problem = null;
        var spec = (resolved ??= new(s => Resolve(s, store)))[pod.Spec];
        if (problem is not null)
        {
            resolved = null;
            return ApiErrors.Forbidden(Kinds.Pod, pod.Metadata.Name, problem).Status;
        }
        value = ReferenceEquals(spec, pod.Spec) ? pod : pod with { Spec = spec };
        return null;
    }

    /// <inheritdoc/>
    public void Wrote(ApiObject? old, ApiObject? now)
    {
        if (now is PriorityClass || (now is null && old is PriorityClass))
        {
            resolved = null;
        }
    }

    private PodSpec Resolve(PodSpec spec, EtcdStore store)
    {
        var name = spec.PriorityClassName ?? "";
        var (priority, preemption) = (0, "PreemptLowerPriority");
        var found = name.Length > 0 ? Named(name, store) : Default(store);
        if (found is not null)
        {
            (name, priority) = (found.Metadata.Name, found.Value);
            preemption = found.PreemptionPolicy ?? preemption;
        }
        else if (name.Length > 0)
        {
            problem = $"no PriorityClass with name {name} was found";
            return spec;
        }
        if (spec.Priority is { } given && given != priority)
        {
            problem = $"the integer value of priority ({given}) must not be provided in pod spec; "
                + $"priority admission controller computed {priority} {Source}";
            return spec;
        }
        if (spec.PreemptionPolicy is { } policy && policy != preemption)
        {
            problem = $"the string value of PreemptionPolicy ({policy}) must not be provided in "
                + $"pod spec; priority admission controller computed {preemption} {Source}";
            return spec;
        }
        return spec with
        {
            PriorityClassName = name.Length == 0 ? null : name,
            Priority = priority,
            PreemptionPolicy = preemption,
        };
    }

    // The two classes of the system hold even before anybody stored them.
    private static PriorityClass? Named(string name, EtcdStore store) =>
        store.Get(new ObjectKey(Kinds.PriorityClass, "", name)) as PriorityClass ?? name switch
        {
            "system-node-critical" => System(name, 2_000_001_000),
            "system-cluster-critical" => System(name, 2_000_000_000),
            _ => null,
        };

    private static PriorityClass System(string name, int value) =>
        new() { Metadata = new() { Name = name }, Value = value };

    // Of several defaults the lowest counts, as upstream has it.
    private static PriorityClass? Default(EtcdStore store)
    {
        PriorityClass? lowest = null;
        foreach (var found in store.List(Kinds.PriorityClass, null, store.Head))
        {
            if (found is PriorityClass { GlobalDefault: true } each
                && !(lowest?.Value <= each.Value))
            {
                lowest = each;
            }
        }
        return lowest;
    }
}

/// <summary>Lets a pod stay five minutes on a node that is not ready or unreachable, unless it says
/// otherwise: what makes an eviction take 300 s.</summary>
/// <remarks>Models plugin/pkg/admission/defaulttolerationseconds.</remarks>
/// <param name="notReady">For how many seconds on a node that is not ready.</param>
/// <param name="unreachable">For how many seconds on a node that is unreachable.</param>
public sealed class DefaultTolerationSeconds(int notReady = 300, int unreachable = 300) : IAdmission
{
    private const string NotReady = "node.kubernetes.io/not-ready";
    private const string Unreachable = "node.kubernetes.io/unreachable";

    private readonly PodSpecMemo tolerating = new(s => Tolerate(s, notReady, unreachable));

    /// <inheritdoc/>
    public string Name => "DefaultTolerationSeconds";

    /// <inheritdoc/>
    public Status? Mutate(in AdmissionRequest request, ref ApiObject value)
    {
        if (value is Pod pod)
        {
            var spec = tolerating[pod.Spec];
            value = ReferenceEquals(spec, pod.Spec) ? pod : pod with { Spec = spec };
        }
        return null;
    }

    private static PodSpec Tolerate(PodSpec spec, int notReadySeconds, int unreachableSeconds)
    {
        var (notReady, unreachable) = (false, false);
        foreach (var toleration in spec.Tolerations)
        {
            var (key, effect) = (toleration.Key ?? "", toleration.Effect ?? "");
            if (effect is "" or "NoExecute")
            {
                notReady |= key is "" or NotReady;
                unreachable |= key is "" or Unreachable;
            }
        }
        var all = spec.Tolerations;
        all = notReady ? all : all.Add(For(notReadySeconds, NotReady));
        all = unreachable ? all : all.Add(For(unreachableSeconds, Unreachable));
        return notReady && unreachable ? spec : spec with { Tolerations = all };
    }

    private static Toleration For(int seconds, string key) => new()
    {
        Key = key,
        Operator = "Exists",
        Effect = "NoExecute",
        TolerationSeconds = seconds,
    };
}
