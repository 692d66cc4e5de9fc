using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>What the NetworkPolicies of a cluster say about a connection, whether or not anybody
/// enforces them.</summary>
/// <example><code>
/// cluster.Policies.Explain("shop/web", "shop/db:5432");   // which policy isolates, which rule
/// cluster.Policies.Matrix(80);                            // every pod to every pod
/// cluster.Send("shop/web", "10.244.1.7:5432");            // and what really happens
/// </code></example>
public sealed class ClusterPolicies
{
    private readonly Cluster cluster;

    internal ClusterPolicies(Cluster cluster) => this.cluster = cluster;

    /// <summary>True when something in the cluster enforces policies (flag
    /// <c>kube-router.run-firewall</c>). Without it they are kept and have no effect.</summary>
    public bool AreEnforced => cluster.Components.Contains("kube-router");

    /// <summary>Why a connection is allowed or not: which policies isolate its ends, and which rule
    /// admits it.</summary>
    /// <param name="from">A pod (<c>client</c>, <c>shop/client</c>), a node, an address, or
    /// <c>outside</c>.</param>
    /// <param name="to">The same with a port, <c>shop/db:5432</c>, or <c>udp://shop/db:53</c>.
    /// Policies are about pods: a Service is judged by the pod that it leads to.</param>
    /// <exception cref="ArgumentException">There is no such end, or no port.</exception>
    public PolicyExplanation Explain(string from, string to)
    {
        ArgumentException.ThrowIfNullOrEmpty(from);
        ArgumentException.ThrowIfNullOrEmpty(to);
        var protocol = to.StartsWith("udp://", StringComparison.Ordinal) ? "UDP" : "TCP";
        var target = to.Replace("udp://", "", StringComparison.Ordinal);
        var colon = target.LastIndexOf(':');
        if (colon < 0 || !int.TryParse(target.AsSpan(colon + 1), NumberStyles.None,
            CultureInfo.InvariantCulture, out var port))
        {
            throw new ArgumentException($"\"{to}\" has no port: shop/db:5432, udp://shop/db:53");
        }
        return cluster.Still(_ =>
        {
            var (one, other) = (EndOf(from), EndOf(target[..colon]));
            return new Judge(cluster).Explain(one, other, protocol, port) with
            {
                IsEnforced = AreEnforced,
            };
        });
    }

    /// <summary>Every pod to every pod, on one port.</summary>
    /// <param name="port">Its number.</param>
    /// <param name="protocol">TCP, UDP or SCTP.</param>
    /// <param name="ns">The namespace of the pods; null for all.</param>
    public PolicyMatrix Matrix(int port, string protocol = "TCP", string? ns = null) =>
        cluster.Still(_ =>
        {
            var judge = new Judge(cluster);
            Seq<PolicyEnd> pods = [.. cluster.List<Pod>(ns).Where(p => !p.IsFinished)
                .Select(p => new PolicyEnd(p))];
            return new PolicyMatrix
            {
                Port = port, Protocol = protocol, Pods = [.. pods.Select(p => p.Name)],
                Allowed = [.. pods.SelectMany(from => pods.Select(to =>
                    judge.Explain(from, to, protocol, port).IsAllowed))],
            };
        });

    private PolicyEnd EndOf(string name)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var pod = cluster.Find<Pod>(slash < 0 ? "default" : name[..slash], name[(slash + 1)..])
            ?? cluster.List<Pod>().FirstOrDefault(p => p.Status.PodIP == name
                && p is { IsFinished: false, Spec.HostNetwork: not true });
        if (pod is not null)
        {
            return new(pod);
        }
        var node = cluster.List<Node>().FirstOrDefault(n => n.Metadata.Name == name
            || cluster.AddressOf(n) == name);
        if (node is null && name != "outside" && !System.Net.IPAddress.TryParse(name, out var _))
        {
            throw new ArgumentException(
                $"there is no pod, node or address {name}; a Service is judged by its pods");
        }
        return new(null)
        {
            Name = node?.Metadata.Name ?? name, Node = node?.Metadata.Name ?? "",
            Address = node is not null ? cluster.AddressOf(node)
                : name == "outside" ? Cluster.OutsideAddress : name,
        };
    }

    /// <summary>An end of a connection.</summary>
    private sealed record PolicyEnd(Pod? Pod)
    {
        public string Name { get; init; } = $"{Pod?.Metadata.Namespace}/{Pod?.Metadata.Name}";

        public string Address { get; init; } = Pod?.Status.PodIP ?? "";

        public string Node { get; init; } = Pod?.Spec.NodeName ?? "";

        /// <summary>True: in the network of a node, or no pod at all.</summary>
        public bool IsHost => Pod is not { Spec.HostNetwork: not true };
    }

    private sealed class Judge(Cluster cluster)
    {
        private readonly List<NetworkPolicy> policies = [.. cluster.List<NetworkPolicy>()];
        private readonly Dictionary<string, Namespace> namespaces =
            cluster.List<Namespace>().ToDictionary(n => n.Metadata.Name);

        public PolicyExplanation Explain(PolicyEnd from, PolicyEnd to, string protocol, int port)
        {
            var why = new List<string>();
            var connection = new Connection(from, to, protocol, port);
            var isOwn = from.Pod is { } pod && pod.Key.Equals(to.Pod?.Key);
            if (isOwn)
            {
                why.Add("a pod reaches itself without leaving its network");
            }
            var allowed = isOwn
                || (Admits(connection, ingress: false, why)
                    & Admits(connection, ingress: true, why));
            return new()
            {
                From = from.Name, IsAllowed = allowed, Why = [.. why],
                To = string.Create(CultureInfo.InvariantCulture, $"{to.Name}:{port}/{protocol}"),
            };
        }

        private bool Admits(Connection connection, bool ingress, List<string> why)
        {
            var (own, other) = ingress ? (connection.To, connection.From)
                : (connection.From, connection.To);
            var what = $"{(ingress ? "ingress" : "egress")} of {own.Name}: ";
            if (own.IsHost)
            {
                why.Add(what + "no policy is about what is in the network of a node, or outside");
                return true;
            }
            if (ingress && other.IsHost && other.Node == own.Node)
            {
                why.Add(what + $"{other.Node} is its own node, which may always connect to it");
                return true;
            }
            var isolating = policies.FindAll(p => p.Isolates(ingress) && p.Selects(own.Pod!));
            if (isolating.Count == 0)
            {
                why.Add(what + "no policy isolates it");
                return true;
            }
            var tried = new List<string>();
            foreach (var policy in isolating)
            {
                var rules = policy.Rules(ingress).ToList();
                foreach (var (i, rule) in rules.Index())
                {
                    var name = string.Create(CultureInfo.InvariantCulture,
                        $"{policy.Metadata.Name} rule {i + 1}: {Words(rule, ingress)}");
                    var problem = Problem(rule, other, connection, policy.Metadata.Namespace);
                    if (problem is null)
                    {
                        why.Add(what + "isolated by " + string.Join(", ",
                            isolating.Select(p => p.Metadata.Name)));
                        why.Add("  admitted by " + name);
                        return true;
                    }
                    tried.Add($"  not by {name}: {problem}");
                }
                if (rules.Count == 0)
                {
                    tried.Add($"  not by {policy.Metadata.Name}: it has no rules");
                }
            }
            why.Add(what + "isolated by " + string.Join(", ",
                isolating.Select(p => p.Metadata.Name)) + ", and no rule admits it");
            why.AddRange(tried);
            return false;
        }

        private string? Problem(
            NetworkPolicyRule rule, PolicyEnd other, Connection connection, string home)
        {
            if (!rule.Peers.IsEmpty && !rule.Peers.Any(p => p.Means(other.Address)
                || (other.Pod is { } pod && p.Means(
                    pod, namespaces.GetValueOrDefault(pod.Metadata.Namespace), home))))
            {
                return $"{other.Name} is another";
            }
            return rule.Ports.IsEmpty || rule.Ports.Any(p => p.Means(
                connection.Protocol, connection.Port, connection.To.Pod))
                ? null : string.Create(CultureInfo.InvariantCulture,
                    $"{connection.Port}/{connection.Protocol} is another port");
        }

        private static string Words(NetworkPolicyRule rule, bool ingress) =>
            (ingress ? "from " : "to ") + (rule.Peers.IsEmpty ? "anybody"
                : string.Join(" or ", rule.Peers.Select(p => p.Words)))
            + (rule.Ports.IsEmpty ? "" : " on "
                + string.Join(", ", rule.Ports.Select(p => p.Words)));
    }

    private sealed record Connection(PolicyEnd From, PolicyEnd To, string Protocol, int Port);
}

/// <summary>Why a connection is allowed, or is not.</summary>
public sealed record PolicyExplanation
{
    /// <summary>Who opens it.</summary>
    public required string From { get; init; }

    /// <summary>Whom to, with port and protocol.</summary>
    public required string To { get; init; }

    /// <summary>True when the policies allow it.</summary>
    public required bool IsAllowed { get; init; }

    /// <summary>True when somebody enforces them.</summary>
    public bool IsEnforced { get; init; }

    /// <summary>The two ends in words, egress first.</summary>
    public Seq<string> Why { get; init; }

    /// <summary>The explanation as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>The verdict, then the reasons, a line each.</summary>
    public override string ToString() =>
        $"{From} → {To}: {(IsAllowed ? "allowed" : "not allowed")}\n"
        + string.Join('\n', Why) + (IsEnforced ? "" : "\nnobody enforces policies here, so "
            + "that they have no effect (kube-router.run-firewall)");
}

/// <summary>Which pod may connect to which, on one port.</summary>
public sealed record PolicyMatrix
{
    /// <summary>The port.</summary>
    public required int Port { get; init; }

    /// <summary>TCP, UDP or SCTP.</summary>
    public required string Protocol { get; init; }

    /// <summary>The pods, <c>NAMESPACE/NAME</c>: rows and columns.</summary>
    public Seq<string> Pods { get; init; }

    /// <summary>Row by row: from the first pod to each, from the second to each…</summary>
    public Seq<bool> Allowed { get; init; }

    /// <summary>Whether a pod may connect to another.</summary>
    public bool this[string from, string to] => Allowed[
        (Pods.AsSpan().IndexOf(from) * Pods.Count) + Pods.AsSpan().IndexOf(to)];

    /// <summary>The matrix as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>A row for whoever connects, a column for whom to, by number: a dot where it is
    /// allowed, an X where it is not.</summary>
    public override string ToString()
    {
        var width = Pods.Select(p => p.Length).DefaultIfEmpty().Max() + 4;
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture,
            $"{Port}/{Protocol}").PadRight(width));
        for (var i = 1; i <= Pods.Count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{i,3}");
        }
        foreach (var (row, pod) in Pods.Index())
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{row + 1,2} ").Append(pod.PadRight(
                width - 3));
            for (var i = 0; i < Pods.Count; i++)
            {
                text.Append(Allowed[(row * Pods.Count) + i] ? "  ." : "  X");
            }
        }
        return text.ToString();
    }
}
