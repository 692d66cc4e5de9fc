using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary><c>auth can-i</c> and <c>auth whoami</c>: both put a question to the server, which
/// knows the answer.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/auth.</remarks>
internal static class AuthCommand
{
    public static readonly KubectlCommand CanI = new("auth can-i",
        "all-namespaces/A! quiet/q! subresource list!", static call =>
        {
            if (call.Args.Count < 2)
            {
                throw new KubectlException("you must specify two arguments: verb resource or verb "
                    + "resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.");
            }
            var status = Ask(call, "SelfSubjectAccessReview", Spec(call))["status"]!;
            var allowed = (bool?)status["allowed"] == true;
            var reason = (string?)status["reason"] is { Length: > 0 } why && !allowed
                ? $" - {why}" : "";
            if (!call.Flags.On("quiet"))
            {
                call.Line(allowed ? "yes" : $"no{reason}");
            }
            call.Exit(allowed ? 0 : 1);
        });

    public static readonly KubectlCommand WhoAmI = new("auth whoami", "output/o", static call =>
    {
        var who = Ask(call, "SelfSubjectReview", null)["status"]!["userInfo"]!;
        var groups = (who["groups"] as JsonArray ?? []).Select(g => (string)g!);
        call.Line("ATTRIBUTE   VALUE");
        call.Line($"Username    {(string)who["username"]!}");
        call.Line($"Groups      [{string.Join(' ', groups)}]");
    });

    private static JsonObject Spec(Invocation call)
    {
        var (verb, what) = (call.Args[0], call.Args[1]);
        if (what.StartsWith('/'))
        {
            return new()
            {
                ["nonResourceAttributes"] = new JsonObject { ["verb"] = verb, ["path"] = what },
            };
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
        return new()
        {
            ["resourceAttributes"] = new JsonObject
            {
                ["verb"] = verb, ["group"] = kind?.Group ?? (word == "*" ? "*" : ""),
                ["resource"] = kind?.Plural ?? word, ["name"] = name ?? "",
                ["subresource"] = call.Flags["subresource"] ?? "",
                ["namespace"] = call.AllNamespaces ? "" : call.Namespace,
            },
        };
    }

    private static JsonObject Ask(Invocation call, string name, JsonObject? spec)
    {
        var kind = call.Kinds.All.First(k => k.Name == name);
        var body = new JsonObject();
        if (spec is not null)
        {
            body["spec"] = spec;
        }
        return Json.Encode(call.Send(new(Verb.Create, new(kind, "", ""))
        {
            Body = new Payload.Json(body),
        }).EnsureSuccess().Object!);
    }
}
