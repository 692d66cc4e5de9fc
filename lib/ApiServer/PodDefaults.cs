using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>What the API server fills into a pod or a pod template. Everything that stays as it is
/// stays the same reference.</summary>
/// <remarks>Models pkg/apis/core/v1/defaults.go.</remarks>
internal static class PodDefaults
{
    private const int ReadableFile = 420;       // 0644 in octal
    private static readonly PodSecurityContext noContext = new();
    private static readonly EmptyDirVolumeSource emptyDir = new();

    /// <summary>The list with a function applied to each item; the same list when nothing
    /// changed.</summary>
    public static Seq<T> Each<T>(Seq<T> items, Func<T, T> change)
        where T : class
    {
        var result = items;
        for (var i = 0; i < items.Count; i++)
        {
            var changed = change(items[i]);
            if (!ReferenceEquals(changed, items[i]))
            {
                result = result.SetItem(i, changed);
            }
        }
        return result;
    }

    /// <summary>A pod's own spec: as a template's, and what only pods get.</summary>
    public static PodSpec Pod(PodSpec spec)
    {
        spec = Template(spec) with
        {
            EnableServiceLinks = spec.EnableServiceLinks ?? true,
            ServiceAccount = spec.ServiceAccountName ?? spec.ServiceAccount,
            Containers = Each(Template(spec).Containers, Requests),
            InitContainers = Each(Template(spec).InitContainers, Requests),
        };
        return spec.HostNetwork != true ? spec : spec with
        {
            Containers = Each(spec.Containers, HostPorts),
            InitContainers = Each(spec.InitContainers, HostPorts),
        };
    }

    /// <summary>The spec of a template.</summary>
    public static PodSpec Template(PodSpec spec) => spec with
    {
        Containers = Each(spec.Containers, Container),
        InitContainers = Each(spec.InitContainers, Container),
        EphemeralContainers = Each(spec.EphemeralContainers, c => (EphemeralContainer)Container(c)),
        Volumes = Each(spec.Volumes, Volume),
        DnsPolicy = spec.DnsPolicy ?? "ClusterFirst",
        RestartPolicy = spec.RestartPolicy ?? "Always",
        SchedulerName = spec.SchedulerName ?? "default-scheduler",
        SecurityContext = spec.SecurityContext ?? noContext,
        TerminationGracePeriodSeconds = spec.TerminationGracePeriodSeconds ?? 30,
        ServiceAccount = spec.ServiceAccountName ?? spec.ServiceAccount,
        ServiceAccountName = spec.ServiceAccountName ?? spec.ServiceAccount,
    };

    private static Container Container(Container container) => container with
    {
        ImagePullPolicy = container.ImagePullPolicy ?? PullPolicy(container.Image ?? ""),
        TerminationMessagePath = container.TerminationMessagePath ?? "/dev/termination-log",
        TerminationMessagePolicy = container.TerminationMessagePolicy ?? "File",
        Ports = Each(container.Ports, static port =>
            port.Protocol is null ? port with { Protocol = "TCP" } : port),
        Env = Each(container.Env, static env =>
            env.ValueFrom is { } origin ? env with { ValueFrom = Source(origin) } : env),
        LivenessProbe = Probe(container.LivenessProbe),
        ReadinessProbe = Probe(container.ReadinessProbe),
        StartupProbe = Probe(container.StartupProbe),
        Lifecycle = container.Lifecycle is not { } hooks ? null : hooks with
        {
            PostStart = Handler(hooks.PostStart),
            PreStop = Handler(hooks.PreStop),
        },
    };

    // A moving tag is pulled each time; no tag is the tag "latest".
    private static string PullPolicy(string image)
    {
        var name = image[(image.LastIndexOf('/') + 1)..];
        var colon = name.IndexOf(':');
        var moving = name.Length > 0 && !name.Contains('@')
            && (colon < 0 || name[(colon + 1)..] == "latest");
        return moving ? "Always" : "IfNotPresent";
    }

    // What is limited but not requested is requested up to its limit.
    private static Container Requests(Container container)
    {
        var requests = container.Resources.Requests;
        foreach (var (name, limit) in container.Resources.Limits)
        {
            requests = requests.ContainsKey(name) ? requests : requests.Set(name, limit);
        }
        return requests.SameAs(container.Resources.Requests) ? container : container with
        {
            Resources = container.Resources with { Requests = requests },
        };
    }

    private static Container HostPorts(Container container)
    {
        var ports = Each(container.Ports, static port =>
            port.HostPort is null ? port with { HostPort = port.Port } : port);
        return ports.SameAs(container.Ports) ? container : container with { Ports = ports };
    }

    private static EnvVarSource Source(EnvVarSource origin) => origin with
    {
        FieldRef = Field(origin.FieldRef),
        ResourceFieldRef = origin.ResourceFieldRef is { Divisor: null } resource
            ? resource with { Divisor = new Quantity(0) }
            : origin.ResourceFieldRef,
    };

    private static ObjectFieldSelector? Field(ObjectFieldSelector? field) =>
        field is { ApiVersion: null } ? field with { ApiVersion = "v1" } : field;

    private static Probe? Probe(Probe? probe) => probe is null ? null : probe with
    {
        TimeoutSeconds = probe.TimeoutSeconds ?? 1,
        PeriodSeconds = probe.PeriodSeconds ?? 10,
        SuccessThreshold = probe.SuccessThreshold ?? 1,
        FailureThreshold = probe.FailureThreshold ?? 3,
        HttpGet = Http(probe.HttpGet),
        Grpc = probe.Grpc is { Service: null } grpc ? grpc with { Service = "" } : probe.Grpc,
    };

    private static LifecycleHandler? Handler(LifecycleHandler? handler) =>
        handler?.HttpGet is { } get ? handler with { HttpGet = Http(get) } : handler;

    private static HTTPGetAction? Http(HTTPGetAction? get) => get is null ? null : get with
    {
        Path = get.Path is { Length: > 0 } path ? path : "/",
        Scheme = get.Scheme is { Length: > 0 } scheme ? scheme : "HTTP",
    };

    private static Volume Volume(Volume volume)
    {
        if (Sources(volume) == 0 && volume.Kept is null)
        {
            return volume with { EmptyDir = emptyDir };
        }
        return volume with
        {
            Kept = volume.Kept is { } kept ? Foreign(kept) : null,
            Secret = volume.Secret is not { } secret ? null
                : secret with { DefaultMode = secret.DefaultMode ?? ReadableFile },
            ConfigMap = volume.ConfigMap is not { } map ? null
                : map with { DefaultMode = map.DefaultMode ?? ReadableFile },
            HostPath = volume.HostPath is not { } path
                ? null
                : path with { Type = path.Type ?? "" },
            DownwardAPI = volume.DownwardAPI is not { } down ? null : down with
            {
                DefaultMode = down.DefaultMode ?? ReadableFile,
                Items = Each(down.Items, File),
            },
            Projected = volume.Projected is not { } projected ? null : projected with
            {
                DefaultMode = projected.DefaultMode ?? ReadableFile,
                Sources = Each(projected.Sources, Projection),
            },
            Ephemeral = volume.Ephemeral?.VolumeClaimTemplate is not { } claim ? volume.Ephemeral
                : volume.Ephemeral with
                {
                    VolumeClaimTemplate = claim with
                    {
                        Spec = claim.Spec with
                        {
                            VolumeMode = claim.Spec.VolumeMode ?? "Filesystem",
                        },
                    },
                },
        };
    }

    // Storage that the simulator has no type for; it is filled in all the same.
    private static readonly (string Source, string Field, string Value)[] foreign =
    [
        ("azureDisk", "cachingMode", "\"ReadWrite\""), ("azureDisk", "fsType", "\"ext4\""),
        ("azureDisk", "kind", "\"Shared\""), ("azureDisk", "readOnly", "false"),
        ("iscsi", "iscsiInterface", "\"default\""),
        ("rbd", "keyring", "\"/etc/ceph/keyring\""), ("rbd", "pool", "\"rbd\""),
        ("rbd", "user", "\"admin\""),
        ("scaleIO", "fsType", "\"xfs\""), ("scaleIO", "storageMode", "\"ThinProvisioned\""),
    ];

    private static KeptFields Foreign(KeptFields kept)
    {
        foreach (var (source, field, value) in foreign)
        {
            if (kept.TryGetValue(source, out var now) && now.ValueKind == JsonValueKind.Object
                && !now.TryGetProperty(field, out _))
            {
                var filled = JsonNode.Parse(now.GetRawText())!;
                filled[field] = JsonNode.Parse(value);
                kept = new(kept) { [source] = JsonSerializer.SerializeToElement(filled) };
            }
        }
        return kept;
    }

    private static VolumeProjection Projection(VolumeProjection source) => source with
    {
        DownwardAPI = source.DownwardAPI is not { } down ? null
            : down with { Items = Each(down.Items, File) },
        ServiceAccountToken = source.ServiceAccountToken is not { } token ? null
            : token with { ExpirationSeconds = token.ExpirationSeconds ?? 3600 },
    };

    private static DownwardAPIVolumeFile File(DownwardAPIVolumeFile file) =>
        file.FieldRef is { ApiVersion: null }
            ? file with { FieldRef = Field(file.FieldRef) }
            : file;

    /// <summary>How many of the sources that have a property a volume names: one, in a valid
    /// pod.</summary>
    public static int Sources(Volume volume) => Count(volume.EmptyDir) + Count(volume.HostPath)
        + Count(volume.ConfigMap) + Count(volume.Secret) + Count(volume.Projected)
        + Count(volume.DownwardAPI) + Count(volume.PersistentVolumeClaim) + Count(volume.Ephemeral)
        + Count(volume.Csi) + Count(volume.Nfs);

    private static int Count(object? source) => source is null ? 0 : 1;
}
