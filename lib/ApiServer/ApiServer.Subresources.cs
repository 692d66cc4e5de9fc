namespace KubeSim;

// The parts of objects with an address of their own. (status is a replacement that looks at the
// status alone: ApiServer.Update.cs.) A binding puts a pod on a node, once and for all; a scale
// shows and sets the number of replicas of any workload alike; finalize ends a namespace.
//
// Models pkg/registry/core/pod/storage/storage.go and pkg/registry/apps/deployment/storage.
public sealed partial class ApiServer
{
    private ApiResponse Bind(ApiRequest request)
    {
        if (request.Verb != Verb.Create)
        {
            return Refusals.MethodNotAllowed;
        }
        if (Decode(request, KubeSim.Kinds.Binding, out var value) is { } unreadable)
        {
            return unreadable;
        }
        var path = request.Path;
        var target = ((Binding)value).Target;
        if (RefuseTarget(target, path.Name) is { } invalid)
        {
            return invalid;
        }
        if (store.Get(path.Key) is not Pod pod)
        {
            return ApiErrors.NotFound(path.Kind, path.Name);
        }
        if (RefuseBinding(pod, value) is { } conflict)
        {
            return conflict;
        }
        var revision = IsDryRun(request) ? default : Bound(pod, value, target!.Name!);
        return new(201) { Status = new() { Code = 201 }, Revision = revision };
    }

    private static Status? RefuseTarget(ObjectReference? target, string name)
    {
        var errors = new FieldErrors();
        var kind = target?.Kind is { Length: > 0 } given ? given : null;
        errors.OneOf("target.kind", kind, "Node", "<empty>");
        if (target?.Name is not { Length: > 0 })
        {
            errors.Required("target.name");
        }
        return errors.Any ? errors.ToStatus(KubeSim.Kinds.Binding, name) : null;
    }

    private static Status? RefuseBinding(Pod pod, ApiObject binding)
    {
        var name = pod.Metadata.Name;
        var uid = binding.Metadata.Uid;
        return uid.Length > 0 && uid != pod.Metadata.Uid
            ? ApiErrors.Conflict(pod.Kind, name, "Precondition failed: UID in precondition: "
                + $"{uid}, UID in object meta: {pod.Metadata.Uid}").Status
            : pod.Metadata.DeletionTimestamp is not null
            ? ApiErrors.Conflict(pod.Kind, name,
                $"pod {name} is being deleted, cannot be assigned to a host").Status
            : pod.Spec.NodeName is { Length: > 0 } node
            ? ApiErrors.Conflict(pod.Kind, name,
                $"pod {name} is already assigned to node \"{node}\"").Status
            : !pod.Spec.SchedulingGates.IsEmpty
            ? ApiErrors.Conflict(pod.Kind, name,
                $"pod {name} has non-empty .spec.schedulingGates").Status
            : null;
    }

    private Revision Bound(Pod pod, ApiObject binding, string node)
    {
        var meta = pod.Metadata;
        if (!binding.Metadata.Annotations.IsEmpty)
        {
            meta = meta with
            {
                Annotations = meta.Annotations.SetAll(binding.Metadata.Annotations),
            };
        }
        var scheduled = new PodCondition
        {
            Type = "PodScheduled",
            Status = "True",
            LastTransitionTime = now(),
        };
        var bound = pod with
        {
            Spec = pod.Spec with { NodeName = node },
            // What was nominated has come true, or has not; either way it is over.
            Status = pod.Status with
            {
                Conditions = pod.Status.Conditions.With(scheduled), NominatedNodeName = null,
            },
        };
        Put(bound, meta, pod);
        return store.Head;
    }

    private ApiResponse Scale(ApiRequest request)
    {
        var path = request.Path;
        if (request.Verb is not (Verb.Get or Verb.Update or Verb.Patch))
        {
            return Refusals.MethodNotAllowed;
        }
        if (store.Get(path.Key) is not { } old)
        {
            var group = path.Kind.Group.Length > 0 ? $".{path.Kind.Group}" : "";
            return ApiErrors.Of(404, "NotFound",
                $"{path.Kind.Plural}/scale{group} \"{path.Name}\" not found", new()
                {
                    Name = path.Name, Group = path.Kind.Group, Kind = $"{path.Kind.Plural}/scale",
                });
        }
        var shown = Scaling.Of(old);
        if (request.Verb == Verb.Get)
        {
            return new(200) { Object = shown };
        }
        ApiObject? value;
        if (request.Verb == Verb.Patch)
        {
            if (request.Body is not Payload.Patch patch)
            {
                return Refusals.UnsupportedMediaType;
            }
            value = Patched(shown, patch);
        }
        else if (Decode(request, KubeSim.Kinds.Scale, out value) is { } unreadable)
        {
            return unreadable;
        }
        var scale = (Scale)value;
        if (scale.Spec.Replicas < 0)
        {
            var errors = new FieldErrors();
            errors.NotNegative("spec.replicas", scale.Spec.Replicas);
            return errors.ToStatus(KubeSim.Kinds.Scale, path.Name);
        }
        var wanted = Scaling.With(old, scale.Spec.Replicas ?? 0);
        wanted = wanted with
        {
            Metadata = wanted.Metadata with { ResourceVersion = scale.Metadata.ResourceVersion },
        };
        var answer = Replace(request, wanted, old);
        return answer.Object is { } stored ? answer with { Object = Scaling.Of(stored) } : answer;
    }

    private ApiResponse Finalize(ApiRequest request)
    {
        if (request.Verb != Verb.Update)
        {
            return Refusals.MethodNotAllowed;
        }
        if (Decode(request, out var value) is { } unreadable)
        {
            return unreadable;
        }
        var path = request.Path;
        if (store.Get(path.Key) is not Namespace old)
        {
            return ApiErrors.NotFound(path.Kind, path.Name);
        }
        var strategy = strategies[path.Kind];
        if (RefuseVersion(value.Metadata, old, strategy) is { } stale)
        {
            return stale;
        }
        var last = old with { Spec = ((Namespace)value).Spec };
        return last.Equals(old)
            ? new(200) { Object = old }
            : Store(request, last, old.Metadata, old, strategy);
    }
}
