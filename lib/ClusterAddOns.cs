namespace KubeSim;

/// <summary>What a cluster is usually given on its first day: objects like all others, from the
/// manifests in <c>AddOns/</c>, run by the same controllers.
/// <list type="bullet">
/// <item><c>dns</c>: CoreDNS, two pods behind Service kube-dns, 10.96.0.10. With it names are asked
/// of one of these pods, and of nobody when none is ready; without it the simulator
/// answers.</item>
/// <item><c>metrics-server</c>: collects what pods use (see
/// <see cref="Cluster.Metrics"/>).</item>
/// <item><c>ingress</c>: ingress-nginx behind a load balancer, IngressClass nginx.</item>
/// <item><c>dashboard</c>: Kubernetes Dashboard v2.7.0 in its own namespace, over HTTPS; retired
/// since January 2026 (Headlamp takes its place), and still what most tutorials show.</item>
/// <item><c>logging</c>: Fluent Bit on every node and Loki in namespace <c>logging</c>
/// (see <see cref="ClusterLogs"/>).</item>
/// </list></summary>
public sealed partial class Cluster
{
    /// <summary>The names that <see cref="AddOn"/> takes.</summary>
    public static Seq<string> AddOns { get; } =
        ["dns", "metrics-server", "ingress", "dashboard", "logging"];

    /// <summary>Creates the objects of an add-on, those that are not there yet; they start like
    /// any others. Each creation is in the journal.</summary>
    /// <exception cref="ArgumentException">There is no such add-on.</exception>
    /// <exception cref="ApiException">The API server refused.</exception>
    public void AddOn(string name)
    {
        using var own = Own();
        if (!AddOns.AsSpan().Contains(name))
        {
            throw new ArgumentException(
                $"there is no add-on \"{name}\"; there are {string.Join(", ", AddOns)}");
        }
        var file = $"{name}.yaml";
        using var stream = typeof(Cluster).Assembly.GetManifestResourceStream(file)!;
        using var reader = new StreamReader(stream);
        foreach (var document in Manifest.Read(reader.ReadToEnd(), file, simulation.Api.Kinds))
        {
            var o = document.Object ?? throw new ManifestException(document.Errors);
            if (simulation.Store.Get(o.Key) is null)
            {
                Create(o);
                Await(o);
            }
        }
    }
}
