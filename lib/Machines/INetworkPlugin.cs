namespace KubeSim;

/// <summary>A network plugin, called as CNI calls one: ADD when a sandbox comes, DEL when it goes.
/// It gives the sandbox its interface, its address and its way out.</summary>
/// <remarks>
/// This is all that Kubernetes asks of a network: that each pod has an address of its own, and that
/// all pods reach each other by it without translation. How (bridges, tunnels, routes) is the
/// plugin's.
/// Models the CNI specification 1.1, github.com/containernetworking/cni/blob/main/SPEC.md.
/// </remarks>
public interface INetworkPlugin
{
    /// <summary>Connects a sandbox. Its failure is what events call
    /// FailedCreatePodSandBox.</summary>
    Answer<CniResult> Add(IMachine machine, CniArguments arguments);

    /// <summary>Whether a sandbox is still connected as ADD left it; then its answer is that of
    /// ADD.</summary>
    Answer<CniResult> Check(IMachine machine, CniArguments arguments);

    /// <summary>The files that the plugin keeps on a machine, its configuration first: path and
    /// content.</summary>
    IEnumerable<(string Path, string Content)> Files(IMachine machine);

    /// <summary>Disconnects a sandbox and gives its address back. It may come twice, or for a
    /// sandbox that never was: neither is an error.</summary>
    void Del(IMachine machine, CniArguments arguments);
}

/// <summary>What a runtime tells the plugin.</summary>
/// <param name="ContainerId">CNI_CONTAINERID: the sandbox.</param>
/// <param name="PodNamespace">K8S_POD_NAMESPACE.</param>
/// <param name="PodName">K8S_POD_NAME.</param>
public sealed record CniArguments(string ContainerId, string PodNamespace, string PodName)
{
    /// <summary>The ports of its containers; those with a host port are the capability
    /// <c>portMappings</c>.</summary>
    public Seq<ContainerPort> Ports { get; init; }
}

/// <summary>What the plugin made.</summary>
/// <param name="Ip">The address of the sandbox, such as <c>10.244.2.2</c>.</param>
public sealed record CniResult(string Ip)
{
    /// <summary>Its way out: the address of the bridge.</summary>
    public string Gateway { get; init; } = "";

    /// <summary>The length of the network's prefix.</summary>
    public int Length { get; init; }

    /// <summary>The machine's end of its cable.</summary>
    public string Cable { get; init; } = "";

    /// <summary>The ranges that have a route of their own, in CIDR form.</summary>
    public Seq<string> Routes { get; init; }

    /// <summary>The result as the plugin prints it on its standard output.</summary>
    public override string ToString()
    {
        var routes = Routes.Add("0.0.0.0/0").Select(r => $$"""{"dst": "{{r}}"}""");
        return $$"""
            {
              "cniVersion": "1.0.0",
              "interfaces": [
                {"name": "{{MachineNetwork.Bridge}}", "mac": "{{NetDevice.MacOf(Gateway)}}"},
                {"name": "{{Cable}}", "mac": "{{NetDevice.MacOf(Cable)}}"},
                {"name": "eth0", "mac": "{{NetDevice.MacOf($"{Cable} {Ip}")}}"}
              ],
              "ips": [{"interface": 2, "address": "{{Ip}}/{{Length}}", "gateway": "{{Gateway}}"}],
              "routes": [{{string.Join(", ", routes)}}],
              "dns": {}
            }
            """;
    }
}
