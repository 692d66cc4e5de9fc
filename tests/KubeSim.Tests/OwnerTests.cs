using System.Reflection;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>A cluster that is served has one owner at a time.</summary>
public sealed class OwnerTests
{
    // What reflection gives the operations: enough that each gets as far as the simulation.
    private static readonly Dictionary<Type, object> arguments = new()
    {
        [typeof(string)] = "node-1",
        [typeof(long)] = 1L,
        [typeof(int)] = 1,
        [typeof(ulong)] = 1UL,
        [typeof(TimeSpan)] = TimeSpan.FromSeconds(1),
        [typeof(Revision)] = new Revision(1),
        [typeof(Kind)] = Kinds.Pod,
        [typeof(ObjectKey)] = new ObjectKey(Kinds.Node, "", "node-1"),
        [typeof(ApiObject)] = new Namespace { Metadata = new() { Name = "shop" } },
        [typeof(ApiRequest)] = new ApiRequest(Verb.List, new(Kinds.Pod, "", "")),
        [typeof(HttpCall)] = new HttpCall("GET", "/api/v1/nodes"),
        [typeof(UserInfo)] = UserInfo.Admin,
        [typeof(Func<Cluster, bool>)] = (Func<Cluster, bool>)(_ => true),
        [typeof(Func<bool>)] = (Func<bool>)(() => true),
        [typeof(Action<Cluster>)] = (Action<Cluster>)(_ => { }),
        [typeof(Pod)] = new Pod { Metadata = new() { Name = "a", Namespace = "default" } },
        [typeof(ComponentSpec)] = Bootstrap.Components()[0],
        [typeof(KubectlTerminal)] = new KubectlTerminal(),
        [typeof(JournalLine)] = new JournalLine { Place = ("", 1), At = TimeSpan.Zero },
    };

    [Test]
    public void Every_public_operation_takes_the_gate()
    {
        var (cluster, called) = (new Cluster(), new List<string>());
        cluster.Share(new Host());
        object[] doors = [cluster, cluster.Etcd, cluster.Api, cluster.Faults, cluster.As("jane"),
            cluster.At(1), cluster.Scheduler];
        foreach (var door in doors)
        {
            foreach (var method in door.GetType().GetMethods(BindingFlags.Public
                | BindingFlags.Instance | BindingFlags.DeclaredOnly).Where(IsOperation))
            {
                called.Add($"{door.GetType().Name}.{method.Name}");
                AssertOwned(door, method);
            }
        }
        Assert.That(called, Has.Count.GreaterThan(80));
        Assert.That(() => cluster.Engine, Throws.InvalidOperationException
            .With.Message.Contains("touched by its owner alone"), "without the gate");
        Assert.That(cluster.Still(c => c.Engine.Now), Is.EqualTo(cluster.Now));
    }

    [Test]
    public void Threads_that_share_a_cluster_make_one_run()
    {
        var (cluster, host) = (new Cluster(), new Host());
        cluster.Share(host);
        var done = false;
        var pump = new Thread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                cluster.Advance(cluster.Now + TimeSpan.FromMilliseconds(100), () => true);
            }
        });
        pump.Start();
        cluster.Apply(Given.Web);
        for (var i = 0; i < 20; i++)
        {
            cluster.Patch<Deployment>("default", "web",
                $$$"""{"spec":{"replicas":{{{i % 5}}}}}""");
            cluster.Inbox.Post(() => cluster.Create(new ConfigMap
            {
                Metadata = new() { GenerateName = "asked-", Namespace = "default" },
            }));
            cluster.Step();
            Assert.That(cluster.Kubectl("get pods -o wide").ExitCode, Is.Zero);
            Assert.That(cluster.Everything(), Is.Not.Empty);
        }
        cluster.Advance(cluster.Now, () => true);
        Volatile.Write(ref done, true);
        pump.Join();
        cluster.Unshare();
        var again = cluster.Fork();
        Assert.Multiple(() =>
        {
            Assert.That(again.Digest, Is.EqualTo(cluster.Digest));
            Assert.That(cluster.List<ConfigMap>("default").Count(
                c => c.Metadata.Name.StartsWith("asked-", StringComparison.Ordinal)),
                Is.EqualTo(20));
            Assert.That(host.Told, Is.Positive);
        });
    }

    [Test]
    public void A_rewind_of_a_served_cluster_is_told()
    {
        var (cluster, host) = (new Cluster(), new Host());
        cluster.Share(host);
        cluster.Apply(Given.Web);
        cluster.Steps(5);
        cluster.Rewind(2);
        Assert.That((host.Rewinds, cluster.StepCount), Is.EqualTo((1, 3L)));
        Assert.That(() => cluster.Share(new Host()), Throws.InvalidOperationException);
    }

    private static bool IsOperation(MethodInfo method) => !method.IsSpecialName
        ? method.Name is not ("Share" or "Unshare" or "ToString" or "Equals" or "GetHashCode")
        : method.Name.StartsWith("get_", StringComparison.Ordinal);

    private static void AssertOwned(object door, MethodInfo method)
    {
        var open = method.IsGenericMethodDefinition
            ? method.MakeGenericMethod([.. method.GetGenericArguments().Select(_ => typeof(Pod))])
            : method;
        try
        {
            var answer = open.Invoke(door, [.. open.GetParameters().Select(Argument)]);
            if (answer is System.Collections.IEnumerable all and not string)
            {
                foreach (var item in all)
                {
                    _ = item;
                }
            }
        }
        catch (TargetInvocationException e)
        {
            Assert.That(e.InnerException!.Message,
                Does.Not.Contain("touched by its owner alone"), $"{method}");
        }
    }

    private static object? Argument(ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        type = Nullable.GetUnderlyingType(type) ?? type;
        return arguments.TryGetValue(type, out var known) ? known
            : type == typeof(Func<Cluster, Pod>) ? (Func<Cluster, Pod>)(_ => new())
            : type.IsValueType ? Activator.CreateInstance(type) : null;
    }

    private sealed class Host : IClusterHost
    {
        public int Told { get; private set; }

        public int Rewinds { get; private set; }

        public void Between() => Told++;

        public void Rewound() => Rewinds++;

        public void Released()
        {
        }
    }
}
