using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// The history of a StatefulSet or a DaemonSet. Each template that it ever had is kept in a
/// ControllerRevision, as the patch that brings the template back; the highest number is the
/// template of today. Go back to the template of revision 1, and that revision gets the number 3:
/// there is no second one with the same template.
/// <para>It is named after its owner and the hash of the template, and its name (of a DaemonSet:
/// the hash) is a label of each pod. If another template has the name, the hash is made anew with a
/// count of such collisions.</para>
/// Models pkg/controller/history/controller_history.go.
/// </summary>
internal static class ControllerRevisions
{
    /// <summary>The label that tells of which revision a pod is.</summary>
    public const string PodLabel = "controller-revision-hash";

    /// <summary>The revision of the template that an owner has now: found, renumbered or
    /// made.</summary>
    /// <param name="owner">The owner.</param>
    /// <param name="template">Its template.</param>
    /// <param name="hashLabel">The label in which a revision tells its hash.</param>
    /// <param name="all">Its revisions; sorted here, oldest first, the answer last.</param>
    /// <param name="collisions">How often a name was taken by another template.</param>
    /// <param name="api">Where they are.</param>
    public static ControllerRevision Newest(ApiObject owner, PodTemplateSpec template,
        string hashLabel, List<ControllerRevision> all, ref int collisions, ReconcileContext api)
    {
        all.Sort(ByNumber);
        var data = PatchOf(template);
        var next = all.Count == 0 ? 1 : all[^1].Revision + 1;
        var at = all.FindLastIndex(r => Holds(r, data));
        if (at >= 0 && at == all.Count - 1)
        {
            return all[at];
        }
        var newest = at >= 0 ? api.Update(all[at] with { Revision = next })
            : Create(owner, template, new()
            {
                Metadata = new()
                {
                    Namespace = owner.Metadata.Namespace, Labels = template.Metadata.Labels,
                    Annotations = owner.Metadata.Annotations,
                    OwnerReferences = [ControllerRefs.To(owner)],
                },
                Kept = new() { ["data"] = data }, Revision = next,
            }, hashLabel, ref collisions, api);
        if (at >= 0)
        {
            all.RemoveAt(at);
        }
        all.Add(newest);
        return newest;
    }

    /// <summary>The template that a revision keeps; null when somebody wrote one without.</summary>
    public static PodTemplateSpec? TemplateOf(ControllerRevision revision)
    {
        if (!Data(revision, out var data)
            || JsonObject.Create(data).At("spec", "template") is not JsonObject template)
        {
            return null;
        }
        template.Remove("$patch");
        return template.Deserialize<PodTemplateSpec>(Json.Options);
    }

    /// <summary>Deletes the oldest of the revisions that nobody needs.</summary>
    /// <param name="all">All revisions, oldest first.</param>
    /// <param name="isLive">True for one that is needed.</param>
    /// <param name="surplus">How many go, of those that may.</param>
    /// <param name="api">Where they are.</param>
    public static void Trim(List<ControllerRevision> all, Predicate<ControllerRevision> isLive,
        int surplus, ReconcileContext api)
    {
        foreach (var revision in all.FindAll(r => !isLive(r)).Take(surplus))
        {
            try
            {
                api.Delete(revision.Key);
            }
            catch (ApiException gone) when (gone.IsNotFound)
            {
                // That is what was wanted.
            }
        }
    }

    // The name may be taken by what we made ourselves and do not see yet.
    private static ControllerRevision Create(ApiObject owner, PodTemplateSpec template,
        ControllerRevision made, string hashLabel, ref int collisions, ReconcileContext api)
    {
        while (true)
        {
            var hash = DeploymentSets.Hash(template, collisions);
            var labels = made.Metadata.Labels.Set(hashLabel, hash);
            made = made with
            {
                Metadata = made.Metadata with
                {
                    Name = $"{owner.Metadata.Name}-{hash}", Labels = labels,
                },
            };
            try
            {
                return api.Create(made);
            }
            catch (ApiException taken) when (taken.IsAlreadyExists)
            {
                var path = new ResourcePath(made.Kind, made.Metadata.Namespace, made.Metadata.Name);
                var there = (ControllerRevision)api.Send(new(Verb.Get, path)).Object!;
                if (Holds(there, made.Kept!["data"]))
                {
                    return there;
                }
                collisions++;
            }
        }
    }

    private static JsonElement PatchOf(PodTemplateSpec template)
    {
        var node = JsonSerializer.SerializeToNode(template, Json.Options)!.AsObject();
        node["$patch"] = "replace";
        return JsonSerializer.SerializeToElement(
            new JsonObject { ["spec"] = new JsonObject { ["template"] = node } });
    }

    private static bool Holds(ControllerRevision revision, JsonElement wanted) =>
        Data(revision, out var data) && JsonElement.DeepEquals(data, wanted);

    private static bool Data(ControllerRevision revision, out JsonElement data)
    {
        data = default;
        return revision.Kept?.TryGetValue("data", out data) == true
            && data.ValueKind == JsonValueKind.Object;
    }

    private static int ByNumber(ControllerRevision a, ControllerRevision b) =>
        a.Revision != b.Revision ? a.Revision.CompareTo(b.Revision)
            : string.CompareOrdinal(a.Metadata.Name, b.Metadata.Name);
}
