using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>auth can-i</c> and <c>auth whoami</c>: both put a question to the server, which
/// knows the answer.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/auth.</remarks>
internal static class AuthCommand
{
    public static readonly KubectlCommand CanI = new("auth can-i",
        "all-namespaces/A! quiet/q! subresource list! no-headers!", static call =>
        {
            if (call.Flags.On("list"))
            {
                List(call);
                return;
            }
            if (call.Args.Count < 2)
            {
                throw new KubectlException("you must specify two arguments: verb resource or verb "
                    + "resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.");
            }
            var status = Json.Encode(Ask(call, "SelfSubjectAccessReview", Spec(call)))["status"]!;
            var allowed = (bool?)status["allowed"] == true;
            var reason = (string?)status["reason"] is { Length: > 0 } why && !allowed
                ? $" - {why}" : "";
            if (!call.Flags.On("quiet"))
            {
                call.Line(allowed ? "yes" : $"no{reason}");
            }
            call.Exit(allowed ? 0 : 1);
        });

    public static readonly KubectlCommand WhoAmI = new("auth whoami", "output/o template",
        static call =>
        {
            var review = Ask(call, "SelfSubjectReview", null);
            if (call.Output is { } print)
            {
                print(call, [review], true);
                return;
            }
            var who = Json.Encode(review).At("status", "userInfo");
            string Row(string name, JsonNode? value) => value is null or JsonArray { Count: 0 } ? ""
                : $"{name}\t{(value is JsonArray all ? $"[{string.Join(' ', all)}]" : value)}\n";
            call.Print(TableText.Align("ATTRIBUTE\tVALUE\n" + Row("Username", who.At("username"))
                + Row("UID", who.At("uid")) + Row("Groups", who.At("groups"))
                + string.Concat((who.At("extra") as JsonObject ?? [])
                    .OrderBy(e => e.Key, StringComparer.Ordinal)
                    .Select(e => Row($"Extra: {e.Key}", e.Value)))));
        });

    private static void List(Invocation call)
    {
        if (call.Args.Count > 0)
        {
            throw new KubectlException("list option must be specified with no arguments");
        }
        var status = Json.Encode(Ask(call, "SelfSubjectRulesReview",
            new() { ["namespace"] = call.Namespace })).At("status");
        var rules = status.ItemsAt("resourceRules").Concat(status.ItemsAt("nonResourceRules"));
        call.Print(TableText.Align((call.Flags.On("no-headers") ? ""
            : "Resources\tNon-Resource URLs\tResource Names\tVerbs\n")
            + string.Concat(RuleLines.Of(rules).Select(line => $"{line}\n"))));
    }

    private static JsonObject Spec(Invocation call)
    {
        var (verb, what) = (call.Args[0], call.Args[1]);
        if (what.StartsWith('/'))
        {
            return Tree.Of(("nonResourceAttributes.verb", verb),
                ("nonResourceAttributes.path", what));
        }
        var slash = what.IndexOf('/');
        var name = slash < 0 ? call.Args.ElementAtOrDefault(2) : what[(slash + 1)..];
        var word = slash < 0 ? what : what[..slash];
        var kind = call.Kinds.FindWord(word);
        if (kind is null && word != "*")
        {
            call.ErrorLine($"Warning: the server doesn't have a resource type '{word}'");
        }
        else if (kind is { Namespaced: false } && !call.AllNamespaces)
        {
            call.ErrorLine($"Warning: resource '{kind.Plural}' is not namespace scoped"
                + (kind.Group.Length == 0 ? "" : $" in group '{kind.Group}'"));
        }
        const string At = "resourceAttributes";
        return Tree.Of(($"{At}.verb", verb),
            ($"{At}.group", kind?.Group ?? (word == "*" ? "*" : "")),
            ($"{At}.resource", kind?.Plural ?? word), ($"{At}.name", name ?? ""),
            ($"{At}.subresource", call.Flags["subresource"] ?? ""),
            ($"{At}.namespace", call.AllNamespaces ? "" : call.Namespace));
    }

    private static ApiObject Ask(Invocation call, string name, JsonObject? spec) =>
        call.Send(new(Verb.Create, new(call.Kinds.All.First(k => k.Name == name), "", ""))
        {
            Body = new Payload.Json(Tree.Of(("spec", spec))),
        }).EnsureSuccess().Object!;
}
