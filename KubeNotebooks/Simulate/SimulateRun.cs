using KubeSim;

namespace KubeNotebooks;

/// <summary>What <c>simulate</c> was asked for.</summary>
internal sealed record SimulateOptions
{
    public required IReadOnlyList<string> Files { get; init; }

    public int Nodes { get; init; } = 3;

    public ulong Seed { get; init; }

    /// <summary>Run for this long; null: until converged.</summary>
    public TimeSpan? For { get; init; }

    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(10);

    public required DateTime Start { get; init; }

    public required Latency Latency { get; init; }

    public string? Journal { get; init; }

    public string? SaveJournal { get; init; }

    public string? Trace { get; init; }

    public string? Html { get; init; }

    public IReadOnlyList<string> AddOns { get; init; } = [];

    public Settings Settings { get; init; } = Settings.Default;

    public string Format { get; init; } = "wide";
}

/// <summary>One run of <c>simulate</c>, from files to printed objects.</summary>
internal sealed class SimulateRun(Terminal terminal, SimulateOptions options)
{
    private readonly DateTime end = options.Start + (options.For ?? options.Limit);

    /// <summary>Runs; the answer is the exit code.</summary>
    public int Execute()
    {
        var documents = CommandFiles.ReadManifests(options.Files, terminal.In);
        var journal = CommandFiles.ReadJournal(options.Journal, documents);
        var cluster = NewCluster(documents);
        using var trace = options.Trace is null ? null
            : new TraceFile(CommandFiles.Create(options.Trace), options.Start);
        using var saved = options.SaveJournal is null ? null
            : new StreamWriter(CommandFiles.Create(options.SaveJournal));
        using var html = options.Html is null ? null : new HtmlFile(options.Html);
        var log = html is null ? null : new RunLog(cluster, options.Start);
        cluster.Stepped = (trace is null ? null : trace.Write)
            + (log is null ? null : (Action<StepRecord>)log.Write);
        options.AddOns.ToList().ForEach(cluster.AddOn);
        Apply(cluster, documents);
        var code = RunToEnd(cluster, journal);
        saved?.Write(cluster.SaveJournal());
        html?.Write(log!, Title);
        ObjectPrinter.Print(terminal.Out, cluster, options.Format);
        return code;
    }

    /// <summary>The cluster as its inputs leave it, for whoever goes on with it.</summary>
    public Cluster Begin()
    {
        var documents = CommandFiles.ReadManifests(options.Files, terminal.In);
        var journal = CommandFiles.ReadJournal(options.Journal, documents);
        var cluster = NewCluster(documents);
        options.AddOns.ToList().ForEach(cluster.AddOn);
        Apply(cluster, documents);
        PlayAll(cluster, journal);
        return cluster;
    }

    // The page is named after what was applied, or played.
    private string Title => string.Join(", ", options.Files.Append(options.Journal)
        .OfType<string>().Select(f => f == "-" ? "manifest" : Path.GetFileName(f.TrimEnd('/'))));

    /// <summary>A cluster whose nodes are those of the manifests or, when there are none, the
    /// default ones.</summary>
    private Cluster NewCluster(List<ManifestDocument> documents)
    {
        var nodes = documents.Where(d => d.Object is Node).ToList();
        var initial = Bootstrap.Objects(nodes.Count > 0 ? 0 : options.Nodes);
        try
        {
            return new(new SimulationOptions
            {
                Seed = options.Seed,
                Start = options.Start,
                Latency = options.Latency,
                Settings = options.Settings,
                Components = Bootstrap.Components(),
                Objects = [.. initial, .. nodes.Select(d => Machine((Node)d.Object!))],
            });
        }
        catch (ArgumentException e)
        {
            throw new BadInputException($"--set: {e.Message}");
        }
        catch (ApiException e)
        {
            var name = e.Status.Details?.Name;
            var at = nodes.FindLast(d => d.Object!.Metadata.Name == name) ?? nodes[0];
            throw new BadInputException(documents.SelectMany(d => d.Errors)
                .Append(at.Refused(e.Status)).Select(error => $"{error}"));
        }
    }

    /// <summary>What a Node manifest leaves unsaid of its machine is as on a default
    /// node.</summary>
    private static Node Machine(Node node)
    {
        var usual = Bootstrap.NewNode(node.Metadata.Name).Status;
        var (said, capacity) = (node.Status, node.Status.Capacity);
        capacity = !capacity.IsUnset ? capacity
            : said.Allocatable.IsUnset ? usual.Capacity : said.Allocatable;
        return node with
        {
            Status = said with
            {
                Capacity = capacity,
                Allocatable = said.Allocatable.IsUnset ? capacity : said.Allocatable,
                Conditions = said.Conditions.Any(c => c.Type == "Ready") ? said.Conditions
                    : [.. said.Conditions, .. usual.Conditions.Where(c =>
                        said.Conditions.All(s => s.Type != c.Type))],
            },
        };
    }

    /// <summary>Applies the documents in order. A single bad one and nothing runs, but all that is
    /// wrong is told at once.</summary>
    private void Apply(Cluster cluster, List<ManifestDocument> documents)
    {
        var problems = new List<ManifestError>();
        AddNamespaces(cluster, documents);
        foreach (var document in documents)
        {
            problems.AddRange(document.Errors);
            if (document.Object is null or Node)
            {
                continue;
            }
            try
            {
                cluster.Apply(document.Object);
            }
            catch (ApiException e)
            {
                problems.Add(document.Refused(e.Status));
            }
        }
        if (problems.Count > 0)
        {
            throw new BadInputException(problems.Select(p => $"{p}"));
        }
    }

    /// <summary>Makes the namespaces that manifests name and none of them brings: published
    /// examples count on somebody having typed <c>kubectl create namespace</c> before.</summary>
    private void AddNamespaces(Cluster cluster, List<ManifestDocument> documents)
    {
        var objects = documents.Select(d => d.Object).OfType<ApiObject>().ToList();
        var brought = objects.OfType<Namespace>().Select(n => n.Metadata.Name).ToHashSet();
        foreach (var name in objects.Where(o => o.Kind.Namespaced)
            .Select(o => o.Metadata.Namespace).Where(n => n.Length > 0).Distinct())
        {
            if (Names.Dns1123Label(name).IsEmpty && !brought.Contains(name)
                && cluster.Find<Namespace>("", name) is null)
            {
                cluster.Apply(new Namespace { Metadata = new() { Name = name } });
                Report($"namespace/{name} is in no manifest: created");
            }
        }
    }

    private int RunToEnd(Cluster cluster, Seq<JournalLine> journal)
    {
        try
        {
            PlayAll(cluster, journal);
            if (options.For is not null)
            {
                cluster.Run(end - cluster.Now);
                return ExitCode.Success;
            }
            return Settle(cluster) ? ExitCode.Success : ExitCode.LimitReached;
        }
        catch (EndlessRunException e)
        {
            Report(e.Message);
            return ExitCode.LimitReached;
        }
        catch (ComponentFailedException e)
        {
            // A mistake of the simulator, or of somebody's component: say all there is to say.
            Report($"{e}");
            return ExitCode.CheckFailed;
        }
    }

    private void PlayAll(Cluster cluster, Seq<JournalLine> journal)
    {
        foreach (var line in journal)
        {
            var where = $"{line.Place.File}:{line.Place.Line}";
            if (!IsReached(cluster, line.At))
            {
                Report($"{where}: not reached, nor what follows: the run ends at "
                    + GoDuration.Format(end - options.Start));
                break;
            }
            if (Play(cluster, line) is { } refusal)
            {
                Report($"{refusal}");
            }
        }
    }

    // Null is "settled", and then the cluster is brought there.
    private bool IsReached(Cluster cluster, TimeSpan? at) => at is null
        ? cluster.Converge(end - cluster.Now).Met
        : options.Start + at <= end;

    private static ManifestError? Play(Cluster cluster, JournalLine line)
    {
        var (file, number) = line.Place;
        try
        {
            return cluster.Play(line) is not { } refused ? null : new(file, number, 1,
                refused.Details is { Causes: [var cause, ..] } ? cause.Field ?? "" : "",
                refused.Message ?? "refused");
        }
        catch (ArgumentException e)
        {
            return new(file, number, 1, "fault.target", e.Message);
        }
    }

    private bool Settle(Cluster cluster)
    {
        var result = cluster.Converge(end - cluster.Now);
        if (!result.Met)
        {
            Report($"limit reached at {GoDuration.Format(options.Limit)}; still at work:");
            foreach (var busy in result.Busy)
            {
                Report($"  {busy}");
            }
        }
        return result.Met;
    }

    private void Report(string line) => terminal.Error.WriteLine(line);
}
