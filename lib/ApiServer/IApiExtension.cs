namespace KubeSim;

/// <summary>The extension API servers behind the API server, such as the metrics server: it passes
/// requests for their kinds on to them.</summary>
/// <remarks>Models staging/src/k8s.io/kube-aggregator/pkg/apiserver.</remarks>
public interface IApiExtension
{
    /// <summary>The kinds that discovery shows: those of servers that an APIService
    /// names.</summary>
    Seq<Kind> Registered(EtcdStore store);

    /// <summary>True for a kind of such a server, whether it is there or not.</summary>
    bool Serves(Kind kind);

    /// <summary>True when the server behind a kind answers.</summary>
    bool IsAvailable(Kind kind, EtcdStore store);

    /// <summary>What it answers.</summary>
    ApiResponse Read(ApiRequest request, EtcdStore store, DateTime now);
}
