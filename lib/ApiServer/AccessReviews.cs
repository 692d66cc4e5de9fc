using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>The kinds that are questions: creating one stores nothing, the answer is its status.
/// May I (<c>SelfSubjectAccessReview</c>), may they (<c>SubjectAccessReview</c>), what may I
/// (<c>SelfSubjectRulesReview</c>), who am I (<c>SelfSubjectReview</c>), whose token is this
/// (<c>TokenReview</c>).</summary>
/// <remarks>Models pkg/registry/authorization and pkg/registry/authentication.</remarks>
internal static class AccessReviews
{
    public static bool Answers(Kind kind) => kind.Group == "authorization.k8s.io"
        || kind.Group == "authentication.k8s.io";

    /// <summary>What is wrong with a question; null for nothing.</summary>
    public static Status? Refuse(Kind kind, JsonNode? spec, string ns)
    {
        var (errors, name) = (new FieldErrors(), kind.Name);
        switch (name)
        {
            case "TokenReview" when spec.TextAt("token").Length == 0:
                return ApiErrors.BadRequest(
                    "token is required for TokenReview in authentication").Status;
            case "SelfSubjectReview" or "SelfSubjectRulesReview" or "TokenReview":
                return null;
            default:
                break;
        }
        var (resource, url) = (spec?["resourceAttributes"], spec?["nonResourceAttributes"]);
        if (resource is not null && url is not null)
        {
            errors.Invalid("spec.nonResourceAttributes", Json.Compact(url),
                "cannot be specified in combination with resourceAttributes");
        }
        if (resource is null && url is null)
        {
            errors.Invalid("spec.resourceAttributes", "null",
                "exactly one of nonResourceAttributes or resourceAttributes must be specified");
        }
        if (name != "SelfSubjectAccessReview" && spec.TextAt("user").Length == 0
            && !spec.ItemsAt("groups").Any())
        {
            errors.InvalidText("spec.user", "", "at least one of user or group must be specified");
        }
        return errors.Any ? errors.ToStatus(kind, "")
            : name == "LocalSubjectAccessReview" && resource.TextAt("namespace") != ns
            ? ApiErrors.BadRequest(
                $"spec.resourceAttributes.namespace must match namespace: {ns}").Status
            : null;
    }

    /// <summary>What a token says of its bearer; null for a token that is worth nothing.</summary>
    public static JsonObject Token(UserInfo? bearer, JsonNode? spec) => bearer is null
        ? new() { ["user"] = new JsonObject(), ["error"] = "invalid bearer token" }
        : new()
        {
            ["authenticated"] = true, ["user"] = User(bearer),
            ["audiences"] = spec?["audiences"]?.DeepClone()
                ?? new JsonArray(Authenticator.Issuer),
        };

    private static JsonObject User(UserInfo user) => new()
    {
        ["username"] = user.Name, ["groups"] = Texts(user.Groups),
    };

    /// <summary>The status that answers a question of a user.</summary>
    public static JsonObject Status(
        string kind, JsonNode? spec, UserInfo asker, IAuthorizer authorizer)
    {
        switch (kind)
        {
            case "SelfSubjectReview":
                return new() { ["userInfo"] = User(asker) };
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
        var (node, kind) = (Json.Encode(value), value.Kind);
        var spec = node["spec"];
        if (AccessReviews.Refuse(kind, spec, request.Path.Namespace ?? "") is { } invalid)
        {
            return invalid;
        }
        node["status"] = kind.Name == "TokenReview"
            ? AccessReviews.Token(authenticator.Identify(request with
            {
                Token = spec.TextAt("token"),
            }), spec)
            : AccessReviews.Status(kind.Name, spec, request.User, Authorizer);
        return new(201) { Object = Json.Decode(node, value.Kind) };
    }
}
