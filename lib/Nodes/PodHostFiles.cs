namespace KubeSim;

/// <summary>
/// The three files by which a container knows itself on the network. The kubelet writes
/// <c>/etc/hosts</c> itself, so that a pod's name and <c>hostAliases</c> are found without DNS; the
/// runtime writes <c>/etc/hostname</c> and <c>/etc/resolv.conf</c> as the kubelet tells it.
/// <para>Worked: pod web-0 with hostname web-0 and subdomain web of namespace shop has the line
/// <c>10.244.1.2 web-0.web.shop.svc.cluster.local web-0</c> in /etc/hosts and web-0 in
/// /etc/hostname; with <c>setHostnameAsFQDN</c> the long name is the host name. A pod with the
/// node's network reads the node's hosts below a line that says so.</para>
/// Models pkg/kubelet/kubelet_pods.go (ensureHostsFile, GeneratePodHostNameAndDomain).
/// </summary>
internal static class PodHostFiles
{
    private const int LongestName = 63;

    private const string Local = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost "
        + "ip6-loopback\n";

    /// <summary>The name of a pod on the network, and the domain behind it: empty without a
    /// subdomain.</summary>
    public static (string Host, string Domain) NameOf(Pod pod, string clusterDomain)
    {
        var name = pod.Spec.Hostname is { Length: > 0 } own ? own : pod.Metadata.Name;
        return (name.Length > LongestName ? name[..LongestName].TrimEnd('-', '.') : name,
            pod.Spec.Subdomain is { Length: > 0 } sub
                ? $"{sub}.{pod.Metadata.Namespace}.svc.{clusterDomain}" : "");
    }

    /// <summary>The hosts file of a pod with a network of its own.</summary>
    public static string Hosts(
        IEnumerable<string> ips, string host, string domain, Seq<HostAlias> aliases) =>
        $"# Kubernetes-managed hosts file.\n{Local}fe00::0\tip6-localnet\n"
        + "fe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
        + string.Concat(ips.Select(ip => domain.Length > 0
            ? $"{ip}\t{host}.{domain}\t{host}\n" : $"{ip}\t{host}\n")) + Entries(aliases);

    /// <summary>The hosts file of a pod that has the node's network.</summary>
    public static string HostsOfNode(string node, Seq<HostAlias> aliases) =>
        "# Kubernetes-managed hosts file (host network).\n" + node + Entries(aliases);

    /// <summary>The hosts file of a machine on which nobody wrote another.</summary>
    public static string HostsOfMachine(SimMachine machine) => $"{Local}ff02::1\tip6-allnodes\n"
        + $"ff02::2\tip6-allrouters\n{machine.Address}\t{machine.Name}\n";

    private static string Entries(Seq<HostAlias> aliases) => aliases.IsEmpty ? ""
        : "\n# Entries added by HostAliases.\n" + string.Concat(aliases.Select(a =>
            $"{a.Ip}\t{string.Join('\t', a.Hostnames)}\n"));
}

public sealed partial class Kubelet
{
    private const string HostsPath = "/etc/hosts";

    private string ClusterDomain => api.Settings.Get(KnownFlags.ClusterDomain);

    /// <summary>What <c>hostname</c> prints in a pod.</summary>
    private string HostNameOf(Pod pod)
    {
        var (host, domain) = PodHostFiles.NameOf(pod, ClusterDomain);
        return pod.Spec.HostNetwork == true ? node
            : pod.Spec.SetHostnameAsFQDN == true && domain.Length > 0 ? $"{host}.{domain}" : host;
    }

    private IEnumerable<ContainerMount> HostFiles(Pod pod, Container container)
    {
        var directory = PodDirectory + pod.Metadata.Uid;
        var sandbox = machine.Runtime.ListPodSandbox(pod.Metadata.Uid);
        var ips = sandbox.IsEmpty ? [] : sandbox[0].Ips;
        var (host, domain) = PodHostFiles.NameOf(pod, ClusterDomain);
        var hosts = pod.Spec.HostNetwork != true
            ? PodHostFiles.Hosts(ips, host, domain, pod.Spec.HostAliases)
            : PodHostFiles.HostsOfNode(machine.Files.Find(HostsPath)?.Content
                ?? PodHostFiles.HostsOfMachine(machine), pod.Spec.HostAliases);
        (string Path, string Source, string Content)[] files =
        [
            (HostsPath, $"{directory}/etc-hosts", hosts),
            ("/etc/hostname", $"{directory}/hostname", HostNameOf(pod) + "\n"),
            ("/etc/resolv.conf", $"{directory}/resolv.conf", $"{ResolvConf.Of(pod, api.Settings)}"),
        ];
        foreach (var (path, source, content) in files)
        {
            if (container.VolumeMounts.Any(m => m.MountPath == path))
            {
                continue;
            }
            // What a container wrote there stays, until the pod has another address.
            if (machine.Files.Find(source)?.Content is not { } there
                || (path == HostsPath
                    && !ips.All(ip => there.Contains(ip, StringComparison.Ordinal))))
            {
                machine.Files.Write(source, new(content, content.Length, Now));
            }
            yield return new(path, machine.Files, source);
        }
    }

    /// <summary>A pod that knows its addresses, which its status may not tell yet.</summary>
    private Pod Placed(Pod pod)
    {
        pod = api.Get(pod.Key) is Pod newer && newer.Metadata.Uid == pod.Metadata.Uid ? newer : pod;
        var sandbox = machine.Runtime.ListPodSandbox(pod.Metadata.Uid);
        var own = pod.Spec.HostNetwork == true ? machine.Address
            : sandbox.IsEmpty || sandbox[0].Ips.IsEmpty ? pod.Status.PodIP ?? ""
            : sandbox[0].Ips[0];
        return pod with
        {
            Status = pod.Status with
            {
                PodIP = own, PodIPs = own.Length > 0 ? [new() { Ip = own }] : default,
                HostIP = machine.Address, HostIPs = [new() { Ip = machine.Address }],
            },
        };
    }
}
