namespace KubeSim;

/// <summary>A network plugin, called as CNI calls one: ADD when a sandbox comes, DEL when it goes,
/// CHECK in between. It gives the sandbox its interface, its address and its way out.</summary>
/// <remarks>
/// This is all that Kubernetes asks of a network: that each pod has an address of its own, and that
/// all pods reach each other by it without translation. How (bridges, tunnels, routes) is the
/// plugin's.
/// <para>Worked: node-2 has the pod range 10.244.2.0/24. ADD for its first pod answers with
/// <c>eth0</c> in the sandbox, the address 10.244.2.2/24, and a default route by 10.244.2.1, which
/// is the bridge <c>cni0</c> on the machine.</para>
/// Models the CNI specification 1.1, github.com/containernetworking/cni/blob/main/SPEC.md.
/// </remarks>
public interface INetworkPlugin
{
    /// <summary>Connects a sandbox. Its failure is what events call
    /// FailedCreatePodSandBox.</summary>
    Answer<CniResult> Add(IMachine machine, CniArguments arguments);

    /// <summary>Disconnects a sandbox and gives its address back. It may come twice, or for a
    /// sandbox that never was: neither is an error.</summary>
    Answer<bool> Del(IMachine machine, CniArguments arguments);

    /// <summary>Looks whether a sandbox is still connected as ADD left it.</summary>
    Answer<bool> Check(IMachine machine, CniArguments arguments, CniResult previous);
}

/// <summary>What a runtime tells the plugin.</summary>
/// <param name="ContainerId">CNI_CONTAINERID: the sandbox.</param>
/// <param name="NetNs">CNI_NETNS: its network namespace.</param>
/// <param name="IfName">CNI_IFNAME: the interface to make in it, <c>eth0</c>.</param>
/// <param name="PodNamespace">K8S_POD_NAMESPACE.</param>
/// <param name="PodName">K8S_POD_NAME.</param>
/// <param name="PortMappings">The host ports that shall lead to the sandbox.</param>
public sealed record CniArguments(string ContainerId, string NetNs, string IfName,
    string PodNamespace, string PodName, Seq<PortMapping> PortMappings = default);

/// <summary>A port of the machine that leads to a sandbox.</summary>
/// <param name="Protocol"><c>TCP</c>, <c>UDP</c> or <c>SCTP</c>.</param>
/// <param name="ContainerPort">The port in the sandbox.</param>
/// <param name="HostPort">The port of the machine.</param>
/// <param name="HostIp">The address of the machine; empty for all.</param>
public sealed record PortMapping(string Protocol, int ContainerPort, int HostPort,
    string HostIp = "");

/// <summary>What the plugin made.</summary>
/// <param name="Interfaces">On the machine and in the sandbox.</param>
/// <param name="Ips">The addresses, each on one of the interfaces.</param>
/// <param name="Routes">The routes in the sandbox.</param>
public sealed record CniResult(Seq<CniInterface> Interfaces, Seq<CniIp> Ips, Seq<CniRoute> Routes);

/// <summary>A network interface.</summary>
/// <param name="Name">Such as <c>eth0</c>, <c>cni0</c>, <c>veth1a2b3c4d</c>.</param>
/// <param name="Mac">The hardware address.</param>
/// <param name="Mtu">The largest packet in bytes.</param>
/// <param name="Sandbox">The network namespace that holds it; empty for the machine.</param>
public sealed record CniInterface(string Name, string Mac, int Mtu, string Sandbox = "");

/// <summary>An address.</summary>
/// <param name="Address">In CIDR form: <c>10.244.2.2/24</c>.</param>
/// <param name="Gateway">The next hop of its network.</param>
/// <param name="Interface">The place of its interface in <see
/// cref="CniResult.Interfaces"/>.</param>
public sealed record CniIp(string Address, string Gateway, int Interface);

/// <summary>A route.</summary>
/// <param name="Dst">Where to, in CIDR form; <c>0.0.0.0/0</c> is everywhere else.</param>
/// <param name="Gw">The next hop; empty when the destination is on the link.</param>
/// <param name="Dev">The interface to leave by; empty when the next hop decides.</param>
public sealed record CniRoute(string Dst, string Gw = "", string Dev = "");
