using System.Text.Json.Nodes;

namespace KubeSim;

// The subresources that only pods have and that write. An eviction is a deletion that asks the
// PodDisruptionBudgets first; resize and ephemeralcontainers are the two doors to a pod's spec that
// a plain replacement finds shut.
//
// Worked example: a budget of minAvailable 1 over two healthy pods allows one disruption. The first
// eviction writes disruptionsAllowed 0 into the budget and deletes its pod; the second is refused
// with 429 until the disruption controller has counted anew.
//
// Models pkg/registry/core/pod/storage/{eviction,storage}.go.
public sealed partial class ApiServer
{
    private const int MostDisrupted = 2000;

    private ApiResponse Evict(ApiRequest request)
    {
        if (request.Verb != Verb.Create)
        {
            return Refusals.MethodNotAllowed;
        }
        JsonNode? body = null;
        var unreadable = request.Body switch
        {
            Payload.Json json => (body = json.Node, (Status?)null).Item2,
            Payload.Text text => Read(text.Value, request.Path.Kind, out body),
            _ => ApiErrors.BadRequest("the request needs an object of kind Eviction").Status,
        };
        if (unreadable is not null)
        {
            return unreadable;
        }
        var (path, eviction) = (request.Path, body as JsonObject);
        if (ObjectRules.Plain(eviction.At("metadata", "name")) != path.Name)
        {
            return ApiErrors.BadRequest("name in URL does not match name in Eviction object");
        }
        if (store.Get(path.Key) is not Pod pod)
        {
            return ApiErrors.NotFound(path.Kind, path.Name);
        }
        var deletion = request with
        {
            Verb = Verb.Delete,
            Path = path with { Subresource = "" },
            Body = null,
            Delete = DeleteOptions.Read(eviction.At("deleteOptions")),
        };
        if (RefuseOptions(request, "CreateOptions") is { } options)
        {
            return options;
        }
        if (RefuseDelete(deletion) is { } deleteOptions)
        {
            return deleteOptions;
        }
        var certain = pod.Status.Phase is "Succeeded" or "Failed" or "Pending"
            || pod.Metadata.DeletionTimestamp is not null;
        if (!certain && Disrupt(pod, IsDryRun(request)) is { } refusal)
        {
            return refusal;
        }
        return Evict(deletion, pod, certain);
    }

    private ApiResponse Evict(ApiRequest deletion, Pod pod, bool certain)
    {
        if (!certain && !IsDryRun(deletion))
        {
            // What the pod's owner will read when it asks why.
            var told = pod with
            {
                Status = pod.Status with
                {
                    Conditions = pod.Status.Conditions.With(new PodCondition
                    {
                        Type = "DisruptionTarget",
                        Status = "True",
                        Reason = "EvictionByEvictionAPI",
                        Message = "Eviction API: evicting",
                        LastTransitionTime = now(),
                        ObservedGeneration = pod.Metadata.Generation,
                    }),
                },
            };
            pod = (Pod)Put(told, told.Metadata, pod);
        }
        var answer = Delete(deletion, pod);
        return !answer.IsSuccess ? answer
            : new(201) { Status = new() { Code = 201 }, Revision = answer.Revision };
    }

    /// <summary>Takes one disruption from the budget of a pod; null, or why none is left.</summary>
    private Status? Disrupt(Pod pod, bool dry)
    {
        var budgets = new List<PodDisruptionBudget>();
        foreach (var found in store.List(
            KubeSim.Kinds.PodDisruptionBudget, pod.Metadata.Namespace, store.Head))
        {
            var budget = (PodDisruptionBudget)found;
            if (budget.Spec.Selector is { IsEmpty: false } labels
                && Selector.TryFrom(labels, out var selector, out _)
                && selector.Matches(pod.Metadata.Labels))
            {
                budgets.Add(budget);
            }
        }
        if (budgets.Count > 1)
        {
            return new()
            {
                Code = 500,
                Message = "This pod has more than one PodDisruptionBudget, which the eviction "
                    + "subresource does not support.",
            };
        }
        return budgets.Count == 0 || NeedsNone(pod, budgets[0]) ? null : Take(budgets[0], pod, dry);
    }

    // An unready pod that is not counted as healthy may go without asking.
    private static bool NeedsNone(Pod pod, PodDisruptionBudget budget) => !pod.IsReady
        && (budget.Spec.UnhealthyPodEvictionPolicy == "AlwaysAllow"
            || (budget.Status.CurrentHealthy >= budget.Status.DesiredHealthy
                && budget.Status.DesiredHealthy > 0));

    private Status? Take(PodDisruptionBudget budget, Pod pod, bool dry)
    {
        var (name, status) = (budget.Metadata.Name, budget.Status);
        if ((status.ObservedGeneration ?? 0) < budget.Metadata.Generation)
        {
            return Refusals.WouldDisrupt(
                $"The disruption budget {name} is still being processed by the server.", 10);
        }
        if (status.DisruptionsAllowed < 0 || status.DisruptedPods.Count > MostDisrupted)
        {
            return ApiErrors.Forbidden(budget.Kind, name, status.DisruptionsAllowed < 0
                ? "pdb disruptions allowed is negative" : "DisruptedPods map too big - too many "
                    + "evictions not confirmed by PDB controller").Status;
        }
        if (status.DisruptionsAllowed == 0)
        {
            return Refusals.WouldDisrupt(FormattableString.Invariant($"The disruption budget {name
                } needs {status.DesiredHealthy} healthy pods and has {status.CurrentHealthy
                } currently"), null);
        }
        var less = status with
        {
            DisruptionsAllowed = status.DisruptionsAllowed - 1,
            DisruptedPods = status.DisruptedPods.Set(pod.Metadata.Name, now()),
        };
        var taken = budget with
        {
            Status = less.DisruptionsAllowed > 0 ? less : less.Tell(now()),
        };
        _ = dry ? taken : Put(taken, taken.Metadata, budget);
        return null;
    }

    /// <summary>Serves <c>resize</c> and <c>ephemeralcontainers</c>.</summary>
    private ApiResponse PodPart(ApiRequest request)
    {
        var path = request.Path;
        if (request.Verb is not (Verb.Get or Verb.Update or Verb.Patch))
        {
            return Refusals.MethodNotAllowed;
        }
        if (RefuseOptions(request, "UpdateOptions") is { } options)
        {
            return options;
        }
        if (store.Get(path.Key) is not Pod old || request.Verb == Verb.Get)
        {
            return Get(request);
        }
        ApiObject? value;
        if (request.Verb == Verb.Patch)
        {
            if (request.Body is not Payload.Patch patch)
            {
                return Refusals.UnsupportedMediaType;
            }
            value = Patched(old, patch);
        }
        else if (Decode(request, out value) is { } unreadable)
        {
            return unreadable;
        }
        var strategy = strategies[path.Kind];
        if (RefuseVersion(value.Metadata, old, strategy) is { } stale)
        {
            return stale;
        }
        var errors = new FieldErrors();
        var sent = ((Pod)strategy.Default(value)).Spec;
        var now = path.Subresource == "resize" ? PodStrategy.Resized(old, sent, errors)
            : PodStrategy.Debugged(old, sent, errors);
        strategy.Validate(now, errors);
        if (errors.Any)
        {
            return errors.ToStatus(old.Kind, path.Name);
        }
        return now.Equals(old) ? new(200) { Object = old } : Store(request, now,
            old.Metadata with { Generation = old.Metadata.Generation + 1 }, old, strategy);
    }
}
