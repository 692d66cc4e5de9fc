namespace KubeSim;

/// <summary>One look at one autoscaler; see <see cref="HorizontalPodAutoscalers"/>.</summary>
/// <remarks>Models pkg/controller/podautoscaler/horizontal.go.</remarks>
internal sealed class HpaSync(HorizontalPodAutoscaler hpa,
    Dictionary<ObjectKey, HpaBehavior> known, ReconcileContext api)
{
    private readonly HpaBehavior memory = known[hpa.Key];
    private readonly string ns = hpa.Metadata.Namespace;
    private HorizontalPodAutoscalerStatus status = hpa.Status;
    private int current;
    private int desired;
    private int least;

    /// <summary>True when it wrote anything.</summary>
    public bool Acted { get; private set; }

    /// <summary>True when the next look will find something else even if nobody does
    /// anything.</summary>
    public bool IsUnderWay { get; private set; }

    public void Run()
    {
        if (TryGetScale() is not { } found)
        {
            Write();
            return;
        }
        var (path, scale) = found;
        Tell("AbleToScale", "True", "SucceededGetScale",
            "the HPA controller was able to get the target's current scale");
        (current, least) = (scale.Spec.Replicas ?? 0, hpa.Spec.MinReplicas ?? 1);
        if (memory.Proposals.Count == 0)
        {
            memory.Proposals.Add((current, api.Now));
        }
        Seq<MetricStatus> metrics = default;
        string? reason = null;
        desired = current;
        if (current == 0 && least != 0)
        {
            Tell("ScalingActive", "False", "ScalingDisabled",
                "scaling is disabled since the replica count of the target is zero");
        }
        else if (current > hpa.Spec.MaxReplicas)
        {
            (desired, reason) = (hpa.Spec.MaxReplicas,
                "Current number of replicas above Spec.MaxReplicas");
        }
        else if (current < least)
        {
            (desired, reason) = (least, "Current number of replicas below Spec.MinReplicas");
        }
        else if (!TryMeasure(scale, out metrics, out reason))
        {
            Finish(metrics, status.DesiredReplicas, false);
            return;
        }
        if (desired == current || Rescale(path, scale, reason!))
        {
            Finish(metrics, desired, desired != current);
        }
        else
        {
            Finish(metrics, status.DesiredReplicas, false);
        }
    }

    // The target's scale and where it is; or an event and a condition that say why not.
    private (ResourcePath Path, Scale Scale)? TryGetScale()
    {
        var target = hpa.Spec.ScaleTargetRef;
        var version = target.ApiVersion ?? "";
        var group = version[..Math.Max(0, version.IndexOf('/', StringComparison.Ordinal))];
        string problem;
        if (KindOf(group, target.Kind) is not { } kind)
        {
            problem = $"no matches for kind \"{target.Kind}\" in group \"{group}\"";
        }
        else
        {
            try
            {
                var path = new ResourcePath(kind, ns, target.Name, "scale");
                return (path, (Scale)api.Send(new(Verb.Get, path)).Object!);
            }
            catch (ApiException refused)
            {
                problem = refused.Message;
            }
        }
        Report("Warning", "FailedGetScale", problem);
        Tell("AbleToScale", "False", "FailedGetScale",
            $"the HPA controller was unable to get the target's current scale: {problem}");
        return null;
    }

    // Of the built-in kinds, or of those that definitions brought.
    private Kind? KindOf(string group, string name) =>
        KindRegistry.BuiltIn.All.FirstOrDefault(k => k.Group == group && k.Name == name)
        ?? api.List(Kinds.CustomResourceDefinition, null).Where(CustomKind.IsEstablished)
            .Select(CustomKind.Of).FirstOrDefault(k => k?.Group == group && k.Name == name);

    private bool Rescale(in ResourcePath path, Scale scale, string reason)
    {
        try
        {
            api.Send(new(Verb.Update, path)
            {
                Body = new Payload.Typed(scale with { Spec = new() { Replicas = desired } }),
            });
        }
        catch (ApiException refused)
        {
            Report("Warning", "FailedRescale", "New size: {0}; reason: {1}; error: {2}",
                $"{desired}", reason, refused.Message);
            Tell("AbleToScale", "False", "FailedUpdateScale",
                "the HPA controller was unable to update the target scale: "
                + refused.Message);
            return false;
        }
        Tell("AbleToScale", "True", "SucceededRescale",
            $"the HPA controller was able to update the target scale to {desired}");
        Report("Normal", "SuccessfulRescale", "New size: {0}; reason: {1}", $"{desired}", reason);
        memory.Scaled(hpa.Spec.Behavior, current, desired, api.Now);
        return true;
    }

    // What the metrics ask for and what may be done of it: false when they allow no answer.
    private bool TryMeasure(Scale scale, out Seq<MetricStatus> metrics, out string? reason)
    {
        (metrics, reason) = (default, null);
        string? problem;
        if (TrySelect(scale.Status.Selector, out var pods) is { } ambiguous)
        {
            problem = ambiguous;
        }
        else
        {
            var measured = new HpaMetrics(hpa, scale, memory.Selector!, pods!, api);
            (metrics, problem) = (measured.Statuses, measured.Problem);
            var name = measured.Name;
            desired = measured.Replicas;
            IsUnderWay |= measured.IsUnderWay;
            foreach (var (why, text) in measured.Failures)
            {
                Report("Warning", why, text);
            }
            if (!measured.IsUsable)
            {
                var (why, text) = measured.Failures[0];
                Tell("ScalingActive", "False", why,
                    $"the HPA was unable to compute the replica count: {text}");
            }
            else
            {
                Tell("ScalingActive", "True", "ValidMetricFound", "the HPA was able to "
                    + $"successfully calculate a replica count from {name}");
                reason = desired > current ? $"{name} above target" : "All metrics below target";
                Normalise();
                return true;
            }
        }
        Report("Warning", "FailedComputeMetricsReplicas", problem!);
        return false;
    }

    // The pods of the target; or why they cannot be told.
    private string? TrySelect(string? text, out List<Pod>? pods)
    {
        pods = null;
        string problem;
        if (string.IsNullOrEmpty(text))
        {
            Report("Warning", "SelectorRequired", "selector is required");
            Tell("ScalingActive", "False", "InvalidSelector",
                "the HPA target's scale is missing a selector");
            return "selector is required";
        }
        if (!Selector.TryParse(text, out var selector, out var wrong))
        {
            problem = "couldn't convert selector into a corresponding internal selector object: "
                + wrong;
            Report("Warning", "InvalidSelector", problem);
            Tell("ScalingActive", "False", "InvalidSelector", problem);
            return problem;
        }
        memory.Selector = selector;
        var found = PodsOf(selector);
        var rivals = known.Where(other => other.Key.Namespace == ns
                && other.Value.Selector is { } theirs
                && found.Exists(pod => theirs.Matches(pod.Metadata.Labels)))
            .Select(other => $"{{{other.Key.Name} {ns}}}")
            .Order(StringComparer.Ordinal).ToList();
        if (rivals.Count <= 1)
        {
            pods = found;
            return null;
        }
        problem = $"pods by selector {text} are controlled by multiple HPAs: "
            + $"[{string.Join(' ', rivals)}]";
        Report("Warning", "AmbiguousSelector", problem);
        Tell("ScalingActive", "False", "AmbiguousSelector", problem);
        return problem;
    }

    private List<Pod> PodsOf(Selector selector)
    {
        foreach (var part in selector.Requirements)
        {
            if (selector.TryGetExact(part.Key, out var value))
            {
                var pods = api.Labelled<Pod>(ns, part.Key, value);
                pods.RemoveAll(pod => !selector.Matches(pod.Metadata.Labels));
                pods.Sort((a, b) => string.CompareOrdinal(a.Metadata.Name, b.Metadata.Name));
                return pods;
            }
        }
        return [.. api.List<Pod>(ns).Where(pod => selector.Matches(pod.Metadata.Labels))];
    }

    private void Normalise()
    {
        var window = api.Settings.Get(KnownFlags.HpaDownscaleStabilization);
        var (most, proposed) = (hpa.Spec.MaxReplicas, desired);
        var (ups, downs) = (hpa.Spec.Behavior?.ScaleUp, hpa.Spec.Behavior?.ScaleDown);
        var plain = hpa.Spec.Behavior is null;
        var stable = plain ? memory.Stabilise(proposed, window, api.Now)
            : memory.Stabilise(current, proposed, ups?.StabilizationWindowSeconds ?? 0,
                downs?.StabilizationWindowSeconds ?? (int)window.TotalSeconds, api.Now);
        if (stable == proposed)
        {
            Tell("AbleToScale", "True", "ReadyForNewScale",
                "recommended size matches current size");
        }
        else
        {
            var (way, others, which) = plain || proposed < current
                ? ("ScaleDown", "higher", "highest") : ("ScaleUp", "lower", "lowest");
            Tell("AbleToScale", "True", $"{way}Stabilized", $"recent recommendations were {others} "
                + $"than current one, applying the {which} recent recommendation");
        }
        var verdict = plain
            ? HpaBehavior.Bound(stable, least, most, Math.Max(2 * current, 4))
            : memory.Bound(current, stable, least, most, ups, downs, api.Now);
        Tell("ScalingLimited", verdict.Replicas == stable ? "False" : "True", verdict.Reason,
            verdict.Message);
        desired = verdict.Replicas;
        var rules = proposed > current ? ups : downs;
        IsUnderWay |= stable != proposed || (rules?.SelectPolicy != "Disabled"
            && verdict.Reason is "ScaleUpLimit" or "ScaleDownLimit");
    }

    private void Finish(Seq<MetricStatus> metrics, int wanted, bool scaled)
    {
        status = status with
        {
            CurrentReplicas = current, DesiredReplicas = wanted, CurrentMetrics = metrics,
            LastScaleTime = scaled ? api.Now : status.LastScaleTime, ObservedGeneration = null,
        };
        Write();
    }

    private void Write()
    {
        if (status.Equals(hpa.Status))
        {
            return;
        }
        (Acted, IsUnderWay) = (true, true);
        try
        {
            api.UpdateStatus(hpa with { Status = status });
        }
        catch (ApiException refused)
        {
            Report("Warning", "FailedUpdateStatus", refused.Message);
        }
    }

    private void Report(string type, string reason, string message, params string[] arguments)
    {
        Acted = true;
        api.Event(hpa, type, reason, arguments.Length > 0 ? message : "{0}",
            arguments.Length > 0 ? arguments : [message]);
    }

    private void Tell(string type, string holds, string reason, string message)
    {
        var old = status.Conditions.Of(type);
        status = status with
        {
            Conditions = status.Conditions.With(new HorizontalPodAutoscalerCondition
            {
                Type = type, Status = holds, Reason = reason, Message = message,
                LastTransitionTime = old?.Status == holds ? old.LastTransitionTime : api.Now,
            }),
        };
    }
}
