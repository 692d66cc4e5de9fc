using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>
/// A simulated cluster laid out in the kernel of this machine, to see where real connections end
/// up. A network namespace stands for each node, each pod, the router that joins the nodes, and a
/// host outside; cables, bridges, routes, sets and the rules as iptables-save prints them are those
/// of the simulation. Behind each pod's ports a server says its name and whom it saw.
/// <para>A thread moves into a namespace to open a socket there (setns); the socket stays there
/// whoever uses it, so that no helper process is needed.</para>
/// </summary>
internal sealed class KernelNetwork : IDisposable
{
    public const string Outside = "outside";

    /// <summary>Somebody in the outside world.</summary>
    public const string World = "8.8.8.8";

    private const string Router = "router";
    private const string OutsideAddress = "203.0.113.50";
    private const int NetworkNamespace = 0x40000000;

    // A SYN that got no answer is sent again after one second: what comes at all comes by then.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.6);

    // That nobody has an address is known after 0.15 s then, instead of 3 s.
    private const string SoonGivesUp = "ntable change name arp_cache retrans 50 dev";

    private static int count;

    private readonly string prefix = string.Create(CultureInfo.InvariantCulture,
        $"{Scratch}.{Interlocked.Increment(ref count)}-");

    private readonly StringBuilder script = new("set -e\n");
    private readonly List<Socket> sockets = [];
    private readonly List<string> namespaces = [];
    private readonly Cluster cluster;
    private readonly string backend;

    /// <param name="cluster">What to lay out.</param>
    /// <param name="backend">The kind of iptables: legacy or nft.</param>
    /// <param name="tcp">The ports that each pod listens on.</param>
    /// <param name="udp">The same for UDP.</param>
    public KernelNetwork(Cluster cluster, string backend, int[] tcp, int[] udp)
    {
        (this.cluster, this.backend) = (cluster, backend);
        try
        {
            LayOut();
            foreach (var node in Nodes)
            {
                script.Append(Counters(prefix + node.Metadata.Name));
            }
            LoadRules();
            Listen(tcp, udp);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private List<Node> Nodes => [.. cluster.List<Node>()];

    private IEnumerable<Pod> Pods => cluster.List<Pod>()
        .Where(p => p is { IsFinished: false, Spec.HostNetwork: not true, Status.PodIP: not null });

    /// <summary>Ends the test that asks when this machine cannot do it, and says why.</summary>
    public static void Require(string backend)
    {
        Assume.That(OperatingSystem.IsLinux() && Environment.UserName == "root", Is.True,
            "network namespaces need root on Linux");
        foreach (var tool in (string[])["ip", $"iptables-{backend}-restore", "ipset", "nfacct"])
        {
            Assume.That(Environment.GetEnvironmentVariable("PATH")!.Split(':')
                .Any(folder => File.Exists(Path.Combine(folder, tool))), Is.True, $"no {tool}");
        }
        var tried = Run($"ip netns add {Scratch} && ip netns exec {Scratch} "
            + $"iptables-{backend} -t nat -L; code=$?; ip netns del {Scratch}; exit $code");
        Assume.That(tried.Code, Is.Zero, $"namespaces with iptables: {tried.Error}");
    }

    /// <summary>The kernel reads the rules and says what is wrong with them; empty: it would take
    /// them.</summary>
    public static string Check(IEnumerable<Netfilter> kernels, string backend)
    {
        var all = new StringBuilder($"ip netns add {Scratch}\n" + Counters(Scratch));
        foreach (var kernel in kernels)
        {
            all.Append($"ip netns exec {Scratch} iptables-{backend}-restore --test <<'E'\n")
                .Append(Rules(kernel)).Append("E\n");
        }
        return Run(all.Append($"ip netns del {Scratch}\n").ToString()).Error;
    }

    /// <summary>Gives the nodes the rules and sets that they have in the simulation now.</summary>
    public void LoadRules()
    {
        foreach (var name in Nodes.Select(n => n.Metadata.Name))
        {
            var enter = $"ip netns exec {prefix}{name}";
            // A set cannot go while a rule asks for it.
            script.Append($"{enter} iptables-{backend} -F\n{enter} ipset destroy\n")
                .Append($"{enter} ipset restore <<'E'\n")
                .Append(Sets(cluster.Engine.World.Machine(name).Kernel<IpSets>().List()))
                .Append($"E\n{enter} iptables-{backend}-restore <<'E'\n")
                .Append(Rules(cluster.FilterOf(name))).Append("E\n");
        }
        var (code, error) = Run(script.ToString());
        Assert.That(code, Is.Zero, error);
        script.Clear().Append("set -e\n");
    }

    /// <summary>Makes connections at the same time: who answered and whom it saw
    /// (<c>default/web-1 from 10.244.1.1</c>), or <c>refused</c>, <c>timed out</c>,
    /// <c>no route</c>.</summary>
    public string[] Connect(IReadOnlyList<(string From, string Protocol, IPEndPoint To)> tries)
    {
        var answers = new Task<string>[tries.Count];
        foreach (var group in tries.Index().GroupBy(t => t.Item.From))
        {
            var own = group.ToList();
            var opened = Inside(group.Key, () => own.ConvertAll(t => Open(t.Item.Protocol)));
            foreach (var (i, (at, (_, _, to))) in own.Index())
            {
                answers[at] = Ask(opened[i], to);
            }
        }
        return Task.WhenAll(answers).GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        foreach (var socket in sockets)
        {
            socket.Dispose();
        }
        Run(string.Concat(namespaces.Select(n => $"ip netns del {prefix}{n}\n")));
    }

    // Two runs of the tests may be under way at once.
    private static string Scratch => string.Create(CultureInfo.InvariantCulture,
        $"kubesim{Environment.ProcessId}");

    private static string NameOf(Pod pod) => $"{pod.Metadata.Namespace}/{pod.Metadata.Name}";

    private static string AddressOf(Node node) =>
        node.Status.Addresses.First(a => a.Type == "InternalIP").Address;

    private static string Rules(Netfilter kernel) =>
        kernel.Save("mangle") + kernel.Save("nat") + kernel.Save("filter");

    // What ipset list prints, as ipset restore reads it.
    private static string Sets(string list)
    {
        var (text, name, inside) = (new StringBuilder(), "", false);
        foreach (var line in list.Split('\n'))
        {
            var value = line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..];
            name = line.StartsWith("Name: ", StringComparison.Ordinal) ? value : name;
            text.Append(line.StartsWith("Type: ", StringComparison.Ordinal)
                ? $"create {name} {value}\n" : inside && line.Length > 0
                ? $"add {name} {line}\n" : "");
            inside = line == "Members:" || (inside && line.Length > 0);
        }
        return text.ToString();
    }

    private static string Counters(string space) => string.Concat(
        ((string[])["ct_state_invalid_dropped_pkts", "localhost_nps_accepted_pkts"])
            .Select(name => $"ip netns exec {space} nfacct add {name}\n"));

    private void LayOut()
    {
        AddNamespace(Router);
        AddNamespace(Outside);
        Cable(Outside, "eth0", Router, "out");
        var gateway = Gateway(AddressOf(Nodes[0]));
        Batch(Router, "link add br0 type bridge", "link set br0 up", "link set out up",
            $"address add {gateway}/16 dev br0", "address add 169.254.1.1/32 dev out",
            $"route add {OutsideAddress}/32 dev out", $"route add {World}/32 dev out",
            "route add blackhole default");
        Batch(Outside, "link set eth0 up", $"address add {OutsideAddress}/32 dev eth0",
            $"address add {World}/32 dev eth0", "route add 169.254.1.1/32 dev eth0",
            $"route add default via 169.254.1.1 dev eth0 src {OutsideAddress}");
        foreach (var (i, node) in Nodes.Index())
        {
            LayOutNode(node, $"n{i}");
        }
        foreach (var pod in Pods)
        {
            LayOutPod(pod);
        }
        var settings = cluster.Engine.Options.Settings;
        if (settings.Get(KnownFlags.FlannelBackend).Length == 0)
        {
            // As in a cloud: its routers know the pods, and let nobody from outside go there.
            Batch(Router, [.. Nodes.Select(n => $"route add {n.Spec.PodCIDR} via {AddressOf(n)}"),
                $"rule add from {OutsideAddress} to {settings.Get(KnownFlags.ClusterCidr)} "
                + "blackhole"]);
        }
        RouteLoadBalancers();
    }

    private MachineNetwork NetworkOf(string node)
    {
        // The network of a machine is made when a packet comes by.
        cluster.Send(node, "127.0.0.1:1");
        return cluster.Engine.World.Machine(node).Kernel<MachineNetwork>();
    }

    private void LayOutNode(Node node, string port)
    {
        var (name, network) = (node.Metadata.Name, NetworkOf(node.Metadata.Name));
        AddNamespace(name);
        Cable(name, "eth0", Router, port);
        Batch(Router, $"link set {port} master br0", $"link set {port} up");
        foreach (var device in network.Host.Devices)
        {
            Batch(name, device.Kind switch
            {
                "bridge" => [$"link add {device.Name} type bridge"],
                "vxlan" => [$"link add {device.Name} type vxlan id 1 local {device.Local} dev eth0 "
                    + "dstport 8472 nolearning"],
                _ => [],
            });
            Set(name, device);
        }
        if (network.HasBridge)
        {
            Batch(name, $"{SoonGivesUp} {MachineNetwork.Bridge}");
        }
        Batch(name, [.. RoutesOf(network.Host), .. network.Host.Neighbours
            .Where(n => n.Heard is null).Select(n =>
                $"neigh replace {n.Address} dev {n.Device} lladdr {n.Mac} nud permanent")]);
        foreach (var entry in network.Host.Forwarding.Where(e => e.Destination is not null))
        {
            script.Append($"bridge -n {prefix}{name} fdb append {entry.Mac} dev {entry.Device} "
                + $"dst {entry.Destination}\n");
        }
        script.Append($"ip netns exec {prefix}{name} sysctl -q -w "
            + string.Join(' ', network.Sysctls.Select(s => $"{s.Key}={s.Value}")) + "\n");
    }

    // The cable's end on the bridge lets a packet out where it came in (hairpin), as the plugin
    // sets it: a pod that reaches itself by its Service needs that.
    private void LayOutPod(Pod pod)
    {
        var (space, node) = (Space(NameOf(pod)), pod.Spec.NodeName!);
        var cable = new NetworkPod(pod.Key, pod.Status.PodIP!, node).Cable;
        var inside = cluster.Engine.World.Machine(node).Kernel<MachineNetwork>()
            .Pod(cable, pod.Status.PodIP!);
        AddNamespace(space);
        Cable(space, "eth0", node, cable);
        foreach (var device in inside.Devices)
        {
            Set(space, device);
        }
        Batch(space, [.. RoutesOf(inside), $"{SoonGivesUp} eth0"]);
        Batch(node, $"link set {cable} master {MachineNetwork.Bridge}", $"link set {cable} up",
            $"link set {cable} type bridge_slave hairpin on");
    }

    private void Set(string space, NetDevice device)
    {
        if (device.Kind != "loopback")
        {
            Batch(space, $"link set {device.Name} address {device.Mac} mtu {device.Mtu}",
                device.Cidr.Length > 0 ? $"address add {device.Cidr} dev {device.Name}" : "",
                $"link set {device.Name} {(device.IsUp ? "up" : "down")}");
        }
    }

    private static IEnumerable<string> RoutesOf(NetNamespace space) =>
        space.Routes.Where(r => r.Protocol != "kernel").Select(r => $"route replace {r}");

    /// <summary>The router stands for the load balancers too: it hands a connection to one of the
    /// nodes that answer the health check.</summary>
    private void RouteLoadBalancers()
    {
        foreach (var service in cluster.List<Service>())
        {
            var local = service.Spec.ExternalTrafficPolicy == "Local";
            var ready = cluster.List<EndpointSlice>()
                .Where(s => s.Metadata.Labels.Get("kubernetes.io/service-name")
                    == service.Metadata.Name)
                .SelectMany(s => s.Endpoints).Select(e => e.NodeName).ToHashSet();
            var hops = Nodes.Where(n => !local || ready.Contains(n.Metadata.Name))
                .Select(n => $" nexthop via {AddressOf(n)} dev br0");
            Batch(Router, [.. service.Status.LoadBalancer.Ingress
                .Select(i => $"route add {i.Ip}/32{string.Concat(hops)}")]);
        }
    }

    private void Listen(int[] tcp, int[] udp)
    {
        Listen(Outside, World, tcp, udp);
        foreach (var pod in Pods)
        {
            Listen(Space(NameOf(pod)), NameOf(pod), tcp, udp);
        }
        int[] health = [.. cluster.List<Service>().Select(s => s.Spec.HealthCheckNodePort ?? 0)
            .Where(p => p > 0)];
        foreach (var node in Nodes)
        {
            Listen(node.Metadata.Name, node.Metadata.Name, [10250, .. health], []);
        }
        foreach (var pod in cluster.List<Pod>().Where(p => p.Spec.HostNetwork == true))
        {
            Listen(pod.Spec.NodeName!, NameOf(pod), tcp, udp);
        }
    }

    private void Listen(string space, string name, int[] tcp, int[] udp) => Inside(space, () =>
    {
        foreach (var port in tcp)
        {
            var server = Add(Open("tcp"));
            server.Bind(new IPEndPoint(IPAddress.Any, port));
            server.Listen(512);
            _ = Serve(server, name);
        }
        foreach (var port in udp)
        {
            var server = Add(Open("udp"));
            server.Bind(new IPEndPoint(IPAddress.Any, port));
            _ = Echo(server, name);
        }
        return true;
    });

    private static async Task Serve(Socket server, string name)
    {
        while (true)
        {
            using var connection = await server.AcceptAsync();
            await connection.SendAsync(Hello(name, connection.RemoteEndPoint!));
        }
    }

    private static async Task Echo(Socket server, string name)
    {
        var buffer = new byte[16];
        while (true)
        {
            var got = await server.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
            await server.SendToAsync(Hello(name, got.RemoteEndPoint), got.RemoteEndPoint);
        }
    }

    private static byte[] Hello(string name, EndPoint seen) =>
        Encoding.UTF8.GetBytes($"{name} from {((IPEndPoint)seen).Address}");

    private static Socket Open(string protocol) => protocol == "udp"
        ? new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)
        : new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private static async Task<string> Ask(Socket socket, IPEndPoint to)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var own = socket;
        try
        {
            await socket.ConnectAsync(to, patience.Token);
            if (socket.SocketType == SocketType.Dgram)
            {
                await socket.SendAsync("?"u8.ToArray(), patience.Token);
            }
            var buffer = new byte[128];
            var count = await socket.ReceiveAsync(buffer, patience.Token);
            return Encoding.UTF8.GetString(buffer, 0, count);
        }
        catch (OperationCanceledException)
        {
            return "timed out";
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode switch
            {
                SocketError.ConnectionRefused => "refused",
                SocketError.HostUnreachable => "no route",
                var other => other.ToString(),
            };
        }
    }

    private Socket Add(Socket socket)
    {
        lock (sockets)
        {
            sockets.Add(socket);
        }
        return socket;
    }

    /// <summary>Does something in the namespace of a node, a pod or the host outside.</summary>
    private T Inside<T>(string name, Func<T> work)
    {
        var (result, failure) = (default(T), default(Exception));
        var thread = new Thread(() =>
        {
            try
            {
                using var file = File.OpenHandle($"/run/netns/{prefix}{Space(name)}",
                    share: FileShare.ReadWrite);
                if (Enter(file.DangerousGetHandle().ToInt32(), NetworkNamespace) != 0)
                {
                    throw new InvalidOperationException($"setns: {Marshal.GetLastPInvokeError()}");
                }
                result = work();
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result! : throw new InvalidOperationException(name, failure);
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Enter(int file, int kind);

    private static string Space(string name) => name.Replace('/', '.');

    // 10.244.1.0/24 and 10.244.1.7: 10.244.1.1.
    private static string Gateway(string address) => address[..address.LastIndexOf('.')] + ".1";

    private void AddNamespace(string name)
    {
        namespaces.Add(name);
        string[] values =
        [
            "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0",
            "net.ipv4.conf.default.rp_filter=0", "net.ipv4.conf.all.route_localnet=1",
            "net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.default.send_redirects=0",
            "net.ipv4.fib_multipath_hash_policy=1",
            // Every refusal is told, not the first six of a second alone.
            "net.ipv4.icmp_ratemask=0",
        ];
        script.Append($"ip netns add {prefix}{name}\nip -n {prefix}{name} link set lo up\n")
            .Append($"ip netns exec {prefix}{name} sysctl -q -w {string.Join(' ', values)}\n");
    }

    private void Cable(string one, string end, string other, string otherEnd) => script.Append(
        $"ip link add {end} netns {prefix}{one} type veth peer name {otherEnd} "
        + $"netns {prefix}{other}\n");

    private void Batch(string space, params string[] commands) => script.Append(
        $"ip -n {prefix}{space} -batch - <<'E'\n{string.Join('\n', commands)}\nE\n");

    private static (int Code, string Error) Run(string text)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);
            using var process = Process.Start(new ProcessStartInfo("bash",
                ["-c", "exec bash \"$0\" >/dev/null </dev/null", file])
            {
                RedirectStandardError = true,
            })!;
            var error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, error.Trim());
        }
        finally
        {
            File.Delete(file);
        }
    }
}
