using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>What somebody can do to the cloud from outside.</summary>
public enum CloudOp
{
    /// <summary>Rents a machine, which boots and joins.</summary>
    AddInstance,

    /// <summary>Gives a machine back.</summary>
    RemoveInstance,

    /// <summary>Turns a machine off.</summary>
    StopInstance,

    /// <summary>Turns a machine on.</summary>
    StartInstance,

    /// <summary>Lets an operation fail from now on.</summary>
    Fail,

    /// <summary>Lets an operation go well again.</summary>
    Recover,
}

/// <summary>Something done to the cloud.</summary>
/// <param name="Op">What.</param>
/// <param name="Target">The machine, or the operation.</param>
/// <param name="Value">The type of a new machine, or the words of a failure.</param>
/// <param name="Zone">Where a new machine stands; null for the zone with the fewest.</param>
public sealed record CloudInput(
    CloudOp Op, string Target, string? Value = null, string? Zone = null) : Input
{
    /// <inheritdoc/>
    public override string Describe => Op switch
    {
        CloudOp.Fail => $"the cloud fails at {Target}: {Value}",
        CloudOp.Recover => $"the cloud recovers at {Target}",
        _ => $"{Op switch
        {
            CloudOp.AddInstance => "add", CloudOp.RemoveInstance => "remove",
            CloudOp.StopInstance => "stop", _ => "start",
        }} instance {Target}",
    };

    /// <summary>Why it cannot be done; null when it can.</summary>
    internal string? Problem(Simulation simulation)
    {
        var known = simulation.World.Cloud.Instances.Select(i => i.Name).ToSeq();
        return Op is CloudOp.Fail or CloudOp.Recover
            ? SimCloud.Operations.Contains(Target) ? null : $"the cloud has no operation "
                + $"\"{Target}\"; it has {string.Join(", ", SimCloud.Operations)}"
            : !simulation.Options.Settings.HasCloud ? "the nodes of this cluster are no machines "
                + "of a cloud: make it with cloud: true"
            : Op != CloudOp.AddInstance
            ? known.Contains(Target) ? null : $"the cloud has no instance \"{Target}\"; it has "
                + string.Join(", ", known)
            : known.Contains(Target) ? $"there is an instance \"{Target}\" already"
            : Names.Dns1123Subdomain(Target) is { IsEmpty: false } wrong ? wrong[0]
            : SimCloud.CapacityOf(Value ?? CloudBootstrap.UsualType) is null
            ? $"the cloud has no machines of type \"{Value}\"; it has standard-1, standard-2 …"
            : Zone is not null && !simulation.World.Cloud.Zones.Any(z => z.Name == Zone)
            ? $"the cloud has no zone \"{Zone}\"; it has "
                + string.Join(", ", simulation.World.Cloud.Zones.Select(z => z.Name)) : null;
    }

    internal override bool Execute(Simulation simulation)
    {
        if (Problem(simulation) is not null)
        {
            return false;
        }
        var cloud = simulation.World.Cloud;
        switch (Op)
        {
            case CloudOp.AddInstance:
                Boot(simulation, cloud.CreateInstance(
                    Target, Value ?? CloudBootstrap.UsualType, Zone).Takes);
                return true;
            case CloudOp.RemoveInstance:
                cloud.DeleteInstance(Target);
                Fault(simulation, FaultOp.Crash);
                break;
            case CloudOp.StopInstance:
                cloud.SetShutdown(Target, off: true);
                Fault(simulation, FaultOp.Crash);
                break;
            case CloudOp.StartInstance:
                cloud.SetShutdown(Target, off: false);
                Fault(simulation, FaultOp.Restore);
                // It may have been stopped before it registered.
                Wake(simulation, "kubelet", Target, TimeSpan.FromSeconds(30), Pace.Progress);
                break;
            default:
                cloud.Fail(Target, Op == CloudOp.Fail ? Value ?? "internal error" : null);
                return true;
        }
        // Whoever asks the cloud every so often would find out.
        foreach (var what in (string[])["node", "node-lifecycle"])
        {
            Wake(simulation, $"cloud-{what}-controller", "", TimeSpan.Zero, Pace.Background);
        }
        return true;
    }

    private void Wake(Simulation simulation, string component, string node, TimeSpan delay,
        Pace pace) => simulation.Wake(component, node, new(Kinds.Node, "", Target), delay, pace);

    private void Fault(Simulation simulation, FaultOp op) =>
        simulation.Faults.Apply(new(op, Target));

    private void Boot(Simulation simulation, TimeSpan takes)
    {
        var machine = simulation.World.Machine(Target);
        machine.PowerOn();
        machine.Capacity = SimCloud.CapacityOf(Value ?? CloudBootstrap.UsualType);
        if (simulation.Components.Find(c => c.Name == "kubelet") is { } kubelets)
        {
            if (kubelets.Find(Target) is null)
            {
                simulation.Begin(kubelets, Target);
            }
            else
            {
                // A machine of that name was here before.
                Fault(simulation, FaultOp.Restore);
            }
            Wake(simulation, "kubelet", Target, takes, Pace.Progress);
        }
    }
}

/// <summary>The cloud of a cluster: see what it has, rent and lose machines, and let it fail. All
/// that is done to it is part of the journal.</summary>
/// <example><code>
/// var cluster = new Cluster(cloud: true);
/// cluster.Cloud.AddInstance("node-4", zone: "eu-1b");
/// cluster.Cloud.Fail("EnsureLoadBalancer", "quota exceeded");
/// </code></example>
public sealed class ClusterCloud
{
    private readonly Cluster cluster;

    internal ClusterCloud(Cluster cluster) => this.cluster = cluster;

    /// <summary>The rented machines, by name.</summary>
    public Seq<CloudInstance> Instances => Read(c => c.Instances);

    /// <summary>The load balancers, by name; one that is being made has no address yet.</summary>
    public Seq<CloudLoadBalancer> LoadBalancers => Read(c => c.LoadBalancers);

    /// <summary>The routes, by range.</summary>
    public Seq<CloudRoute> Routes => Read(c => c.Routes);

    /// <summary>The disks, by name.</summary>
    public Seq<CloudDisk> Disks => Read(c => c.Disks);

    /// <summary>Rents a machine. It boots within 45 s, its kubelet registers it, and the cloud's
    /// controllers make a full Node of it.</summary>
    /// <param name="name">The name of the machine and its Node.</param>
    /// <param name="instanceType">Its type: <c>standard-4</c> has 4 CPUs and 16 GiB.</param>
    /// <param name="zone">The zone; null for that with the fewest machines.</param>
    /// <exception cref="ArgumentException">It cannot be rented; the message says why.</exception>
    public void AddInstance(string name, string instanceType = CloudBootstrap.UsualType,
        string? zone = null) => Submit(new(CloudOp.AddInstance, name, instanceType, zone));

    /// <summary>Gives a machine back, with all that runs on it.</summary>
    /// <exception cref="ArgumentException">There is no such machine.</exception>
    public void RemoveInstance(string name) => Submit(new(CloudOp.RemoveInstance, name));

    /// <summary>Turns a machine off; it stays rented.</summary>
    /// <exception cref="ArgumentException">There is no such machine.</exception>
    public void StopInstance(string name) => Submit(new(CloudOp.StopInstance, name));

    /// <summary>Turns a machine on; it has another outside address then.</summary>
    /// <exception cref="ArgumentException">There is no such machine.</exception>
    public void StartInstance(string name) => Submit(new(CloudOp.StartInstance, name));

    /// <summary>Lets an operation fail from now on, such as <c>EnsureLoadBalancer</c> or
    /// <c>ControllerPublishVolume</c> (<see cref="SimCloud.Operations"/>).</summary>
    /// <exception cref="ArgumentException">There is no such operation.</exception>
    public void Fail(string operation, string message) =>
        Submit(new(CloudOp.Fail, operation, message));

    /// <summary>Lets an operation go well again.</summary>
    /// <exception cref="ArgumentException">There is no such operation.</exception>
    public void Recover(string operation) => Submit(new(CloudOp.Recover, operation));

    /// <summary>What the cloud has, as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>What the cloud has, a line each.</summary>
    public override string ToString() => Read(cloud =>
    {
        var text = new StringBuilder();
        foreach (var zone in cloud.Instances.GroupBy(i => i.Zone).OrderBy(g => g.Key.Name,
            StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"zone {zone.Key.Name}\n");
            foreach (var instance in zone)
            {
                text.Append(CultureInfo.InvariantCulture,
                    $"  instance {instance.Name} {instance.InstanceType} "
                    + $"{string.Join(' ', instance.Addresses.Select(a => a.Address))}"
                    + $"{(instance.Shutdown ? " (off)" : "")}\n");
            }
        }
        foreach (var disk in cloud.Disks)
        {
            text.Append(CultureInfo.InvariantCulture, $"disk {disk.Name} {disk.Size} in "
                + $"{disk.Zone}{(disk.Node is { } node ? $", in {node}" : "")}\n");
        }
        foreach (var route in cloud.Routes)
        {
            text.Append(CultureInfo.InvariantCulture, $"route {route.Cidr} to {route.Node}\n");
        }
        foreach (var balancer in cloud.LoadBalancers)
        {
            text.Append(CultureInfo.InvariantCulture, $"load balancer {balancer.Name} "
                + $"{balancer.Ip ?? "(being made)"} to {string.Join(", ", balancer.Nodes)}\n");
        }
        foreach (var (operation, message) in cloud.Failing)
        {
            text.Append(CultureInfo.InvariantCulture, $"{operation} fails: {message}\n");
        }
        return text.ToString();
    });

    private T Read<T>(Func<SimCloud, T> look) =>
        cluster.Still(c => look(c.Engine.World.Cloud));

    private void Submit(CloudInput input) => cluster.SubmitCloud(input);
}

/// <summary>The cloud of a cluster.</summary>
public sealed partial class Cluster
{
    /// <summary>The cloud that load balancers come from and, in a cluster made with
    /// <c>cloud: true</c>, nodes and disks.</summary>
    public ClusterCloud Cloud => new(this);

    internal void SubmitCloud(CloudInput input)
    {
        using var own = Own();
        if (input.Problem(simulation) is { } problem)
        {
            throw new ArgumentException(problem);
        }
        simulation.Submit(input);
    }
}
