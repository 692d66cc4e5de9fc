using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// Brings a new kind to life. A CustomResourceDefinition is only a wish at first; two controllers
/// inside the API server itself fulfil it, one after the other: one finds that nobody else has its
/// names (NamesAccepted, and Established False, Installing), the other says that the kind is served
/// (Established). From that write on the API server takes objects of the kind.
/// <para>First form: names are never in conflict, and a definition that is deleted leaves its
/// objects behind, where the real one deletes them first.</para>
/// Models staging/src/k8s.io/apiextensions-apiserver/pkg/controller/{status,establish}.
/// </summary>
public sealed class CustomResources : IReconciler
{
    /// <inheritdoc/>
    public string Name => "apiextensions-apiserver";

    /// <inheritdoc/>
    public Seq<Watched> Watches { get; } = [new(Kinds.CustomResourceDefinition)];

    /// <inheritdoc/>
    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        ArgumentNullException.ThrowIfNull(api);
        if (api.Get(key) is not { } definition || CustomKind.IsEstablished(definition)
            || definition.Metadata.DeletionTimestamp is not null
            || CustomKind.Of(definition) is not { } kind)
        {
            return Result.Idle;
        }
        var accepted = CustomKind.Is(definition, "NamesAccepted");
        var status = new JsonObject
        {
            ["conditions"] = new JsonArray(
                Condition("NamesAccepted", "True", "NoConflicts", "no conflicts found", api),
                Condition("Established", accepted ? "True" : "False",
                    accepted ? "InitialNamesAccepted" : "Installing",
                    "the initial names have been accepted", api)),
            ["acceptedNames"] = Names(kind),
            ["storedVersions"] = new JsonArray(kind.Version),
        };
        var kept = new KeptFields(definition.Kept!)
        {
            ["status"] = status.Deserialize<JsonElement>(Json.Options),
        };
        api.UpdateStatus(definition with { Kept = kept });
        return Result.Done;
    }

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

    private static JsonObject Condition(
        string type, string status, string reason, string message, ReconcileContext api) => new()
        {
            ["type"] = type, ["status"] = status, ["lastTransitionTime"] = $"{(Time)api.Now}",
            ["reason"] = reason, ["message"] = message,
        };
}
