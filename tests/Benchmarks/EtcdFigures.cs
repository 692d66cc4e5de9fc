using System.Diagnostics;
using System.Globalization;
using KubeSim;

namespace Benchmarks;

/// <summary>
/// What etcd costs: a list of all pods, a change told to many watchers, a stored version, a
/// snapshot, and writes through one, three and five members.
/// <c>etcd [--pods 150000] [--watchers 1000]</c>.
/// </summary>
internal static class EtcdFigures
{
    public static int Run(string[] args)
    {
        var pods = Scale.Number(args, "--pods", 150_000);
        var watchers = Scale.Number(args, "--watchers", 1000);
        var objects = StoreBenchmarks.MakeObjects(pods);
        var before = GC.GetTotalMemory(true);
        var store = new EtcdStore(History.All);
        var write = Time(() => PutAll(store, objects));
        var first = GC.GetTotalMemory(true);
        PutAll(store, objects);
        var versions = GC.GetTotalMemory(true) - first;
        Print("store: write of a new key, µs", write.TotalMicroseconds / pods);
        Print("store: bytes of a key's first version", (first - before) / (double)pods);
        Print("store: bytes of each further version", versions / (double)pods);
        var kind = objects[0].Kind;
        Print("store: list of all, ms", Best(() => store.List(kind, null, store.Head).Count()));
        Print("store: list of all as keys and values, ms", Best(() => store.Range("").Count, 1));
        Watching(pods, watchers);
        foreach (var members in (int[])[1, 3, 5])
        {
            Writing(members);
        }
        return 0;
    }

    private static void Watching(int pods, int watchers)
    {
        var cluster = Quiet(new());
        for (var i = 0; i < Math.Min(pods, 1000); i++)
        {
            cluster.Create(ConfigMap(i));
        }
        var request = new ApiRequest(Verb.Watch, new(Kinds.ConfigMap, "", ""))
        {
            Query = new() { ResourceVersion = cluster.Revision.ToString() },
        };
        var open = Enumerable.Range(0, watchers)
            .Select(_ => cluster.Handle(request).Watch!).ToList();
        for (var i = 0; i < 100; i++)
        {
            cluster.Create(ConfigMap(1_000_000 + i));
        }
        var told = 0;
        var time = Time(() => open.ForEach(watch =>
        {
            while (watch.TryNext(out _))
            {
                told++;
            }
        }));
        Print($"api: 100 changes to {watchers} watchers, ms", time.TotalMilliseconds);
        Print("api: a change to a watcher, ns", time.TotalNanoseconds / told);
    }

    private static void Writing(int members)
    {
        const int Writes = 20_000;
        var cluster = Quiet(new() { EtcdMembers = members });
        var time = Time(() =>
        {
            for (var i = 0; i < Writes; i++)
            {
                cluster.Create(ConfigMap(i));
            }
        });
        Print($"api: creations a second, {members} members", Writes / time.TotalSeconds);
        var bytes = Array.Empty<byte>();
        var save = Time(() => bytes = cluster.Etcd.Snapshot());
        Print($"snapshot of {Writes} objects, ms", save.TotalMilliseconds);
    }

    private static Cluster Quiet(SimulationOptions options) => new(options with
    {
        History = History.Window(1000), Objects = Bootstrap.Objects(0),
    });

    private static ConfigMap ConfigMap(int i) => new()
    {
        Metadata = new()
        {
            Name = string.Create(CultureInfo.InvariantCulture, $"c-{i}"), Namespace = "default",
        },
    };

    private static void PutAll(EtcdStore store, Unstructured[] objects)
    {
        foreach (var value in objects)
        {
            var metadata = value.Metadata with { ResourceVersion = store.Head.Next };
            store.Put(value with { Metadata = metadata });
        }
    }

    private static TimeSpan Time(Action act)
    {
        var watch = Stopwatch.StartNew();
        act();
        return watch.Elapsed;
    }

    private static double Best(Func<int> act, int times = 5) => Enumerable.Range(0, times)
        .Min(_ => Time(() => act()).TotalMilliseconds);

    private static void Print(string name, double value) => Console.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"{name,-48} {value:F2}"));
}
