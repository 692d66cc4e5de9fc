using System.Text.Json.Nodes;

namespace KubeSim.Tests;

/// <summary>kubectl over an API server alone: nothing acts on its own, and the test puts the state
/// there that controllers would have made.</summary>
internal sealed class KubectlFixture : IKubectlServer
{
    private readonly EtcdStore store = new(History.All, static o => (o as Pod)?.Spec.NodeName);
    private readonly ApiServer server;

    public KubectlFixture() =>
        server = new(store, KindRegistry.BuiltIn, new(0), () => Now);

    public KindRegistry Kinds => KindRegistry.BuiltIn;

    public DateTime Now { get; set; } = new(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public IContainerLogs? Logs { get; set; }

    /// <summary>What happens while a command waits, once for each time that it looks.</summary>
    public Queue<Action> Meanwhile { get; } = new();

    public ApiResponse Send(ApiRequest request) => server.Handle(request);

    public bool WaitUntil(Func<bool> holds, TimeSpan limit)
    {
        while (!holds())
        {
            if (Meanwhile.Count == 0)
            {
                return false;
            }
            Meanwhile.Dequeue()();
        }
        return true;
    }

    public bool Step()
    {
        if (Meanwhile.Count > 0)
        {
            Meanwhile.Dequeue()();
            return true;
        }
        return false;
    }

    public KubectlResult Run(string command, string? input = null) =>
        new Kubectl(this).Run(command, input);

    /// <summary>Merges JSON into the object that it names, or stores it as a new one, past the API
    /// server.</summary>
    public void Put(string json) => Put(JsonNode.Parse(json)!.AsObject());

    private void Put(JsonObject change)
    {
        if (change["copyTemplate"] is { } source)
        {
            PutSet(change["to"]!.AsObject(), (string)source!);
            return;
        }
        var kind = Kinds.Find((string)change["apiVersion"]!, (string)change["kind"]!)!;
        var meta = change["metadata"]!;
        var key = new ObjectKey(kind, (string?)meta["namespace"] ?? "", (string)meta["name"]!);
        if (change["delete"] is not null)
        {
            var last = store.Get(key)!;
            store.Delete(last with
            {
                Metadata = last.Metadata with { ResourceVersion = store.Head.Next },
            });
            return;
        }
        var old = store.Get(key);
        var node = old is null ? change : MergePatch.Apply(Json.Encode(old), change)!;
        if (node["involvedObject"] is { } about && about["uid"] is null)
        {
            var kindOf = Kinds.All.First(k => k.Name == (string)about["kind"]!);
            var subject = new ObjectKey(kindOf, key.Namespace, (string)about["name"]!);
            about["uid"] = store.Get(subject)?.Metadata.Uid;
        }
        var value = Json.Decode(node, kind);
        store.Put(value with
        {
            Metadata = value.Metadata with { ResourceVersion = store.Head.Next },
        });
    }

    // A ReplicaSet has the template of its Deployment, and a hash of it.
    private void PutSet(JsonObject set, string deployment)
    {
        var live = store.Get(new ObjectKey(KubeSim.Kinds.Deployment,
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
