namespace KubeSim;

/// <summary>The cluster as a server of HTTP sees it.</summary>
public sealed partial class Cluster
{
    /// <summary>Serves one request of an HTTP client. A write that is carried out is kept in the
    /// journal, as one made from here is.</summary>
    /// <example><code>
    /// cluster.Serve(new("GET", "/api/v1/namespaces/default/pods?limit=1"))
    /// </code></example>
    public HttpAnswer Serve(HttpCall call) =>
        Owned(s => s.Api.Serve(call, request => Handle(request, call.Client),
            new HttpBackend(this)));

    // Who stands behind the API server. It keeps nothing: it is made for each request.
    private sealed class HttpBackend(Cluster cluster) : IHttpBackend
    {
        public Seq<Kind> Extensions =>
            HttpMetrics.Service(cluster) is null ? [] : HttpMetrics.Kinds;

        public bool IsAvailable(Kind kind) => HttpMetrics.IsAvailable(cluster);

        public ApiResponse Read(ApiRequest request) => HttpMetrics.Read(cluster, request);

        public HttpAnswer Connect(ApiRequest request, string rest, HttpOptions options)
        {
            try
            {
                return request.Path.Subresource switch
                {
                    "log" when request.Verb == Verb.Get =>
                        HttpLogs.Read(cluster, request.Path, options),
                    "log" => HttpAnswer.Of(Refusals.MethodNotAllowed),
                    "proxy" => HttpProxy.Send(cluster, request.Path, rest),
                    var what => HttpAnswer.Of(ApiErrors.Of(501, "", $"{what} is not simulated over "
                        + "HTTP: nothing takes a connection that is upgraded to streams").Status),
                };
            }
            catch (ApiException refusal)
            {
                return HttpAnswer.Of(refusal.Status);
            }
        }
    }
}
