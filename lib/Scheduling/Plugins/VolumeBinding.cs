namespace KubeSim;

/// <summary>
/// Brings a pod to a node that reaches its volumes, and volumes to a pod that has none yet.
/// <para>A claim that is bound must be reachable from the node. One that waits for its first
/// consumer needs a free volume there, or a class that can make one. A claim that does not wait and
/// is not bound turns the pod away before any node is looked at.</para>
/// <para>At Reserve the choice counts at once; at PreBind it is written, the volume's claimRef or
/// the claim's selected node, and the pod waits until the binder and the provisioner have done
/// their part: it looks every second, for ten minutes at the most, or as
/// <c>bindTimeoutSeconds</c> says.</para>
/// </summary>
/// <remarks>Models pkg/scheduler/framework/plugins/volumebinding/volume_binding.go and
/// binder.go. Free capacity that drivers publish (CSIStorageCapacity) is not looked
/// at.</remarks>
public sealed class VolumeBinding(long? bindTimeoutSeconds = null) : IPreFilterPlugin,
    IFilterPlugin, IReservePlugin, IPreBindPlugin, IQueueingHints,
    IPluginWithArgs<VolumeBindingArgs>
{
    private const string NodeConflict = "node(s) had volume node affinity conflict";
    private const string NoVolume = "node(s) didn't find available persistent volumes to bind";
    private const string Vanished =
        "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";

    private readonly TimeSpan longest = TimeSpan.FromSeconds(bindTimeoutSeconds ?? 600);

    /// <inheritdoc/>
    public string Name => "VolumeBinding";

    /// <inheritdoc/>
    public IPlugin With(VolumeBindingArgs args) => new VolumeBinding(args.BindTimeoutSeconds);

    /// <inheritdoc/>
    public ClusterEvents Events => ClusterEvents.NodeAdd | ClusterEvents.NodeLabels
        | ClusterEvents.Claim | ClusterEvents.Volume | ClusterEvents.StorageClass;

    /// <inheritdoc/>
    public bool MayHelp(Pod pod, in ClusterChange change) => change.New is not PersistentVolumeClaim
        claim || IsOf(pod, claim);

    /// <summary>True when a pod names a claim.</summary>
    internal static bool IsOf(Pod pod, PersistentVolumeClaim claim) =>
        pod.Metadata.Namespace == claim.Metadata.Namespace
        && VolumeFacts.ClaimsOf(pod).Contains(claim.Metadata.Name);

    /// <inheritdoc/>
    public PluginStatus PreFilter(CycleState state, Pod pod, IReadOnlyList<NodeInfo> nodes)
    {
        var wishes = new Wishes();
        foreach (var volume in pod.Spec.Volumes)
        {
            if (VolumeFacts.ClaimOf(pod, volume) is not { } name)
            {
                continue;
            }
            var found = state.Volumes.Claim(pod.Metadata.Namespace, name);
            var problem = Problem(pod, name, found, volume.Ephemeral is not null);
            if (found is not { } claim || problem is not null)
            {
                return PluginStatus.Unresolvable(Name, problem!);
            }
            (claim.IsBound ? wishes.Bound
                : state.Volumes.Class(claim.Spec.StorageClassName)?.Waits == true
                    && claim.Spec.VolumeName is not { Length: > 0 }
                    ? wishes.Waiting : wishes.Immediate).Add(claim);
        }
        if (wishes.Immediate.Count > 0)
        {
            return PluginStatus.Unresolvable(
                Name, "pod has unbound immediate PersistentVolumeClaims");
        }
        state.Set(this, wishes);
        return wishes.Bound.Count + wishes.Waiting.Count == 0
            ? PluginStatus.Skip : PluginStatus.Success;
    }

    private static string? Problem(Pod pod, string name, PersistentVolumeClaim? claim, bool own) =>
        claim is null
            ? own ? "waiting for ephemeral volume controller to create the persistentvolumeclaim "
                + $"\"{name}\"" : $"persistentvolumeclaim \"{name}\" not found"
        : claim.Status.Phase == "Lost"
            ? $"persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume "
                + $"\"{claim.Spec.VolumeName}\""
        : claim.IsTerminating ? $"persistentvolumeclaim \"{name}\" is being deleted"
        : own && !claim.IsControlledBy(pod.Metadata.Uid)
            ? $"PVC {claim.Metadata.Namespace}/{name} was not created for pod "
                + $"{pod.Metadata.Namespace}/{pod.Metadata.Name} (pod is not owner)"
        : null;

    /// <inheritdoc/>
    public PluginStatus Filter(CycleState state, Pod pod, NodeInfo node)
    {
        var wishes = state.Get<Wishes>(this)!;
        var (reached, there) = (true, true);
        foreach (var claim in wishes.Bound)
        {
            var volume = state.Volumes.Volume(claim.Spec.VolumeName);
            there &= volume is not null;
            reached &= volume?.Reaches(node.Node!) != false;
        }
        var plan = Plan(state, wishes, node.Node!);
        if (plan is not null && reached && there)
        {
            wishes.Plans[node.Name] = plan;
            return PluginStatus.Success;
        }
        var reasons = new List<string>();
        reasons.AddRange(reached ? [] : [NodeConflict]);
        reasons.AddRange(plan is not null ? [] : [NoVolume]);
        reasons.AddRange(there ? [] : [Vanished]);
        return PluginStatus.Of(
            PluginCode.UnschedulableAndUnresolvable, Name, reasons.ToSeq());
    }

    // Which volume each waiting claim would get on a node, none for one that is to be made there;
    // null when the node cannot meet them all. The smallest wish chooses first.
    private static List<(PersistentVolumeClaim Claim, PersistentVolume? Volume)>? Plan(
        CycleState state, Wishes wishes, Node node)
    {
        var plan = new List<(PersistentVolumeClaim, PersistentVolume?)>();
        var chosen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var claim in wishes.Waiting.OrderBy(c => c.Request))
        {
            var selected = claim.Metadata.Annotations.Get(VolumeFacts.SelectedNode);
            if (selected is not null && selected != node.Metadata.Name)
            {
                return null;
            }
            var volume = selected is not null ? null
                : VolumeFacts.Match(claim, state.Volumes.Volumes, node, waits: true, chosen);
            if (volume is null && !CanMake(state.Volumes.Class(claim.Spec.StorageClassName), node))
            {
                return null;
            }
            plan.Add((claim, volume));
            if (volume is not null)
            {
                chosen.Add(volume.Metadata.Name);
            }
        }
        return plan;
    }

    private static bool CanMake(StorageClass? storage, Node node) =>
        storage is { Provisioner: not ("" or VolumeFacts.NoProvisioner) }
        && (storage.AllowedTopologies.IsEmpty
            || storage.AllowedTopologies.Any(term => term.Matches(node.Metadata.Labels)));

    /// <inheritdoc/>
    public PluginStatus Reserve(CycleState state, Pod pod, string node)
    {
        foreach (var (claim, volume) in PlanOf(state, node))
        {
            state.Volumes.Assume(volume is null ? Selected(claim, node) : volume.For(claim));
        }
        return PluginStatus.Success;
    }

    /// <inheritdoc/>
    public void Unreserve(CycleState state, Pod pod, string node)
    {
        foreach (var (claim, volume) in PlanOf(state, node))
        {
            state.Volumes.Restore(volume?.Key ?? claim.Key);
        }
    }

    /// <inheritdoc/>
    public PluginStatus PreBind(CycleState state, Pod pod, string node, ReconcileContext api)
    {
        var wishes = state.Get<Wishes>(this);
        var plan = PlanOf(state, node);
        if (plan.Count == 0)
        {
            return PluginStatus.Skip;
        }
        if (wishes!.Since is null)
        {
            wishes.Since = api.Now;
            foreach (var (claim, volume) in plan)
            {
                state.Volumes.Assume(volume is null
                    ? api.Update(Selected(claim, node)) : api.Update(volume.For(claim)));
            }
            return PluginStatus.Of(PluginCode.Wait, Name, []);
        }
        var bound = true;
        foreach (var (claim, volume) in plan)
        {
            var now = state.Volumes.Claim(claim.Metadata.Namespace, claim.Metadata.Name);
            if (volume is null && now?.Metadata.Annotations.Get(VolumeFacts.SelectedNode) != node)
            {
                return PluginStatus.Of(PluginCode.Error, Name, [
                    "binding volumes: selectedNode annotation reset for PVC "
                    + $"\"{claim.Metadata.Name}\""]);
            }
            bound &= now?.IsBound == true;
        }
        return bound ? PluginStatus.Success
            : api.Now - wishes.Since < longest ? PluginStatus.Of(PluginCode.Wait, Name, [])
            : PluginStatus.Of(
                PluginCode.Error, Name, ["binding volumes: context deadline exceeded"]);
    }

    private static PersistentVolumeClaim Selected(PersistentVolumeClaim claim, string node) =>
        claim with
        {
            Metadata = claim.Metadata with
            {
                Annotations = claim.Metadata.Annotations.Set(VolumeFacts.SelectedNode, node),
            },
        };

    private List<(PersistentVolumeClaim Claim, PersistentVolume? Volume)> PlanOf(
        CycleState state, string node) =>
        state.Get<Wishes>(this)?.Plans.GetValueOrDefault(node) ?? [];

    private sealed class Wishes
    {
        public List<PersistentVolumeClaim> Bound { get; } = [];
        public List<PersistentVolumeClaim> Waiting { get; } = [];
        public List<PersistentVolumeClaim> Immediate { get; } = [];
        public Dictionary<string, List<(PersistentVolumeClaim, PersistentVolume?)>> Plans { get; } =
            new(StringComparer.Ordinal);

        public DateTime? Since { get; set; }
    }
}
