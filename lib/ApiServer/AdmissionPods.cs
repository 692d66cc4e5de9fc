namespace KubeSim;

/// <summary>Gives a pod its ServiceAccount, which must be there ("default" when it names none), the
/// account's secrets for pulling images, and in every container a token to speak to the API server
/// with: a file that the kubelet writes and renews. A container that has something mounted there
/// keeps it, and <c>automountServiceAccountToken: false</c>, of the pod or else of the account,
/// leaves the volume out.</summary>
/// <remarks>The real rule draws the end of the volume's name for each pod. Here it hangs on the
/// spec alone, so that pods of one template share it, and all else that is made of it. Models
/// plugin/pkg/admission/serviceaccount.</remarks>
public sealed class ServiceAccountAdmission : IAdmission
{
    private const string Prefix = "kube-api-access-";
    private const string Folder = "/var/run/secrets/kubernetes.io/serviceaccount";

    // Asked for 3600 s and 7 more, by which the API server tells these tokens from others.
    private static readonly ProjectedVolumeSource token = new()
    {
        DefaultMode = 420,
        Sources =
        [
            new() { ServiceAccountToken = new() { Path = "token", ExpirationSeconds = 3607 } },
            new()
            {
                ConfigMap = new()
                {
                    Name = "kube-root-ca.crt",
                    Items = [new() { Key = "ca.crt", Path = "ca.crt" }],
                },
            },
            new()
            {
                DownwardAPI = new()
                {
                    Items =
                    [
                        new()
                        {
                            Path = "namespace",
                            FieldRef = new()
                            {
                                ApiVersion = "v1", FieldPath = "metadata.namespace",
                            },
                        },
                    ],
                },
            },
        ],
    };

    private readonly PodSpecMemo named = new(static spec =>
        spec.ServiceAccountName is { Length: > 0 } ? spec : spec with
        {
            ServiceAccountName = spec.ServiceAccount is { Length: > 0 } old ? old : "default",
        });

    private readonly PodSpecMemo mounted = new(Mounted);

    /// <inheritdoc/>
    public string Name => "ServiceAccount";

    /// <inheritdoc/>
    public Status? Mutate(in AdmissionRequest request, ref ApiObject value)
    {
        if (value is not Pod pod || request.Verb != Verb.Create)
        {
            return null;
        }
        // A pod that only its kubelet keeps, and shows here, has no account.
        if (pod.Metadata.Annotations.ContainsKey("kubernetes.io/config.mirror"))
        {
            var named = pod.Spec.ServiceAccountName is { Length: > 0 };
            return !named && !pod.Spec.Volumes.Any(v => v.Secret is not null) ? null
                : ApiErrors.Forbidden(Kinds.Pod, pod.Metadata.Name, "a mirror pod may not "
                    + $"reference {(named ? "service accounts" : "secrets")}").Status;
        }
        var spec = named[pod.Spec];
        var key = new ObjectKey(Kinds.ServiceAccount, request.Namespace, spec.ServiceAccountName!);
        if (request.Store.Get(key) is not ServiceAccount account)
        {
            return ApiErrors.Forbidden(Kinds.Pod, pod.Metadata.Name, "error looking up service "
                + $"account {key.Namespace}/{key.Name}: serviceaccount "
                + $"\"{key.Name}\" not found").Status;
        }
        if (spec.AutomountServiceAccountToken ?? account.AutomountServiceAccountToken ?? true)
        {
            spec = mounted[spec];
        }
        if (spec.ImagePullSecrets.IsEmpty && !account.ImagePullSecrets.IsEmpty)
        {
            spec = spec with { ImagePullSecrets = account.ImagePullSecrets };
        }
        value = ReferenceEquals(spec, pod.Spec) ? pod : pod with { Spec = spec };
        return null;
    }

    private static PodSpec Mounted(PodSpec spec)
    {
        var there = spec.Volumes.FirstOrDefault(volume =>
            volume.Name.StartsWith(Prefix, StringComparison.Ordinal));
        var mount = new VolumeMount
        {
            Name = there?.Name ?? Prefix + new Prng(
                StateDigest.Mix(Digest.Start, null, new Pod { Spec = spec })).NameSuffix(),
            ReadOnly = true,
            MountPath = Folder,
        };
        Container With(Container container) =>
            container.VolumeMounts.Any(static m => m.MountPath == Folder) ? container
            : container with { VolumeMounts = container.VolumeMounts.Add(mount) };
        var (init, main) = (PodDefaults.Each(spec.InitContainers, With),
            PodDefaults.Each(spec.Containers, With));
        return init.SameAs(spec.InitContainers) && main.SameAs(spec.Containers) ? spec : spec with
        {
            InitContainers = init,
            Containers = main,
            Volumes = there is not null ? spec.Volumes
                : spec.Volumes.Add(new() { Name = mount.Name, Projected = token }),
        };
    }
}

/// <summary>Turns the name of a pod's priority class into its number.</summary>
/// <remarks>Models plugin/pkg/admission/priority.</remarks>
public sealed class PriorityAdmission : IAdmission
{
    private const string Source = "from the given PriorityClass name";

    private PodSpecMemo? resolved;
    private string? problem;

    /// <inheritdoc/>
    public string Name => "Priority";

    /// <inheritdoc/>
    public Status? Mutate(in AdmissionRequest request, ref ApiObject value)
    {
        if (value is not Pod pod || request.Verb != Verb.Create)
        {
            return null;
        }
        var store = request.Store;
        problem = null;
        var spec = (resolved ??= new(s => Resolve(s, store)))[pod.Spec];
        if (problem is not null)
        {
            resolved = null;
            return ApiErrors.Forbidden(Kinds.Pod, pod.Metadata.Name, problem).Status;
        }
        value = ReferenceEquals(spec, pod.Spec) ? pod : pod with { Spec = spec };
        return null;
    }

    /// <inheritdoc/>
    public void Wrote(ApiObject? old, ApiObject? now)
    {
        if (now is PriorityClass || (now is null && old is PriorityClass))
        {
            resolved = null;
        }
    }

    private PodSpec Resolve(PodSpec spec, EtcdStore store)
    {
        var name = spec.PriorityClassName ?? "";
        var (priority, preemption) = (0, "PreemptLowerPriority");
        var found = name.Length > 0 ? Named(name, store) : Default(store);
        if (found is not null)
        {
            (name, priority) = (found.Metadata.Name, found.Value);
            preemption = found.PreemptionPolicy ?? preemption;
        }
        else if (name.Length > 0)
        {
            problem = $"no PriorityClass with name {name} was found";
            return spec;
        }
        if (spec.Priority is { } given && given != priority)
        {
            problem = $"the integer value of priority ({given}) must not be provided in pod spec; "
                + $"priority admission controller computed {priority} {Source}";
            return spec;
        }
        if (spec.PreemptionPolicy is { } policy && policy != preemption)
        {
            problem = $"the string value of PreemptionPolicy ({policy}) must not be provided in "
                + $"pod spec; priority admission controller computed {preemption} {Source}";
            return spec;
        }
        return spec with
        {
            PriorityClassName = name.Length == 0 ? null : name,
            Priority = priority,
            PreemptionPolicy = preemption,
        };
    }

    // The two classes of the system hold even before anybody stored them.
    private static PriorityClass? Named(string name, EtcdStore store) =>
        store.Get(new ObjectKey(Kinds.PriorityClass, "", name)) as PriorityClass ?? name switch
        {
            "system-node-critical" => System(name, 2_000_001_000),
            "system-cluster-critical" => System(name, 2_000_000_000),
            _ => null,
        };

    private static PriorityClass System(string name, int value) =>
        new() { Metadata = new() { Name = name }, Value = value };

    // Of several defaults the lowest counts, as upstream has it.
    private static PriorityClass? Default(EtcdStore store)
    {
        PriorityClass? lowest = null;
        foreach (var found in store.List(Kinds.PriorityClass, null, store.Head))
        {
            if (found is PriorityClass { GlobalDefault: true } each
                && !(lowest?.Value <= each.Value))
            {
                lowest = each;
            }
        }
        return lowest;
    }
}

/// <summary>Lets a pod stay five minutes on a node that is not ready or unreachable, unless it says
/// otherwise: what makes an eviction take 300 s.</summary>
/// <remarks>Models plugin/pkg/admission/defaulttolerationseconds.</remarks>
/// <param name="notReady">For how many seconds on a node that is not ready.</param>
/// <param name="unreachable">For how many seconds on a node that is unreachable.</param>
public sealed class DefaultTolerationSeconds(int notReady = 300, int unreachable = 300) : IAdmission
{
    private const string NotReady = "node.kubernetes.io/not-ready";
    private const string Unreachable = "node.kubernetes.io/unreachable";

    private readonly PodSpecMemo tolerating = new(s => Tolerate(s, notReady, unreachable));

    /// <inheritdoc/>
    public string Name => "DefaultTolerationSeconds";

    /// <inheritdoc/>
    public Status? Mutate(in AdmissionRequest request, ref ApiObject value)
    {
        if (value is Pod pod)
        {
            var spec = tolerating[pod.Spec];
            value = ReferenceEquals(spec, pod.Spec) ? pod : pod with { Spec = spec };
        }
        return null;
    }

    private static PodSpec Tolerate(PodSpec spec, int notReadySeconds, int unreachableSeconds)
    {
        var (notReady, unreachable) = (false, false);
        foreach (var toleration in spec.Tolerations)
        {
            var (key, effect) = (toleration.Key ?? "", toleration.Effect ?? "");
            if (effect is "" or "NoExecute")
            {
                notReady |= key is "" or NotReady;
                unreachable |= key is "" or Unreachable;
            }
        }
        var all = spec.Tolerations;
        all = notReady ? all : all.Add(For(notReadySeconds, NotReady));
        all = unreachable ? all : all.Add(For(unreachableSeconds, Unreachable));
        return notReady && unreachable ? spec : spec with { Tolerations = all };
    }

    private static Toleration For(int seconds, string key) => new()
    {
        Key = key,
        Operator = "Exists",
        Effect = "NoExecute",
        TolerationSeconds = seconds,
    };
}
