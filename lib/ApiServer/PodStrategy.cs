using System.Runtime.CompilerServices;

namespace KubeSim;

/// <summary>Defaults and validation of pod specs, remembered by reference: see
/// <see cref="PodSpecMemo"/>.</summary>
internal sealed class PodRules
{
    private readonly PodSpecMemo pods = new(static spec => Same(spec, PodDefaults.Pod(spec)));
    private readonly PodSpecMemo templates = new(static spec => Same(spec,
        PodDefaults.Template(spec)));
    private readonly PodSpec?[] valid = new PodSpec?[1024];

    public PodSpec DefaultPod(PodSpec spec) => pods[spec];

    public PodTemplateSpec DefaultTemplate(PodTemplateSpec template)
    {
        var spec = templates[template.Spec];
        return ReferenceEquals(spec, template.Spec) ? template : template with { Spec = spec };
    }

    public void Validate(PodSpec spec, string at, FieldErrors errors)
    {
        ref var slot = ref valid[RuntimeHelpers.GetHashCode(spec) & (valid.Length - 1)];
        if (ReferenceEquals(slot, spec))
        {
            return;
        }
        var before = errors.Count;
        PodValidation.Spec(spec, at, errors);
        slot = errors.Count == before ? spec : slot;
    }

    public void Validate(PodTemplateSpec template, string at, FieldErrors errors)
    {
        MetadataStage.Labels(template.Metadata.Labels, $"{at}.metadata.labels", errors);
        MetadataStage.Annotations(template.Metadata.Annotations, $"{at}.metadata.annotations",
            errors);
        Validate(template.Spec, $"{at}.spec", errors);
    }

    // Filling in defaults makes a copy; where nothing was missing, the one that was there stays.
    private static PodSpec Same(PodSpec old, PodSpec filled) => filled.Equals(old) ? old : filled;
}

/// <summary>Pods: made Pending, told their quality of service, deleted with grace, and fixed for
/// good but for images, tolerations and a deadline.</summary>
/// <remarks>Models pkg/registry/core/pod/strategy.go.</remarks>
internal sealed class PodStrategy(PodRules rules) : KindStrategy<Pod>
{
    private const string FixedFields = "pod updates may not change fields other than "
        + "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
        + "`spec.tolerations` (only additions to existing tolerations),"
        + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously "
        + "negative)";

    private static readonly PodCondition gated = new()
    {
        Type = "PodScheduled", Status = "False", Reason = "SchedulingGated",
        Message = "Scheduling is blocked due to non-empty scheduling gates",
    };

    private static readonly PodStatus bestEffort = Pending("BestEffort");
    private static readonly PodStatus burstable = Pending("Burstable");
    private static readonly PodStatus guaranteed = Pending("Guaranteed");

    public override bool ReturnsDeleted => true;

    /// <summary>A pod that runs nowhere, or has ended, needs no time to stop.</summary>
    public override long? Grace(ApiObject value, long? asked)
    {
        var pod = (Pod)value;
        var grace = asked ?? pod.Spec.TerminationGracePeriodSeconds ?? 30;
        return pod.Spec.NodeName is null or "" || pod.Status.Phase is "Succeeded" or "Failed" ? 0
            : grace < 0 ? 1 : grace;
    }

    protected override Pod Default(Pod value)
    {
        var spec = rules.DefaultPod(value.Spec);
        return ReferenceEquals(spec, value.Spec) ? value : value with { Spec = spec };
    }

    protected override Pod PrepareCreate(Pod value)
    {
        var status = value.QosClass switch
        {
            "BestEffort" => bestEffort,
            "Guaranteed" => guaranteed,
            _ => burstable,
        };
        return value with
        {
            Spec = PodLabelKeys.Resolve(value.Spec, value.Metadata.Labels),
            Status = value.Spec.SchedulingGates.IsEmpty ? status
                : status with { Conditions = [gated] },
        };
    }

    protected override Pod WithStatusOf(Pod value, Pod source) =>
        value with { Status = source.Status };

    protected override ApiPart Desired(Pod value) => value.Spec;

    protected override void Validate(Pod value, FieldErrors errors) =>
        rules.Validate(value.Spec, "spec", errors);

    protected override void ValidateUpdate(Pod now, Pod old, FieldErrors errors)
    {
        if (ReferenceEquals(now.Spec, old.Spec))
        {
            return;
        }
        if (now.Spec.Containers.Count != old.Spec.Containers.Count)
        {
            errors.Forbidden("spec.containers", "pod updates may not add or remove containers");
            return;
        }
        if (now.Spec.InitContainers.Count != old.Spec.InitContainers.Count)
        {
            errors.Forbidden("spec.initContainers",
                "pod updates may not add or remove init containers");
            return;
        }
        // Put back what may change; what differs then may not.
        var allowed = now.Spec with
        {
            Containers = WithImages(now.Spec.Containers, old.Spec.Containers),
            InitContainers = WithImages(now.Spec.InitContainers, old.Spec.InitContainers),
            ActiveDeadlineSeconds = old.Spec.ActiveDeadlineSeconds,
            Tolerations = old.Spec.Tolerations.All(now.Spec.Tolerations.Contains)
                ? old.Spec.Tolerations : now.Spec.Tolerations,
            TerminationGracePeriodSeconds = old.Spec.TerminationGracePeriodSeconds is < 0
                && now.Spec.TerminationGracePeriodSeconds == 1
                ? old.Spec.TerminationGracePeriodSeconds : now.Spec.TerminationGracePeriodSeconds,
            SchedulingGates = now.Spec.SchedulingGates.All(old.Spec.SchedulingGates.Contains)
                ? old.Spec.SchedulingGates : now.Spec.SchedulingGates,
        };
        if (!allowed.Equals(old.Spec))
        {
            errors.Forbidden("spec", FixedFields);
        }
    }

    /// <summary>A pod with the requests and limits of another spec, which may differ in nothing
    /// else.</summary>
    public static Pod Resized(Pod old, PodSpec sent, FieldErrors errors)
    {
        var back = sent with
        {
            Containers = Zip(sent.Containers, old.Spec.Containers),
            InitContainers = Zip(sent.InitContainers, old.Spec.InitContainers),
        };
        if (!back.Equals(old.Spec))
        {
            errors.Forbidden("spec", "only cpu and memory resources are mutable");
            return old;
        }
        var resized = old with { Spec = sent };
        if (resized.QosClass != old.QosClass)
        {
            errors.InvalidText("spec", resized.QosClass,
                "Pod QOS Class may not change as a result of resizing");
        }
        return resized;
    }

    private static Seq<Container> Zip(Seq<Container> now, Seq<Container> old) =>
        now.Select((container, i) => i >= old.Count ? container : container with
        {
            Resources = old[i].Resources,
            ResizePolicy = old[i].ResizePolicy,
        }).ToSeq();

    /// <summary>A pod with the ephemeral containers of another spec: those that it has
    /// stay.</summary>
    public static Pod Debugged(Pod old, PodSpec sent, FieldErrors errors)
    {
        const string at = "spec.ephemeralContainers";
        foreach (var before in old.Spec.EphemeralContainers)
        {
            var now = sent.EphemeralContainers.FirstOrDefault(c => c.Name == before.Name);
            if (!before.Equals(now))
            {
                errors.Forbidden(at, $"existing ephemeral containers \"{before.Name}\" may not be "
                    + (now is null ? "removed" : "changed") + "\n");
            }
        }
        return old with
        {
            Spec = old.Spec with { EphemeralContainers = sent.EphemeralContainers },
        };
    }

    private static Seq<Container> WithImages(Seq<Container> now, Seq<Container> old)
    {
        for (var i = 0; i < now.Count; i++)
        {
            now = now[i].Image == old[i].Image ? now
                : now.SetItem(i, now[i] with { Image = old[i].Image });
        }
        return now;
    }

    private static PodStatus Pending(string qos) => new() { Phase = "Pending", QosClass = qos };
}
