using BenchmarkDotNet.Attributes;
using KubeSim;

namespace Benchmarks;

/// <summary>Writes to the store: 100,000 objects with two labels and an owner, created and then
/// updated, with a window of 1,000 revisions, trimmed every 256 writes.</summary>
[MemoryDiagnoser]
[ShortRunJob]
public class StoreBenchmarks
{
    public const int Objects = 100_000;

    private static readonly Kind Kind = new()
    {
        Group = "", Version = "v1", Name = "Pod", Plural = "pods", Singular = "pod",
        Namespaced = true,
    };

    private Unstructured[] objects = [];
    private EtcdStore filled = new(History.All);

    [GlobalSetup]
    public void Setup()
    {
        objects = MakeObjects(Objects);
        filled = Fill(objects);
    }

    /// <summary>100,000 creations and as many updates.</summary>
    [Benchmark(OperationsPerInvoke = 2 * Objects)]
    public Revision Write()
    {
        var store = Fill(objects);
        for (var i = 0; i < objects.Length; i++)
        {
            // A stride that visits every object, far from its neighbours.
            Update(store, store.Get(objects[(int)(i * 7919L % objects.Length)].Key)!);
        }
        return store.Head;
    }

    /// <summary>A read of a key at the head.</summary>
    [Benchmark(OperationsPerInvoke = Objects)]
    public int Read()
    {
        var found = 0;
        foreach (var value in objects)
        {
            found += filled.Get(value.Key) is null ? 0 : 1;
        }
        return found;
    }

    /// <summary>The objects of an owner; per object.</summary>
    [Benchmark(OperationsPerInvoke = Objects)]
    public long Owned()
    {
        long sum = 0;
        for (var owner = 0; owner < Objects / 30; owner++)
        {
            foreach (var found in filled.Owned(Kind, $"owner-{owner}", filled.Head))
            {
                sum += found.Metadata.ResourceVersion.Value;
            }
        }
        return sum;
    }

    /// <summary>750,000 events about 150,000 objects; per event.</summary>
    [Benchmark(OperationsPerInvoke = 750_000)]
    public Revision Events() => RecordEvents(objects, 750_000).Head;

    public static EtcdStore RecordEvents(ApiObject[] objects, int count)
    {
        var store = new EtcdStore(History.Window(1000));
        string[] reasons = ["Scheduled", "Pulling", "Pulled", "Created", "Started"];
        var now = DateTime.UnixEpoch.AddYears(55);
        for (var i = 0; i < count; i++)
        {
            var about = objects[i / 5 % objects.Length];
            store.Record(new()
            {
                Involved = about.Key,
                Uid = about.Metadata.Uid,
                Reason = reasons[i % 5],
                Template = "Something happened to {0} on {1}",
                Arguments = [about.Metadata.Name, "node-1"],
                Component = "kubelet",
                Host = "node-1",
                At = now.AddTicks(i),
            });
            if (i % 256 == 0)
            {
                store.Trim(store.Head);
            }
        }
        return store;
    }

    public static Unstructured[] MakeObjects(int count)
    {
        var objects = new Unstructured[count];
        for (var i = 0; i < count; i++)
        {
            var app = i / 30;
            objects[i] = new(Kind)
            {
                Metadata = new()
                {
                    Name = $"web-{app}-{i}",
                    Namespace = "default",
                    Uid = $"00000000-0000-4000-8000-{i:x12}",
                    Labels = Map.Of(("app", $"web-{app}"), ("tier", "front")),
                    OwnerReferences = [new() { Kind = "ReplicaSet", Uid = $"owner-{app}" }],
                },
            };
        }
        return objects;
    }

    public static EtcdStore Fill(Unstructured[] objects)
    {
        var store = new EtcdStore(History.Window(1000));
        foreach (var value in objects)
        {
            Update(store, value);
        }
        return store;
    }

    private static void Update(EtcdStore store, ApiObject value)
    {
        var metadata = value.Metadata with { ResourceVersion = store.Head.Next };
        var at = store.Put(value with { Metadata = metadata });
        if (at.Value % 256 == 0)
        {
            store.Trim(at);
        }
    }
}
