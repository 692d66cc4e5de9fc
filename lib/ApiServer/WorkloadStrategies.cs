using System.Globalization;

namespace KubeSim;

// The workloads that keep pods running: each wants a selector, a template whose labels it selects,
// and pods that are always restarted.
//
// Models pkg/apis/apps/{v1/defaults.go,validation/validation.go}.

/// <summary>What the workloads' validations have in common.</summary>
internal static class WorkloadValidation
{
    private const string Mismatch = "`selector` does not match template `labels`";

    public static void Selector(
        LabelSelector? selector, string workload, FieldErrors errors)
    {
        if (selector is null)
        {
            errors.Required("spec.selector");
        }
        else if (selector.IsEmpty)
        {
            errors.Invalid("spec.selector", "{}", $"empty selector is invalid for {workload}");
        }
        else if (!KubeSim.Selector.TryFrom(selector, out _, out var problem))
        {
            errors.Invalid("spec.selector", Show(selector), problem!);
        }
    }

    public static void Template(PodRules rules, PodTemplateSpec template, LabelSelector? selector,
        FieldErrors errors, string kind = nameof(ReplicaSet))
    {
        var labels = template.Metadata.Labels;
        if (selector is { IsEmpty: false }
            && KubeSim.Selector.TryFrom(selector, out var read, out _)
            && !read.Matches(labels))
        {
            errors.Invalid("spec.template.metadata.labels", Show(labels), Mismatch);
        }
        rules.Validate(template, "spec.template", errors);
        if (template.Spec.RestartPolicy is "OnFailure" or "Never")
        {
            errors.NotSupported("spec.template.spec.restartPolicy",
                FieldErrors.Quote(template.Spec.RestartPolicy), "Always");
        }
        if (template.Spec.ActiveDeadlineSeconds is not null)
        {
            errors.Forbidden("spec.template.spec.activeDeadlineSeconds",
                $"activeDeadlineSeconds in {kind} is not Supported");
        }
    }

    public static void SelectorUpdate(LabelSelector? now, LabelSelector? old, FieldErrors errors)
    {
        if (!Equals(now, old))
        {
            errors.Immutable("spec.selector", Show(now));
        }
    }

    /// <summary>A number or percentage that is not negative, and a percentage at most
    /// 100.</summary>
    public static void Share(IntOrString? value, string field, bool atMostAll, FieldErrors errors)
    {
        if (value is not { } given)
        {
            return;
        }
        if (!given.TryGet(out var number, out var percent, out _))
        {
            errors.InvalidText(field, given.Text, "a valid percent string must be a numeric string "
                + "followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is "
                + "'[0-9]+%')");
        }
        else if (number < 0)
        {
            errors.Invalid(field, number, "must be greater than or equal to 0");
        }
        else if (percent && atMostAll && number > 100)
        {
            errors.InvalidText(field, given.Text, "must not be greater than 100%");
        }
    }

    public static string Show<T>(T value) =>
        System.Text.Json.JsonSerializer.Serialize(value, Json.Options);
}

/// <summary>Deployments.</summary>
internal sealed class DeploymentRules(PodRules rules) : KindStrategy<Deployment>
{
    private static readonly IntOrString quarter = "25%";

    public override bool StatusKeepsLabels => true;

    protected override Deployment WithStatusOf(Deployment value, Deployment source) =>
        value with { Status = source.Status };

    protected override ApiPart Desired(Deployment value) => value.Spec;

    // The generation of a Deployment counts changes of its annotations too.
    protected override bool SameDesired(Deployment now, Deployment old) =>
        base.SameDesired(now, old)
        && now.Metadata.Annotations.Equals(old.Metadata.Annotations);

    protected override Deployment Default(Deployment value)
    {
        var spec = value.Spec;
        var filled = spec with
        {
            Replicas = spec.Replicas ?? 1,
            RevisionHistoryLimit = spec.RevisionHistoryLimit ?? 10,
            ProgressDeadlineSeconds = spec.ProgressDeadlineSeconds ?? 600,
            Strategy = Default(spec.Strategy),
            Template = rules.DefaultTemplate(spec.Template),
        };
        return filled.Equals(spec) ? value : value with { Spec = filled };
    }

    protected override void Validate(Deployment value, FieldErrors errors)
    {
        var spec = value.Spec;
        errors.NotNegative("spec.replicas", spec.Replicas);
        WorkloadValidation.Selector(spec.Selector, "deployment", errors);
        WorkloadValidation.Template(rules, spec.Template, spec.Selector, errors);
        Strategy(spec.Strategy, errors);
        errors.NotNegative("spec.minReadySeconds", spec.MinReadySeconds);
        errors.NotNegative("spec.revisionHistoryLimit", spec.RevisionHistoryLimit);
        errors.NotNegative("spec.progressDeadlineSeconds", spec.ProgressDeadlineSeconds);
        if (spec.ProgressDeadlineSeconds is { } deadline && deadline <= (spec.MinReadySeconds ?? 0))
        {
            errors.Invalid("spec.progressDeadlineSeconds", deadline,
                "must be greater than minReadySeconds");
        }
    }

    protected override void ValidateUpdate(Deployment now, Deployment old, FieldErrors errors) =>
        WorkloadValidation.SelectorUpdate(now.Spec.Selector, old.Spec.Selector, errors);

    private static DeploymentStrategy Default(DeploymentStrategy strategy)
    {
        var type = strategy.Type is { Length: > 0 } given ? given : "RollingUpdate";
        return type != "RollingUpdate" ? strategy with { Type = type } : strategy with
        {
            Type = type,
            RollingUpdate = (strategy.RollingUpdate ?? new()) with
            {
                MaxUnavailable = strategy.RollingUpdate?.MaxUnavailable ?? quarter,
                MaxSurge = strategy.RollingUpdate?.MaxSurge ?? quarter,
            },
        };
    }

    private static void Strategy(DeploymentStrategy strategy, FieldErrors errors)
    {
        const string at = "spec.strategy.rollingUpdate";
        if (strategy is { Type: "Recreate", RollingUpdate: not null })
        {
            errors.Forbidden(at, "may not be specified when strategy `type` is 'Recreate'");
        }
        else if (strategy is { Type: "RollingUpdate", RollingUpdate: { } rolling })
        {
            WorkloadValidation.Share(rolling.MaxUnavailable, $"{at}.maxUnavailable", true, errors);
            WorkloadValidation.Share(rolling.MaxSurge, $"{at}.maxSurge", false, errors);
            if (IsZero(rolling.MaxUnavailable) && IsZero(rolling.MaxSurge))
            {
                errors.Invalid($"{at}.maxUnavailable",
                    WorkloadValidation.Show(rolling.MaxUnavailable),
                    "may not be 0 when `maxSurge` is 0");
            }
        }
        errors.OneOf("spec.strategy.type", strategy.Type, "Recreate", "RollingUpdate");
    }

    private static bool IsZero(IntOrString? value) =>
        value is { } given && given.TryGet(out var number, out _, out _) && number == 0;
}

/// <summary>ReplicaSets.</summary>
internal sealed class ReplicaSetRules(PodRules rules) : KindStrategy<ReplicaSet>
{
    public override bool StatusKeepsLabels => true;

    protected override ReplicaSet WithStatusOf(ReplicaSet value, ReplicaSet source) =>
        value with { Status = source.Status };

    protected override ApiPart Desired(ReplicaSet value) => value.Spec;

    protected override ReplicaSet Default(ReplicaSet value)
    {
        var template = rules.DefaultTemplate(value.Spec.Template);
        return ReferenceEquals(template, value.Spec.Template) && value.Spec.Replicas is not null
            ? value
            : value with
            {
                Spec = value.Spec with { Template = template, Replicas = value.Spec.Replicas ?? 1 },
            };
    }

    protected override void Validate(ReplicaSet value, FieldErrors errors)
    {
        errors.NotNegative("spec.replicas", value.Spec.Replicas);
        errors.NotNegative("spec.minReadySeconds", value.Spec.MinReadySeconds);
        WorkloadValidation.Selector(value.Spec.Selector, "deployment", errors);
        WorkloadValidation.Template(rules, value.Spec.Template, value.Spec.Selector, errors);
    }

    protected override void ValidateUpdate(ReplicaSet now, ReplicaSet old, FieldErrors errors) =>
        WorkloadValidation.SelectorUpdate(now.Spec.Selector, old.Spec.Selector, errors);
}

/// <summary>ReplicationControllers.</summary>
internal sealed class ReplicationControllerRules(PodRules rules)
    : KindStrategy<ReplicationController>
{
    protected override ReplicationController WithStatusOf(
        ReplicationController value, ReplicationController source) =>
            value with { Status = source.Status };

    protected override ApiPart Desired(ReplicationController value) => value.Spec;

    // The oldest workload takes selector and labels from its template.
    protected override ReplicationController Default(ReplicationController value)
    {
        var (spec, labels) = (value.Spec, value.Spec.Template.Metadata.Labels);
        var filled = spec with
        {
            Replicas = spec.Replicas ?? 1,
            Selector = spec.Selector.IsEmpty ? labels : spec.Selector,
            Template = rules.DefaultTemplate(spec.Template),
        };
        value = filled.Equals(spec) ? value : value with { Spec = filled };
        return !value.Metadata.Labels.IsEmpty || labels.IsEmpty ? value
            : value with { Metadata = value.Metadata with { Labels = labels } };
    }

    protected override void Validate(ReplicationController value, FieldErrors errors)
    {
        errors.NotNegative("spec.replicas", value.Spec.Replicas);
        if (value.Spec.Selector.IsEmpty)
        {
            errors.Required("spec.selector");
        }
        WorkloadValidation.Template(rules, value.Spec.Template,
            new() { MatchLabels = value.Spec.Selector }, errors, nameof(ReplicationController));
    }
}

/// <summary>DaemonSets.</summary>
internal sealed class DaemonSetRules(PodRules rules) : KindStrategy<DaemonSet>
{
    /// <summary>The annotation that counts the changes of the template.</summary>
    public const string Generation = "deprecated.daemonset.template.generation";

    public override bool StatusKeepsLabels => true;

    protected override DaemonSet PrepareCreate(DaemonSet value) =>
        Counted(base.PrepareCreate(value), 1);

    // Nobody takes the count away, by the status neither.
    public override ApiObject PrepareStatus(ApiObject now, ApiObject old)
    {
        var (value, count) = ((DaemonSet)base.PrepareStatus(now, old), Math.Max(1, CountOf(old)));
        return CountOf(value) == count ? value : Counted(value, count);
    }

    protected override DaemonSet KeepOnUpdate(DaemonSet now, DaemonSet old)
    {
        var (before, changed) = (CountOf(old), !now.Spec.Template.Equals(old.Spec.Template));
        return Counted(base.KeepOnUpdate(now, old), changed ? before + 1 : Math.Max(1, before));
    }

    private static long CountOf(ApiObject value) => long.TryParse(
        value.Metadata.Annotations.Get(Generation), NumberStyles.None,
        CultureInfo.InvariantCulture, out var count) ? count : 0;

    private static DaemonSet Counted(DaemonSet value, long generation) => value with
    {
        Metadata = value.Metadata with
        {
            Annotations = value.Metadata.Annotations.Set(
                Generation, generation.ToString(CultureInfo.InvariantCulture)),
        },
    };

    protected override DaemonSet WithStatusOf(DaemonSet value, DaemonSet source) =>
        value with { Status = source.Status };

    protected override ApiPart Desired(DaemonSet value) => value.Spec;

    protected override DaemonSet Default(DaemonSet value)
    {
        var (spec, strategy) = (value.Spec, value.Spec.UpdateStrategy);
        var type = strategy.Type is { Length: > 0 } given ? given : "RollingUpdate";
        var rolling = type != "RollingUpdate" ? strategy.RollingUpdate
            : (strategy.RollingUpdate ?? new()) with
            {
                MaxUnavailable = strategy.RollingUpdate?.MaxUnavailable ?? 1,
                MaxSurge = strategy.RollingUpdate?.MaxSurge ?? 0,
            };
        var filled = spec with
        {
            UpdateStrategy = strategy with { Type = type, RollingUpdate = rolling },
            RevisionHistoryLimit = spec.RevisionHistoryLimit ?? 10,
            Template = rules.DefaultTemplate(spec.Template),
        };
        return filled.Equals(spec) ? value : value with { Spec = filled };
    }

    protected override void Validate(DaemonSet value, FieldErrors errors)
    {
        var spec = value.Spec;
        WorkloadValidation.Selector(spec.Selector, "daemonset", errors);
        WorkloadValidation.Template(rules, spec.Template, spec.Selector, errors,
            nameof(DaemonSet));
        errors.NotNegative("spec.minReadySeconds", spec.MinReadySeconds);
        const string at = "spec.updateStrategy.rollingUpdate";
        WorkloadValidation.Share(spec.UpdateStrategy.RollingUpdate?.MaxUnavailable,
            $"{at}.maxUnavailable", true, errors);
        WorkloadValidation.Share(spec.UpdateStrategy.RollingUpdate?.MaxSurge,
            $"{at}.maxSurge", true, errors);
        errors.OneOf("spec.updateStrategy.type", spec.UpdateStrategy.Type, "OnDelete",
            "RollingUpdate");
        errors.NotNegative("spec.revisionHistoryLimit", spec.RevisionHistoryLimit);
    }

    protected override void ValidateUpdate(DaemonSet now, DaemonSet old, FieldErrors errors) =>
        WorkloadValidation.SelectorUpdate(now.Spec.Selector, old.Spec.Selector, errors);
}

/// <summary>StatefulSets.</summary>
internal sealed class StatefulSetRules(PodRules rules, bool keepsMaxUnavailable)
    : KindStrategy<StatefulSet>
{
    public override bool StatusKeepsLabels => true;

    protected override StatefulSet WithStatusOf(StatefulSet value, StatefulSet source) =>
        value with { Status = source.Status };

    protected override ApiPart Desired(StatefulSet value) => value.Spec;

    protected override StatefulSet Default(StatefulSet value)
    {
        var (spec, strategy) = (value.Spec, value.Spec.UpdateStrategy);
        var type = strategy.Type is { Length: > 0 } given ? given : "RollingUpdate";
        var rolling = type != "RollingUpdate" ? strategy.RollingUpdate
            : (strategy.RollingUpdate ?? new()) with
            {
                Partition = strategy.RollingUpdate?.Partition ?? 0,
                MaxUnavailable = keepsMaxUnavailable ? strategy.RollingUpdate?.MaxUnavailable
                    : null,
            };
        var retention = spec.PersistentVolumeClaimRetentionPolicy ?? new();
        var filled = spec with
        {
            Replicas = spec.Replicas ?? 1,
            PodManagementPolicy = spec.PodManagementPolicy ?? "OrderedReady",
            UpdateStrategy = strategy with { Type = type, RollingUpdate = rolling },
            RevisionHistoryLimit = spec.RevisionHistoryLimit ?? 10,
            PersistentVolumeClaimRetentionPolicy = retention with
            {
                WhenDeleted = retention.WhenDeleted ?? "Retain",
                WhenScaled = retention.WhenScaled ?? "Retain",
            },
            VolumeClaimTemplates = PodDefaults.Each(
                spec.VolumeClaimTemplates, PersistentVolumeClaimStrategy.Fill),
            Template = rules.DefaultTemplate(spec.Template),
        };
        return filled.Equals(spec) ? value : value with { Spec = filled };
    }

    protected override void Validate(StatefulSet value, FieldErrors errors)
    {
        var spec = value.Spec;
        if (spec.PodManagementPolicy is not ("OrderedReady" or "Parallel"))
        {
            errors.InvalidText("spec.podManagementPolicy", spec.PodManagementPolicy,
                "must be 'OrderedReady' or 'Parallel'");
        }
        UpdateStrategy(spec.UpdateStrategy, errors);
        errors.NotNegative("spec.replicas", spec.Replicas);
        errors.NotNegative("spec.minReadySeconds", spec.MinReadySeconds);
        WorkloadValidation.Selector(spec.Selector, "statefulset", errors);
        WorkloadValidation.Template(rules, WithClaims(spec), spec.Selector, errors,
            nameof(StatefulSet));
    }

    private static void UpdateStrategy(StatefulSetUpdateStrategy strategy, FieldErrors errors)
    {
        const string at = "spec.updateStrategy";
        if (strategy is { Type: "OnDelete", RollingUpdate: { } rolling })
        {
            errors.Invalid($"{at}.rollingUpdate", WorkloadValidation.Show(rolling),
                "only allowed for updateStrategy 'RollingUpdate'");
        }
        else if (strategy.Type is not ("OnDelete" or "RollingUpdate"))
        {
            // Shown as the server's own structure, whose fields have Go's names.
            errors.Invalid(at, $"{{\"Type\":{FieldErrors.Quote(strategy.Type ?? "")},"
                + $"\"RollingUpdate\":{WorkloadValidation.Show(strategy.RollingUpdate)}}}",
                "must be 'RollingUpdate' or 'OnDelete'");
        }
        errors.NotNegative($"{at}.rollingUpdate.partition", strategy.RollingUpdate?.Partition);
    }

    // Each pod will have a volume for each claim, so the template's containers may mount them.
    private static PodTemplateSpec WithClaims(StatefulSetSpec spec)
    {
        var volumes = spec.Template.Spec.Volumes;
        foreach (var claim in spec.VolumeClaimTemplates)
        {
            var name = claim.Metadata.Name;
            volumes = volumes.RemoveAll(volume => volume.Name == name).Add(new()
            {
                Name = name,
                PersistentVolumeClaim = new() { ClaimName = name },
            });
        }
        return volumes.SameAs(spec.Template.Spec.Volumes) ? spec.Template : spec.Template with
        {
            Spec = spec.Template.Spec with { Volumes = volumes },
        };
    }

    protected override void ValidateUpdate(StatefulSet now, StatefulSet old, FieldErrors errors)
    {
        var allowed = now.Spec with
        {
            Replicas = old.Spec.Replicas,
            Ordinals = old.Spec.Ordinals,
            Template = old.Spec.Template,
            UpdateStrategy = old.Spec.UpdateStrategy,
            RevisionHistoryLimit = old.Spec.RevisionHistoryLimit,
            PersistentVolumeClaimRetentionPolicy = old.Spec.PersistentVolumeClaimRetentionPolicy,
            MinReadySeconds = old.Spec.MinReadySeconds,
        };
        if (!allowed.Equals(old.Spec))
        {
            errors.Forbidden("spec", "updates to statefulset spec for fields other than "
                + "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
                + "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
        }
    }
}
