using System.Globalization;
using System.Net;

namespace KubeSim;

/// <summary>A rule of a policy, whichever its direction: to or from one of the peers, on one of the
/// ports; where none is named, any.</summary>
/// <param name="Peers">The other side.</param>
/// <param name="Ports">Always those of whoever is connected to.</param>
public readonly record struct NetworkPolicyRule(
    Seq<NetworkPolicyPeer> Peers, Seq<NetworkPolicyPort> Ports);

/// <summary>
/// What NetworkPolicies mean.
/// <list type="bullet">
/// <item>A pod that no policy selects is open. Once one selects it for a direction, the pod is
/// isolated in that direction: only what a rule of some such policy lets through passes. Policies
/// add up; none can take away what another allows.</item>
/// <item>A connection needs both ends: the egress of the pod that opens it and the ingress of the
/// pod that it is opened to. Answers need nothing.</item>
/// <item>In one peer podSelector and namespaceSelector must both hold; two peers are two ways. A
/// podSelector alone means pods of the policy's own namespace.</item>
/// </list>
/// <para>Worked: <c>from: [{podSelector: a, namespaceSelector: y}]</c> lets in the pods a of the
/// namespaces y; <c>from: [{podSelector: a}, {namespaceSelector: y}]</c> the pods a of the policy's
/// namespace and all pods of the namespaces y.</para>
/// </summary>
/// <remarks>Models staging/src/k8s.io/api/networking/v1/types.go.</remarks>
#pragma warning disable CA1708 // The compiler itself names the extension blocks.
public static class PolicyFacts
#pragma warning restore CA1708
{
    extension(NetworkPolicy policy)
    {
        /// <summary>True when the policy shuts its pods off in a direction but for its
        /// rules.</summary>
        /// <param name="ingress">Inwards, else outwards.</param>
        public bool Isolates(bool ingress) =>
            policy.Spec.PolicyTypes.AsSpan().Contains(ingress ? "Ingress" : "Egress");

        /// <summary>True when the policy is about a pod. One in the network of its node is no
        /// pod to a network plugin.</summary>
        public bool Selects(Pod pod) => pod.Metadata.Namespace == policy.Metadata.Namespace
            && pod.Spec.HostNetwork != true
            && policy.Spec.PodSelector.Matches(pod.Metadata.Labels);

        /// <summary>Its rules for a direction.</summary>
        public IEnumerable<NetworkPolicyRule> Rules(bool ingress) => ingress
            ? policy.Spec.Ingress.Select(r => new NetworkPolicyRule(r.From, r.Ports))
            : policy.Spec.Egress.Select(r => new NetworkPolicyRule(r.To, r.Ports));
    }

    extension(NetworkPolicyPeer peer)
    {
        /// <summary>True when the peer means a pod.</summary>
        /// <param name="pod">The pod.</param>
        /// <param name="itsNamespace">The namespace of the pod.</param>
        /// <param name="home">The namespace of the policy.</param>
        public bool Means(Pod pod, Namespace? itsNamespace, string home) =>
            peer.IpBlock is null && pod.Spec.HostNetwork != true
            && (peer.NamespaceSelector is { } wanted
                ? itsNamespace is not null && wanted.Matches(itsNamespace.Metadata.Labels)
                : pod.Metadata.Namespace == home)
            && (peer.PodSelector ?? new()).Matches(pod.Metadata.Labels);

        /// <summary>True when the peer means an address by its range.</summary>
        public bool Means(string address) => peer.IpBlock is { } block
            && IPAddress.TryParse(address, out var ip) && Has(block.Cidr, ip)
            && !block.Except.Any(hole => Has(hole, ip));

        /// <summary>The peer in words: <c>pods app=web of namespaces team=a</c>.</summary>
        public string Words => peer.IpBlock is { } block
            ? block.Cidr + string.Concat(block.Except.Select(e => $" without {e}"))
            : (peer.PodSelector is { IsEmpty: false } pods ? $"pods {pods}" : "all pods")
                + (peer.NamespaceSelector is not { } of ? " of its namespace"
                    : of.IsEmpty ? " of all namespaces" : $" of namespaces {of}");
    }

    extension(NetworkPolicyPort port)
    {
        /// <summary>True when it means a port.</summary>
        /// <param name="protocol">TCP, UDP or SCTP.</param>
        /// <param name="number">Its number.</param>
        /// <param name="target">Whose port it is, for names; null: no pod's.</param>
        public bool Means(string protocol, int number, Pod? target) =>
            (port.Protocol ?? "TCP") == protocol && port.Port switch
            {
                null => true,
                { Text: { } name } => target is not null && target.Spec.Containers.Any(c =>
                    c.Ports.Any(p => p.Name == name && p.Port == number
                        && (p.Protocol ?? "TCP") == protocol)),
                { Number: var first } => number >= first && number <= (port.EndPort ?? first),
            };

        /// <summary>The port in words: <c>80/TCP</c>, <c>8000-8080/TCP</c>.</summary>
        public string Words => (port.Port is not { } first ? "any port"
            : first.Text ?? first.Number.ToString(CultureInfo.InvariantCulture))
            + (port.EndPort is { } last ? string.Create(CultureInfo.InvariantCulture, $"-{last}")
                : "") + $"/{port.Protocol ?? "TCP"}";
    }

    private static bool Has(string cidr, IPAddress ip) =>
        IPNetwork.TryParse(cidr, out var range) && range.Contains(ip);
}
