using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// Brings a new kind to life, and to its end. A CustomResourceDefinition is only a wish at first;
/// two controllers inside the API server itself fulfil it, one after the other: one finds that
/// nobody else has its names (NamesAccepted, and Established False, Installing), the other says
/// that the kind is served (Established). From that write on the API server takes objects of the
/// kind.
/// <para>A third one ends it. The deletion of a definition only marks it, with a finalizer and the
/// condition Terminating; this controller deletes the objects of the kind, namespace by namespace,
/// looks each second whether they are gone, and takes the finalizer off. Objects that have
/// finalizers of their own hold it up: after a minute it says InstanceDeletionCheck and begins
/// again.</para>
/// <para>First form: names are never in conflict.</para>
/// Models staging/src/k8s.io/apiextensions-apiserver/pkg/controller/{status,establish,finalizer}.
/// </summary>
public sealed class CustomResources : IReconciler
{
    private static readonly TimeSpan poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(1);

    // Until when the objects of a definition may take to be gone.
    private readonly Dictionary<ObjectKey, DateTime> deadlines = [];

    /// <inheritdoc/>
    public string Name => "apiextensions-apiserver";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [new(Kinds.CustomResourceDefinition)];

    /// <inheritdoc/>
    public void Observe(in WatchEvent e, IWorkQueue queue)
    {
        // How far the end of a definition got is this controller's own word.
        if (e is not { Old.IsTerminating: true, New.IsTerminating: true })
        {
            queue.Add(e.Key);
        }
    }

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        ArgumentNullException.ThrowIfNull(api);
        if (api.Get(key) is not { } definition || CustomKind.Of(definition) is not { } kind)
        {
            deadlines.Remove(key);
            return Result.Idle;
        }
        if (definition.IsTerminating)
        {
            var held = definition.Metadata.Finalizers.AsSpan().Contains(CustomKind.Cleanup);
            return held ? End(definition, kind, api) : Result.Idle;
        }
        if (CustomKind.IsEstablished(definition))
        {
            return Result.Idle;
        }
        var accepted = CustomKind.Is(definition, "NamesAccepted");
        definition = CustomKind.WithCondition(definition, api.Now, "NamesAccepted", "True",
            "NoConflicts", "no conflicts found");
        definition = CustomKind.WithCondition(definition, api.Now, "Established",
            accepted ? "True" : "False", accepted ? "InitialNamesAccepted" : "Installing",
            "the initial names have been accepted");
        var status = JsonObject.Create(definition.Kept!["status"])!;
        status["acceptedNames"] = Names(kind);
        status["storedVersions"] = new JsonArray(kind.Version);
        var kept = new KeptFields(definition.Kept)
        {
            ["status"] = status.Deserialize<JsonElement>(Json.Options),
        };
        api.UpdateStatus(definition with { Kept = kept });
        return Result.Done;
    }

    /// <summary>Deletes the objects of a kind, and the definition with the last of
    /// them.</summary>
    private Result End(ApiObject definition, Kind kind, ReconcileContext api)
    {
        var key = definition.Key;
        var established = CustomKind.IsEstablished(definition);
        if (!deadlines.TryGetValue(key, out var deadline))
        {
            definition = api.UpdateStatus(Terminating(definition, true,
                "InstanceDeletionInProgress", "CustomResource deletion is in progress", api));
            foreach (var ns in established ? Namespaces(kind, api) : [])
            {
                api.Send(new(Verb.DeleteCollection, new(kind, ns, "")));
            }
            deadlines[key] = deadline = api.Now + patience;
        }
        var left = established && api.List(kind, null).Any();
        if (left && api.Now < deadline)
        {
            api.After(poll, key);
            return Result.Done;
        }
        deadlines.Remove(key);
        if (left)
        {
            const string Why = "context deadline exceeded";
            api.UpdateStatus(Terminating(definition, true, "InstanceDeletionCheck",
                $"could not confirm zero CustomResources remaining: {Why}", api));
            return Result.Retry(Why);
        }
        var kept = definition.Metadata.Finalizers.RemoveAll(name => name == CustomKind.Cleanup);
        definition = definition with
        {
            Metadata = definition.Metadata with { Finalizers = kept },
        };
        api.UpdateStatus(established
            ? Terminating(definition, false, "InstanceDeletionCompleted", "removed all instances",
                api)
            : Terminating(definition, false, "NeverEstablished", "resource was never established",
                api));
        return Result.Done;
    }

    private static ApiObject Terminating(ApiObject definition, bool holds, string reason,
        string message, ReconcileContext api) => CustomKind.WithCondition(definition, api.Now,
            "Terminating", holds ? "True" : "False", reason, message);

    private static string[] Namespaces(Kind kind, ReconcileContext api) =>
        [.. api.List(kind, null).Select(o => o.Metadata.Namespace).Distinct()];

    private static JsonObject Names(Kind kind)
    {
        var names = new JsonObject
        {
            ["plural"] = kind.Plural, ["singular"] = kind.Singular, ["kind"] = kind.Name,
            ["listKind"] = kind.Name + "List",
        };
        foreach (var (name, words) in (ReadOnlySpan<(string, Seq<string>)>)
            [("shortNames", kind.ShortNames), ("categories", kind.Categories)])
        {
            if (!words.IsEmpty)
            {
                names[name] = new JsonArray([.. words.Select(w => JsonValue.Create(w))]);
            }
        }
        return names;
    }
}
