using System.Collections.Concurrent;
using System.Globalization;

namespace KubeSim.Tests;

/// <summary>What goes wrong in a run.</summary>
internal enum Trouble
{
    /// <summary>Caches stand still, each kind for itself, and catch up; watches are slow.</summary>
    Lag,

    /// <summary>Caches are shown everything twice, or the difference after what they missed was
    /// compacted away.</summary>
    Twice,

    /// <summary>Processes die, between two writes too, and answers to writes are lost.</summary>
    Death,

    /// <summary>All of it.</summary>
    All,
}

/// <summary>One run of a workload. Its seed decides everything: how long work takes, what goes
/// wrong with which controller, when, and for how long.</summary>
internal sealed class StaleRun(Workload workload, ulong seed)
{
    private static readonly ConcurrentDictionary<string, ApiObject[]> manifests =
        new(StringComparer.Ordinal);

    private static readonly FaultOp[][] ops =
    [
        [FaultOp.Hold],
        [FaultOp.Resync, FaultOp.Hold],
        [FaultOp.Crash, FaultOp.CrashAfterWrite, FaultOp.LoseReply],
        [FaultOp.Hold, FaultOp.Resync, FaultOp.Crash, FaultOp.CrashAfterWrite, FaultOp.LoseReply],
    ];

    private readonly Prng chance = new Prng(seed).Fork("trouble");
    private readonly Trouble trouble = (Trouble)(seed % 4);
    private readonly EventQueue<Action> later = new();
    private readonly List<string> told = [];
    private Cluster cluster = null!;

    public static DateTime Start { get; } = new SimulationOptions().Start;

    /// <summary>What went wrong that should not; null when all holds.</summary>
    public string? Go()
    {
        try
        {
            Begin();
            Disturb();
            while (later.TryPeek(out var due, out _))
            {
                cluster.Run(due - cluster.Now);
                later.Take()();
            }
            var came = cluster.RunUntil(workload.AtRest, TimeSpan.FromMinutes(20));
            cluster.Converge();
            return !came.Met ? Told($"it does not come to rest: {came}")
                : workload.AtRest(cluster) ? null : Told("it came to rest, and left again");
        }
        catch (InvariantBrokenException e)
        {
            return Told(e.Message);
        }
        catch (ComponentFailedException e)
        {
            return Told($"{e.Message}\n{e.InnerException}");
        }
    }

    public static void Create(Cluster cluster, string manifest)
    {
        foreach (var o in manifests.GetOrAdd(manifest, text => [.. Manifest
            .Read(text, "m", KindRegistry.BuiltIn).Select(d => d.Object
                ?? throw new ArgumentException($"{d.Errors[0]}"))]))
        {
            cluster.Create(o);
        }
    }

    private void Begin()
    {
        string[] running = ["serviceaccount-controller", "default-scheduler", "kubelet",
            .. workload.Controllers.Split(' '), .. workload.Others.Split(' ')];
        cluster = new(3, seed, components: Bootstrap.Components()
            .Where(c => running.Contains(c.Name)).ToSeq());
        Create(cluster, workload.Manifest);
        cluster.Converge();
        if (trouble is Trouble.Lag or Trouble.All)
        {
            cluster.Reseed(seed, TimeSpan.FromMilliseconds(5 + chance.Next(300)));
        }
        if (workload.Always is { } always)
        {
            cluster.Always($"{workload}", always);
        }
    }

    private void Disturb()
    {
        var start = cluster.Now;
        foreach (var (after, act) in workload.Inputs)
        {
            later.Add(start + TimeSpan.FromSeconds(after), () => act(cluster));
        }
        var end = workload.Inputs[^1].After + 4;
        var controllers = workload.Controllers.Split(' ');
        for (var n = 1 + chance.Next(8); n > 0; n--)
        {
            var at = start + (TimeSpan.FromSeconds(end) * chance.Next(1000) / 1000);
            Plan(at, ops[(int)trouble][chance.Next(ops[(int)trouble].Length)],
                controllers[chance.Next(controllers.Length)]);
        }
        later.Add(start + TimeSpan.FromSeconds(end + 10), () =>
        {
            foreach (var controller in controllers)
            {
                cluster.Faults.Restore(controller);
            }
        });
    }

    private void Plan(DateTime at, FaultOp op, string controller)
    {
        var kinds = cluster.Engine.Components.Find(c => c.Name == controller)!.Watches;
        var target = op is FaultOp.Hold or FaultOp.Resync
            ? $"{controller}:{kinds[chance.Next(kinds.Count)].Kind.Name}" : controller;
        var count = op is FaultOp.CrashAfterWrite or FaultOp.LoseReply ? 1 + chance.Next(3) : 0;
        var until = at + TimeSpan.FromMilliseconds(50 << chance.Next(8));
        Add(at, () => cluster.Faults.Submit(op, target, count), $"{op} {target} {count}");
        if (op is FaultOp.Hold or FaultOp.Crash or FaultOp.CrashAfterWrite)
        {
            if (op == FaultOp.Hold && trouble == Trouble.Twice && chance.Next(2) == 0)
            {
                Add(until, () => cluster.Compact(cluster.Revision), "compact");
            }
            Add(until, () => cluster.Faults.Restore(target), $"restore {target}");
        }
    }

    private void Add(DateTime at, Action act, string name) => later.Add(at, () =>
    {
        told.Add(string.Create(CultureInfo.InvariantCulture, $"{cluster.Now:mm:ss.fff} {name}"));
        act();
    });

    private string Told(string what) => $"{workload}, seed {seed}: {what}\n  "
        + string.Join("\n  ", told);
}
