using System.Globalization;

namespace KubeSim;

/// <summary>A command typed on a machine that changes its network, as a journal keeps it.</summary>
public sealed record ShellInput(string Node, string Command) : Input
{
    /// <inheritdoc/>
    public override string Describe => $"{Node}# {Command}";

    internal override bool Execute(Simulation simulation)
    {
        var said = NodeTools.Find(Command).Run(
            new(simulation, NetworkGround.Of(simulation, null), Node, Command));
        simulation.Outcome = said;
        return said.Length == 0 || Command.StartsWith("sysctl", StringComparison.Ordinal)
            || RuntimeTools.All.Any(t => Command.StartsWith(t.Command, StringComparison.Ordinal));
    }
}

/// <summary>The machines of a cluster, as somebody logged in to one sees them.</summary>
public sealed partial class Cluster
{
    /// <summary>Runs a command on a machine, or in the network namespace of a pod, and returns what
    /// it prints: <c>ip route</c>, <c>bridge fdb show</c>, <c>iptables-save</c>,
    /// <c>conntrack -L</c>, <c>cat FILE</c>…; and those that break things: <c>ip link set NAME
    /// down</c>, <c>ip route del</c>, <c>iptables -I</c>, <c>sysctl -w</c>, which are inputs of the
    /// run.</summary>
    /// <param name="at">A node, or a pod as <c>client</c> or <c>shop/client</c>.</param>
    /// <param name="command">The command.</param>
    /// <example><code>cluster.Shell("node-1", "ip route")</code></example>
    /// <exception cref="ArgumentException">There is no such node, pod or command; the message lists
    /// the commands.</exception>
    public string Shell(string at, string command)
    {
        ArgumentException.ThrowIfNullOrEmpty(at);
        ArgumentException.ThrowIfNullOrEmpty(command);
        using var own = Own();
        var tool = NodeTools.Find(command);
        if (Find<Node>("", at) is null)
        {
            at = SenderOf(at).Pod is { OnHost: false } pod ? pod.Name
                : throw new ArgumentException($"pod {at} has the network of its node");
        }
        if (tool.Changes)
        {
            simulation.Submit(new ShellInput(at, command));
            return (string)simulation.Outcome!;
        }
        if (Find<Node>("", at) is not null)
        {
            FilterOf(at);
        }
        return tool.Run(new(simulation, Ground, at, command));
    }
}

/// <summary>A command that a machine knows.</summary>
/// <param name="Command">Its first words.</param>
/// <param name="Run">What it does and prints.</param>
/// <param name="Changes">True: it changes the machine.</param>
internal sealed record NodeTool(string Command, Func<NodeShell, string> Run, bool Changes = false);

/// <summary>
/// The commands of a machine, one table; what begins alike is found by the longest.
/// <para>To add one is to add a row.</para>
/// Models iproute2, iptables, conntrack-tools, ipset, ipvsadm, procps.
/// </summary>
internal static class NodeTools
{
    private static readonly NodeTool[] All =
    [
        new("ip addr", s => s.Text.Addresses()), new("ip a", s => s.Text.Addresses()),
        new("ip link", s => s.Text.Links()), new("ip route", s => s.Text.Routes()),
        new("ip r", s => s.Text.Routes()), new("ip route get", RouteGet),
        new("ip neigh", s => s.Text.Neighbours()), new("ip n", s => s.Text.Neighbours()),
        new("bridge fdb", s => s.Text.Forwarding()), new("bridge link", s => s.Text.Ports()),
        new("iptables-save", Save),
        new("iptables", s => s.Iptables(), Changes: true),
        new("conntrack -L", s => s.Machine.Kernel<Netfilter>().ListConnections(s.Now)),
        new("ipvsadm -Ln", s => s.Machine.Kernel<Ipvs>().List(s.Now)),
        new("ipset list", s => s.Machine.Kernel<IpSets>().List()),
        new("sysctl", s => Sysctl(s, s.Words[^1])), new("sysctl -w", Write, Changes: true),
        new("cat", Cat), new("ls", List), new("tail", Tail), .. RuntimeTools.All,
        new("rm", Remove, Changes: true),
        new("ip link set", LinkSet, Changes: true),
        new("ip route add", s => RouteAdd(s, replace: false), Changes: true),
        new("ip route replace", s => RouteAdd(s, replace: true), Changes: true),
        new("ip route del", RouteDelete, Changes: true),
        new("ip neigh del", NeighbourDelete, Changes: true),
        new("bridge fdb del", ForwardingDelete, Changes: true),
    ];

    /// <summary>The command that a line means.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists all.</exception>
    public static NodeTool Find(string line)
    {
        var written = line.StartsWith("ip address", StringComparison.Ordinal)
            ? "ip addr" + line["ip address".Length..] : line;
        return All.Where(t => $"{written} ".StartsWith($"{t.Command} ", StringComparison.Ordinal))
            .MaxBy(t => t.Command.Length) ?? throw new ArgumentException(
                $"{line}: command not found; there are "
                + string.Join(", ", All.Select(t => t.Command)));
    }

    private static string RouteGet(NodeShell shell) =>
        shell.Namespace.RouteOf(shell.Words[^1]) is { } route
            ? $"{shell.Words[^1]}{(route.Via is null ? "" : $" via {route.Via}")} dev "
                + $"{route.Device} src {route.Source
                    ?? shell.Namespace.Device(route.Device)?.Address}"
            : "RTNETLINK answers: Network is unreachable";

    private static string Save(NodeShell shell)
    {
        var filter = shell.Machine.Kernel<Netfilter>();
        return shell.After("-t") is { } table ? filter.Save(table)
            : filter.Save("mangle") + filter.Save("filter") + filter.Save("nat");
    }

    private static string Sysctl(NodeShell shell, string name) =>
        shell.Network.Sysctls.TryGetValue(name, out var value) ? $"{name} = {value}"
            : $"sysctl: cannot stat /proc/sys/{name.Replace('.', '/')}: No such file or directory";

    private static string Write(NodeShell shell)
    {
        var (name, value) = (shell.Words[^1].Split('=')[0], shell.Words[^1].Split('=')[^1]);
        if (shell.Network.Sysctls.ContainsKey(name))
        {
            shell.Network.Sysctls[name] = value;
        }
        return Sysctl(shell, name);
    }

    private static string Cat(NodeShell shell) =>
        shell.Files().FirstOrDefault(f => f.Path == shell.Words[^1]).Content
        ?? $"cat: {shell.Words[^1]}: No such file or directory";

    // tail [-n N] FILE
    private static string Tail(NodeShell shell)
    {
        var lines = Cat(shell).TrimEnd('\n').Split('\n');
        return string.Join('\n', lines.TakeLast(int.TryParse(shell.After("-n"), NumberStyles.None,
            CultureInfo.InvariantCulture, out var count) ? count : 10));
    }

    private static string List(NodeShell shell)
    {
        var folder = shell.Words[^1].TrimEnd('/') + "/";
        var names = shell.Files().Where(f => f.Path.StartsWith(folder, StringComparison.Ordinal))
            .Select(f => f.Path[folder.Length..].Split('/')[0]).Distinct()
            .Order(StringComparer.Ordinal).ToArray();
        return names.Length > 0 ? string.Join('\n', names)
            : $"ls: cannot access '{shell.Words[^1]}': No such file or directory";
    }

    private static string Remove(NodeShell shell) => shell.Remove(shell.Words[^1]) ? ""
        : $"rm: cannot remove '{shell.Words[^1]}': No such file or directory";

    // ip link set [dev] NAME up|down|mtu N
    private static string LinkSet(NodeShell shell)
    {
        var words = shell.Words.Where(w => w != "dev").Skip(3).ToArray();
        var pod = shell.Pods.FirstOrDefault(p => p.Cable.Name == words[0]);
        if (pod.Cable is not null && words is [_, "up" or "down"])
        {
            shell.Network.Switch(words[0], words[1] == "up");
            return "";
        }
        switch (shell.Namespace.Device(words[0]), words)
        {
            case (null, _):
                return $"Cannot find device \"{words[0]}\"";
            case ({ } device, [_, "up" or "down"]):
                shell.Namespace.Switch(device, words[1] == "up");
                return "";
            case ({ } device, [_, "mtu", var size]) when int.TryParse(size, NumberStyles.None,
                CultureInfo.InvariantCulture, out var mtu):
                shell.Namespace.Set(device with { Mtu = mtu });
                return "";
            default:
                return $"Error: either \"dev\" is duplicate, or \"{words[^1]}\" is a garbage.";
        }
    }

    // ip route add RANGE [via ADDRESS] [dev NAME] [onlink]
    private static string RouteAdd(NodeShell shell, bool replace)
    {
        if (RangeOf(shell) is not { } range)
        {
            return $"Error: any valid prefix is expected rather than \"{shell.Words[3]}\".";
        }
        var via = shell.After("via");
        var device = shell.After("dev")
            ?? (via is null ? null : shell.Namespace.RouteOf(via)?.Device);
        if (device is null || shell.Namespace.Device(device) is null)
        {
            return device is null ? "RTNETLINK answers: No such device"
                : $"Cannot find device \"{device}\"";
        }
        if (!replace && shell.Namespace.RouteTo(range) is not null)
        {
            return "RTNETLINK answers: File exists";
        }
        shell.Namespace.Add(new(range, device)
        {
            Via = via, IsOnLink = shell.Words.Contains("onlink"),
        });
        return "";
    }

    private static string RouteDelete(NodeShell shell) =>
        RangeOf(shell) is not { } range
            ? $"Error: any valid prefix is expected rather than \"{shell.Words[3]}\"."
            : shell.Namespace.Delete(range) ? "" : "RTNETLINK answers: No such process";

    private static Ipv4Range? RangeOf(NodeShell shell) => shell.Words[3] == "default"
        ? default(Ipv4Range) : Ipv4Range.TryParse(shell.Words[3], out var range) ? range : null;

    private static string NeighbourDelete(NodeShell shell) =>
        shell.Namespace.Forget(shell.After("dev") ?? "", shell.Words[3]) ? ""
            : "RTNETLINK answers: No such file or directory";

    // bridge fdb del MAC dev NAME
    private static string ForwardingDelete(NodeShell shell)
    {
        var device = shell.After("dev") ?? "";
        var owner = shell.Namespace.Device(device)?.Kind == "vxlan" ? device
            : MachineNetwork.Bridge;
        return shell.Namespace.Unforward(owner, shell.Words[3]) ? ""
            : "RTNETLINK answers: No such file or directory";
    }
}

/// <summary>A command line on a machine or in a pod.</summary>
internal sealed class NodeShell
{
    private readonly Simulation simulation;

    public NodeShell(Simulation simulation, NetworkGround ground, string at, string command)
    {
        this.simulation = simulation;
        Line = command;
        Words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var slash = at.IndexOf('/', StringComparison.Ordinal);
        var pod = slash < 0 ? null : (Pod?)simulation.Store.Get(
            new(Kinds.Pod, at[..slash], at[(slash + 1)..]));
        var node = pod?.Spec.NodeName ?? at;
        Machine = simulation.World.Machine(node);
        Network = ground.NetworkOf(simulation, node);
        Namespace = pod is null ? Network.Host : Network.Pod(
            MachineNetwork.CableOf(pod.Metadata.Namespace, pod.Metadata.Name), pod.Status.PodIP!);
        Pods = pod is null ? PodsOf(node) : [];
        Text = new(Namespace, Pods.Select(p => p.Cable), Now);
    }

    public string Line { get; }

    public string[] Words { get; }

    public SimMachine Machine { get; }

    public SimRuntime Runtime => Machine.Runtime;

    public MachineNetwork Network { get; }

    /// <summary>Changes the packet filter, with what the daemons have written by now; kube-router
    /// will find it when its next round comes.</summary>
    public string Iptables()
    {
        simulation.Look("kube-proxy", Machine.Name);
        simulation.Look("kube-router", Machine.Name);
        var said = Machine.Kernel<Netfilter>().Iptables(Line, Now);
        if (said.Length == 0)
        {
            simulation.Wake("kube-router", Machine.Name, new(Kinds.Node, "", Machine.Name),
                KubeRouter.RoundAt(Now) + KubeRouter.SyncPeriod - Now, Pace.Background);
        }
        return said;
    }

    /// <summary>The namespace that the command runs in.</summary>
    public NetNamespace Namespace { get; }

    /// <summary>The pods of the machine with its ends of their cables.</summary>
    public List<(NetDevice Cable, string Id)> Pods { get; }

    public NetText Text { get; }

    public DateTime Now => simulation.Now;

    /// <summary>The status of a pod; null when the API server has it no more.</summary>
    public PodStatus? Find(PodSandboxMetadata pod) =>
        (simulation.Store.Get(new(Kinds.Pod, pod.Namespace, pod.Name)) as Pod)?.Status;

    /// <summary>The word after another; null when that is missing.</summary>
    public string? After(string word)
    {
        var at = Array.IndexOf(Words, word);
        return at < 0 || at == Words.Length - 1 ? null : Words[at + 1];
    }

    /// <summary>Removes a file of the machine; false when it is not there.</summary>
    public bool Remove(string path) => Namespace == Network.Host
        && new NodeFileInput(Machine.Name, path, null).Execute(simulation);

    /// <summary>The files of the machine: those of /etc, those about its network and its control
    /// groups, and the logs of its containers.</summary>
    public IEnumerable<(string Path, string Content)> Files()
    {
        // What is in logs is put together when somebody looks there.
        foreach (var log in Words[^1].StartsWith("/var/log", StringComparison.Ordinal)
            ? LogFiles.On(Machine) : [])
        {
            yield return (log.Path, log.Text(Runtime.Kind == RuntimeKind.Docker));
        }
        foreach (var path in Machine.Files.List("/etc").Where(p => !p.EndsWith('/')))
        {
            yield return (path, Machine.Files.Find(path)!.Content);
        }
        var plugin = Machine.World.Network;
        foreach (var file in plugin.Files(Machine))
        {
            yield return file;
        }
        if (Network.SubnetEnv is { } env)
        {
            yield return ("/run/flannel/subnet.env", env);
        }
        foreach (var (about, _) in Machine.Runtime.Connected)
        {
            if (plugin.Check(Machine, about).Value is { } result)
            {
                yield return ($"/var/lib/cni/results/cbr0-{about.ContainerId}-eth0", $"{result}");
            }
        }
        foreach (var (name, value) in Network.Sysctls)
        {
            yield return ($"/proc/sys/{name.Replace('.', '/')}", value);
        }
        foreach (var file in CgroupFiles.Of(Machine))
        {
            yield return file;
        }
    }

    // Those that the runtime knows; in a cluster without kubelets those of the API.
    private List<(NetDevice Cable, string Id)> PodsOf(string node)
    {
        var known = Machine.Runtime.Connected.Select(p => (
            MachineNetwork.CableOf(p.About.PodNamespace, p.About.PodName), p.Ip,
            p.About.ContainerId)).ToList();
        if (known.Count == 0)
        {
            known.AddRange(simulation.Store.OnNode(Kinds.Pod, node, simulation.Store.Head)
                .Cast<Pod>().Where(p => p is { Spec.HostNetwork: not true, Status.PodIP: not null }
                    && !p.IsFinished)
                .OrderBy(p => p.Key).Select(p => (
                    MachineNetwork.CableOf(p.Metadata.Namespace, p.Metadata.Name),
                    p.Status.PodIP!, "")));
        }
        return known.ConvertAll(p => (Network.Cable(p.Item1, p.Item2), p.Item3));
    }
}
