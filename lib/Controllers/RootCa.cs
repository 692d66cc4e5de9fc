namespace KubeSim;

/// <summary>
/// Puts the certificate of the cluster's authority into every namespace, as the ConfigMap
/// <c>kube-root-ca.crt</c>: pods mount it beside their token, to know the API server when they talk
/// to it.
/// <para>It watches Namespaces and ConfigMaps, both keyed by the namespace. When an active
/// namespace has none it creates it; changed by hand it is put right.</para>
/// Models pkg/controller/certificates/rootcacertpublisher/publisher.go.
/// </summary>
public sealed class RootCa : IReconciler
{
    /// <summary>The name of the ConfigMap.</summary>
    public const string ConfigMapName = "kube-root-ca.crt";

    private const string Certificate = "-----BEGIN CERTIFICATE-----\n"
        + "bm90IGEgcmVhbCBjZXJ0aWZpY2F0ZTogdGhlcmUgaXMgbm8gd2lyZSB0byBwcm90ZWN0\n"
        + "-----END CERTIFICATE-----\n";

    private static readonly Map<string> data = Map.Of(("ca.crt", Certificate));

    /// <inheritdoc/>
    public string Name => "root-ca-cert-publisher";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } =
    [
        Watched.All<Namespace>(),
        Watched.All<ConfigMap>() with
        {
            KeyOf = map => map.Metadata.Name == ConfigMapName
                ? new ObjectKey(Kinds.Namespace, "", map.Metadata.Namespace) : null,
        },
    ];

    /// <summary>The ConfigMap of a namespace.</summary>
    public static ConfigMap Of(string ns) => new()
    {
        Metadata = new()
        {
            Name = ConfigMapName,
            Namespace = ns,
            Annotations = Map.Of(("kubernetes.io/description",
                "Contains a CA bundle that can be used to verify the kube-apiserver when using "
                + "internal endpoints such as the internal service IP or kubernetes.default.svc. "
                + "No other usage is guaranteed across distributions of Kubernetes clusters.")),
        },
        Data = data,
    };

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not Namespace { IsTerminating: false, Status.Phase: not "Terminating" })
        {
            return Result.Done;
        }
        var wanted = Of(key.Name);
        switch (api.Get<ConfigMap>(key.Name, ConfigMapName))
        {
            case null:
                Create(wanted, api);
                break;
            case var map when !map.Data.Equals(data):
                api.Update(map with { Data = data });
                break;
        }
        return Result.Done;
    }

    private static void Create(ConfigMap wanted, ReconcileContext api)
    {
        try
        {
            api.Create(wanted);
        }
        catch (ApiException refused)
            when (refused.IsAlreadyExists || EndpointFacts.IsNamespaceGoing(refused))
        {
            // Our cache is late: it is there already, or its namespace is going.
        }
    }
}
