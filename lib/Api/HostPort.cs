namespace KubeSim;

/// <summary>A port of the node that a pod takes.</summary>
public readonly record struct HostPort(string Ip, string Protocol, int Port)
{
    /// <summary>Every address of the node.</summary>
    public const string AnyIp = "0.0.0.0";

    /// <summary>A port with the defaults filled in: any address, TCP.</summary>
    public static HostPort Of(string? ip, string? protocol, int port) => new(
        string.IsNullOrEmpty(ip) ? AnyIp : ip, string.IsNullOrEmpty(protocol) ? "TCP" : protocol,
        port);

    /// <summary>True when both cannot be had on one node: the same port and protocol, on the same
    /// address or on any.</summary>
    public bool Conflicts(HostPort other) => Port > 0 && Port == other.Port
        && Protocol == other.Protocol && (Ip == other.Ip || Ip == AnyIp || other.Ip == AnyIp);
}

/// <summary>The ports of the node that pods take.</summary>
public static class HostPortFacts
{
    extension(PodSpec spec)
    {
        /// <summary>The ports of the node that the pod takes while it runs: those of its
        /// containers and sidecars; other init containers are gone then.</summary>
        public Seq<HostPort> HostPorts
        {
            get
            {
                List<HostPort>? found = null;
                foreach (var container in spec.Containers.AsSpan())
                {
                    Add(container, ref found);
                }
                foreach (var container in spec.InitContainers.AsSpan())
                {
                    if (container.IsSidecar)
                    {
                        Add(container, ref found);
                    }
                }
                return found is null ? default : found.ToSeq();
            }
        }
    }

    private static void Add(Container container, ref List<HostPort>? found)
    {
        foreach (var port in container.Ports.AsSpan())
        {
            if (port.HostPort is > 0)
            {
                (found ??= []).Add(HostPort.Of(port.HostIP, port.Protocol, port.HostPort.Value));
            }
        }
    }
}
