using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>The kinds that are questions: creating one stores nothing, the answer is its status.
/// May I (<c>SelfSubjectAccessReview</c>), may they (<c>SubjectAccessReview</c>), what may I
/// (<c>SelfSubjectRulesReview</c>), who am I (<c>SelfSubjectReview</c>).</summary>
/// <remarks>Models pkg/registry/authorization and pkg/registry/authentication.</remarks>
internal static class AccessReviews
{
    public static bool Answers(Kind kind) => kind.Group == "authorization.k8s.io"
        || (kind.Group == "authentication.k8s.io" && kind.Name == "SelfSubjectReview");

    /// <summary>The status that answers a question of a user.</summary>
    public static JsonObject Status(
        string kind, JsonNode? spec, UserInfo asker, IAuthorizer authorizer)
    {
        switch (kind)
        {
            case "SelfSubjectReview":
                return new()
                {
                    ["userInfo"] = new JsonObject
                    {
                        ["username"] = asker.Name, ["groups"] = Texts(asker.Groups),
                    },
                };
            case "SelfSubjectRulesReview":
                return Rules(authorizer.RulesOf(asker, (string?)spec?["namespace"] ?? ""));
            default:
                var user = kind == "SelfSubjectAccessReview" ? asker : new UserInfo(
                    (string?)spec?["user"] ?? "", Read(spec?["groups"]));
                var decision = authorizer.Decide(Question(spec, user));
                var status = new JsonObject { ["allowed"] = decision.Allowed };
                if (decision.Reason.Length > 0)
                {
                    status["reason"] = decision.Reason;
                }
                return status;
        }
    }

    private static Access Question(JsonNode? spec, UserInfo user)
    {
        var (r, url) = (spec?["resourceAttributes"], spec?["nonResourceAttributes"]);
        string Text(string field) => (string?)r?[field] ?? "";
        return new()
        {
            User = user, Verb = url is null ? Text("verb") : (string?)url["verb"] ?? "",
            Group = Text("group"), Resource = Text("resource"), Subresource = Text("subresource"),
            Namespace = Text("namespace"), Name = Text("name"),
            Path = (string?)url?["path"],
        };
    }

    private static JsonObject Rules(IEnumerable<PolicyRule> rules)
    {
        var (resources, urls) = (new JsonArray(), new JsonArray());
        foreach (var rule in rules)
        {
            var node = new JsonObject { ["verbs"] = Texts(rule.Verbs) };
            if (!rule.NonResourceURLs.IsEmpty)
            {
                node["nonResourceURLs"] = Texts(rule.NonResourceURLs);
                urls.Add(node);
                continue;
            }
            node["apiGroups"] = Texts(rule.ApiGroups);
            node["resources"] = Texts(rule.Resources);
            if (!rule.ResourceNames.IsEmpty)
            {
                node["resourceNames"] = Texts(rule.ResourceNames);
            }
            resources.Add(node);
        }
        return new()
        {
            ["resourceRules"] = resources, ["nonResourceRules"] = urls, ["incomplete"] = false,
        };
    }

    private static JsonArray Texts(Seq<string> texts) =>
        [.. texts.Select(t => (JsonNode)JsonValue.Create(t))];

    private static Seq<string> Read(JsonNode? list) =>
        (list as JsonArray ?? []).Select(t => (string)t!).ToSeq();
}

// Questions take the way of a creation as far as decoding.
public sealed partial class ApiServer
{
    private ApiResponse Review(ApiRequest request)
    {
        if (Decode(request, out var value) is { } unreadable)
        {
            return unreadable;
        }
        var node = Json.Encode(value);
        node["status"] = AccessReviews.Status(
            value.Kind.Name, node["spec"], request.User, Authorizer);
        return new(201) { Object = Json.Decode(node, value.Kind) };
    }
}
