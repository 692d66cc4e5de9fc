using System.Text.Json.Nodes;

namespace KubeSim.Tests;

/// <summary>The state of a recording, put past the API server into whatever holds
/// objects.</summary>
internal sealed class RecordedState(
    Func<ObjectKey, ApiObject?> get, Action<ApiObject> put, Action<ObjectKey> delete)
{
    /// <summary>Merges JSON into the object that it names, or stores it as a new one.</summary>
    public void Put(string json) => Put(JsonNode.Parse(json)!.AsObject());

    private void Put(JsonObject change)
    {
        if (change["copyTemplate"] is { } source)
        {
            PutSet(change["to"]!.AsObject(), (string)source!);
            return;
        }
        var kinds = KindRegistry.BuiltIn;
        var kind = kinds.Find((string)change["apiVersion"]!, (string)change["kind"]!)!;
        var meta = change["metadata"]!;
        var key = new ObjectKey(kind, (string?)meta["namespace"] ?? "", (string)meta["name"]!);
        if (change["delete"] is not null)
        {
            delete(key);
            return;
        }
        var old = get(key);
        var node = old is null ? change : MergePatch.Apply(Json.Encode(old), change)!;
        if (node["involvedObject"] is { } about && about["uid"] is null)
        {
            var kindOf = kinds.All.First(k => k.Name == (string)about["kind"]!);
            var subject = new ObjectKey(kindOf, key.Namespace, (string)about["name"]!);
            about["uid"] = get(subject)?.Metadata.Uid;
        }
        put(Json.Decode(node, kind));
    }

    // A ReplicaSet has the template of its Deployment, and a hash of it.
    private void PutSet(JsonObject set, string deployment)
    {
        var live = get(new ObjectKey(Kinds.Deployment,
            (string)set["metadata"]!["namespace"]!, deployment))!;
        var template = Json.Encode(live)["spec"]!["template"]!.DeepClone();
        var name = (string)set["metadata"]!["name"]!;
        template["metadata"]!["labels"]!["pod-template-hash"] = name[(name.LastIndexOf('-') + 1)..];
        set = set.DeepClone().AsObject();
        set["spec"] ??= new JsonObject
        {
            ["selector"] = new JsonObject
            {
                ["matchLabels"] = template["metadata"]!["labels"]!.DeepClone(),
            },
        };
        set["spec"]!["template"] = template;
        Put(set);
    }
}
