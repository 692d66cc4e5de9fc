using System.Text.Json.Nodes;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>An API server over a real store, with the namespaces "default" and "api" and their
/// service accounts, at a clock that the test moves.</summary>
internal sealed class ApiFixture
{
    public EtcdStore Store { get; }

    public ApiServer Server { get; }

    public DateTime Now { get; set; } = new(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public ApiFixture(ulong seed = 0)
    {
        Store = new(History.All, static o => (o as Pod)?.Spec.NodeName);
        Server = new(Store, KindRegistry.BuiltIn, new(seed), () => Now);
        foreach (var ns in new[] { "default", "api" })
        {
            Create(new Namespace { Metadata = new() { Name = ns } });
            Create(new ServiceAccount { Metadata = new() { Name = "default", Namespace = ns } });
        }
    }

    public static ResourcePath Path(string path) => ResourcePath.Parse(path, KindRegistry.BuiltIn);

    public ApiResponse Ask(Verb verb, string path, Payload? body = null, Query? query = null,
        DeleteOptions? delete = null) => Server.Handle(new(verb, Path(path))
        {
            Body = body,
            Query = query ?? Query.None,
            Delete = delete,
        });

    public T Create<T>(T value)
        where T : ApiObject => (T)TryCreate(value).EnsureSuccess().Object!;

    public ApiResponse TryCreate(ApiObject value) => Server.Handle(
        new(Verb.Create, new(value.Kind, value.Metadata.Namespace,
            "")) { Body = new Payload.Typed(value) });

    public ApiResponse Post(string path, string json) =>
        Ask(Verb.Create, path, new Payload.Json(JsonNode.Parse(json)!));

    public ApiResponse Update(ApiObject value, string sub = "") => Server.Handle(
        new(Verb.Update, ResourcePath.Of(value.Key, sub)) { Body = new Payload.Typed(value) });

    public ApiResponse Merge(string path, string json) => Ask(Verb.Patch, path,
        new Payload.Patch(PatchKind.Merge, JsonNode.Parse(json)!));

    public T? Get<T>(Kind kind, string ns, string name)
        where T : ApiObject => (T?)Store.Get(new ObjectKey(kind, ns, name));

    public static Pod Pod(string name, string? node = null) => new()
    {
        Metadata = new() { Name = name, Namespace = "api" },
        Spec = new() { Containers = [new() { Name = "c", Image = "nginx" }], NodeName = node },
    };

    public static ConfigMap Config(string name, params ReadOnlySpan<(string, string)> labels) =>
        new()
    {
        Metadata = new() { Name = name, Namespace = "api", Labels = Map.Of(labels) },
        Data = Map.Of(("a", "1")),
    };

    public static Deployment Deployment(string name) => new()
    {
        Metadata = new() { Name = name, Namespace = "api" },
        Spec = new()
        {
            Selector = new() { MatchLabels = Map.Of(("app", name)) },
            Template = new()
            {
                Metadata = new() { Labels = Map.Of(("app", name)) },
                Spec = new() { Containers = [new() { Name = "c", Image = "nginx:1.29" }] },
            },
        },
    };

    /// <summary>Asserts that nothing was written and nothing drawn: the next UID is what it would
    /// have been.</summary>
    public void AssertRefused(ApiResponse answer, int code, Revision before) =>
        Assert.That((answer.Code, answer.Revision, Store.Head), Is.EqualTo((code,
            default(Revision), before)));
}
