using System.Text;

namespace KubeSim;

/// <summary>A request at one stage of the API server.</summary>
/// <param name="Name">The stage: authentication, authorisation, defaulting, mutating admission,
/// validation, validating admission, storage.</param>
/// <param name="By">Who acted: an admission rule, the authoriser, the kind.</param>
/// <param name="Note">What it found, in words; empty when the changes say it.</param>
/// <param name="Changes">What it changed of the object, field by field.</param>
/// <param name="Refusal">Why it ended the request; null to let it go on.</param>
public sealed record ApiStage(
    string Name, string By, string Note, Seq<FieldChange> Changes, Status? Refusal = null)
{
    /// <summary>True when the stage let everything pass as it was.</summary>
    public bool IsQuiet => Note.Length == 0 && Changes.IsEmpty && Refusal is null;

    /// <summary>The stage in a line, and a line for each change.</summary>
    public override string ToString()
    {
        var what = Refusal is { } refusal ? $"refused, {refusal.Code}: {refusal.Message}"
            : Note.Length > 0 ? Note : Changes.IsEmpty ? "nothing to change" : "";
        return $"{Name,-22}{$"{By}: {what}".TrimEnd(' ', ':')}"
            + string.Concat(Changes.Select(c => $"\n{"",24}{c}"));
    }
}

/// <summary>A request, stage by stage, with the answer that it would get.</summary>
public sealed record Explanation(ApiRequest Request, Seq<ApiStage> Stages, ApiResponse Answer)
{
    /// <summary>The stage that refused the request; null when none did.</summary>
    public ApiStage? RefusedBy => Stages.FirstOrDefault(s => s.Refusal is not null);

    /// <summary>The request as a picture.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>The stages that did something, and how many rules had nothing to say.</summary>
    public override string ToString()
    {
        var path = Request.Path;
        var text = new StringBuilder($"{Request.Verb.Name} {path} by {Request.User.Name}");
        var quiet = Stages.Count(s => s.IsQuiet);
        foreach (var stage in Stages.Where(s => !s.IsQuiet))
        {
            text.Append($"\n  {stage}");
        }
        return text.Append(quiet == 0 ? "" : $"\n  ({quiet} rules had nothing to say)").ToString();
    }
}

// The first two stages, and a look at all of them: a request is sent through the very code that
// serves it, as a dry run, and each stage notes what it did. Nothing is stored, nothing drawn from
// the seed.
//
// Models staging/src/k8s.io/apiserver/pkg/endpoints/filters/{authentication,impersonation,
// authorization}.go.
public sealed partial class ApiServer
{
    private List<ApiStage>? stages;

    /// <summary>Sends a request through every stage and stores nothing; the answer tells what each
    /// stage did.</summary>
    public Explanation Explain(ApiRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        stages = [];
        try
        {
            var dry = request.Verb.Reads ? request
                : request with { Query = request.Query with { DryRun = "All" } };
            var answer = Handle(dry);
            End(request, answer);
            return new(request, stages.ToSeq(), answer);
        }
        finally
        {
            stages = null;
        }
    }

    // What refused the request without a stage of its own (a missing object, a stale version).
    private void End(ApiRequest request, ApiResponse answer)
    {
        var told = stages!.Exists(s => s.Refusal is not null);
        if (!told)
        {
            var by = request.Verb.Reads ? "cache or etcd" : "etcd";
            Note(answer.Code == 400 ? "decoding" : "storage", answer.Code == 400 ? "body" : by,
                answer.IsSuccess ? request.Verb.Reads
                ? $"{answer.Items?.Count ?? 1} read at revision {store.Head}"
                : $"would be revision {store.Head.Next}" : "", answer.IsSuccess ? null
                : answer.Status);
        }
    }

    private Status? Authenticate(ref ApiRequest request)
    {
        if (authenticator.Identify(request) is not { } user)
        {
            Note("authentication", "token", "", Authenticator.Unauthorized);
            return Authenticator.Unauthorized;
        }
        if (!ReferenceEquals(user, request.User))
        {
            request = request with { User = user };
        }
        if (stages is not null)
        {
            Note("authentication", request.Token is null ? "certificate" : "token",
                $"{user.Name}, in {string.Join(", ", user.Groups)}", null);
        }
        return request.Impersonate is null ? null : Impersonate(ref request);
    }

    // Who acts as another needs the verb "impersonate" on the user and on each group.
    private Status? Impersonate(ref ApiRequest request)
    {
        var (user, to) = (request.User, request.Impersonate!);
        var questions = new List<Access>
        {
            to.Account is var (ns, name)
                ? Access.Of(user, "impersonate", KubeSim.Kinds.ServiceAccount, ns, name)
                : new Access
                {
                    User = user, Verb = "impersonate", Resource = "users", Name = to.Name,
                    Group = "", Namespace = "", Subresource = "",
                },
        };
        questions.AddRange(to.Groups.Select(g => questions[0] with
        {
            Resource = "groups", Name = g, Namespace = "",
        }));
        foreach (var question in questions)
        {
            if (Authorizer.Decide(question) is { Allowed: false } decision)
            {
                var refusal = question.Refusal(decision.Reason);
                Note("impersonation", "RBAC", "", refusal);
                return refusal;
            }
        }
        var acting = to.Account is var (home, account) && to.Groups.IsEmpty
            ? UserInfo.ServiceAccount(home, account)
            : to.Name == UserInfo.Anonymous.Name ? UserInfo.Anonymous
            : UserInfo.Person(to.Name, to.Groups);
        Note("impersonation", "RBAC", $"acts as {acting.Name}", null);
        request = request with { User = acting, Impersonate = null };
        return null;
    }

    private Status? Authorise(ApiRequest request)
    {
        var access = Access.Of(request);
        var decision = Authorizer.Decide(access);
        var refusal = decision.Allowed ? null : access.Refusal(decision.Reason);
        if (stages is not null)
        {
            var why = decision.Reason.Replace("RBAC: ", "", StringComparison.Ordinal);
            Note("authorisation", "RBAC", decision.Allowed ? why : "", refusal);
        }
        return refusal;
    }

    private void Note(string stage, string by, string note, Status? refusal) =>
        stages?.Add(new(stage, by, note, default, refusal));

    private void Note(
        string stage, string by, ApiObject? before, ApiObject? after, Status? refusal) =>
        stages?.Add(new(stage, by, "", ReferenceEquals(before, after) ? default
            : Diff.Between(before, after), refusal));

    /// <summary>Puts a webhook in place, or in the place of the one with its name.</summary>
    public void Add(WebhookSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        foreach (var rule in Admission.OfType<WebhookAdmission>())
        {
            rule.Remove(spec.Name);
            if (rule.Mutating == spec.Mutating)
            {
                rule.Add(spec);
            }
        }
    }
}
