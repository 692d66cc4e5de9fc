using System.Globalization;
using System.Text.Json.Nodes;
using KubeSim;
using Microsoft.AspNetCore.Http;

namespace KubeNotebooks;

/// <summary>
/// What a real cluster has not: <c>/sim/…</c> lets time pass, breaks things, and tells why. It is
/// asked for like any path that is no resource: RBAC says who may, by <c>nonResourceURLs</c>, and
/// the administrator may anyway. Answers are text, for curl and <c>kubectl get --raw</c>, and JSON
/// for those who accept nothing else.
/// </summary>
internal sealed class Steering(Cluster cluster, Pump pump)
{
    private const string Prefix = "/sim/";

    private static readonly JsonObject none = [];

    public static bool Takes(PathString path) => path.StartsWithSegments("/sim");

    public async Task<HttpAnswer> Serve(HttpRequest request, HttpCall call, CancellationToken gone)
    {
        if (await pump.Ask(() => Refusal(call, request.Path), gone) is { } refusal)
        {
            return refusal;
        }
        try
        {
            var what = request.Path.Value is { Length: > 5 } path ? path[Prefix.Length..] : "";
            var (text, json) = await ((request.Method, what) switch
            {
                ("POST", "step") => pump.Do(() => Step(request)),
                ("POST", "run") => pump.Do(() => Run(request)),
                ("POST", "converge") => pump.Do(() => Told(cluster.Converge(Span(request, "limit",
                    TimeSpan.FromMinutes(10))))),
                ("POST", "speed") => pump.Ask(() => SetSpeed(request), gone),
                ("POST", "fault") => pump.Ask(() => Fault(request), gone),
                ("GET", "why") => pump.Ask(() => Why(request), gone),
                ("GET", "journal") => pump.Ask(() => (cluster.SaveJournal(), none), gone),
                ("GET", "status") => pump.Ask(Status, gone),
                _ => throw ApiErrors.Of(404, "NotFound", $"there is no {request.Method} "
                    + $"{request.Path}; there are POST /sim/step, run, converge, speed, fault, and "
                    + "GET /sim/why, journal, status"),
            });
            var accept = call.Accept ?? "";
            return json.Count > 0 && accept.Contains("json", StringComparison.Ordinal)
                && !accept.Contains("*/*", StringComparison.Ordinal)
                ? new(200, json)
                : new(200, JsonValue.Create(text.TrimEnd('\n') + "\n"))
                {
                    ContentType = "text/plain; charset=utf-8",
                };
        }
        catch (ApiException e)
        {
            return new(e.Status.Code, Json.Encode(e.Status));
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException
            or InvariantBrokenException or ComponentFailedException or EndlessRunException)
        {
            return HttpDoor.Refused(400, "BadRequest", e.Message);
        }
    }

    // Asked of the API server itself, which knows tokens and impersonation.
    private HttpAnswer? Refusal(HttpCall call, string path)
    {
        var verb = call.Method.ToLowerInvariant();
        var may = Review(call, "authorization", "SelfSubjectAccessReview", new JsonObject
        {
            ["nonResourceAttributes"] = new JsonObject { ["path"] = path, ["verb"] = verb },
        });
        if (may.Code == 401 || (bool?)StatusOf(may)?["allowed"] == true)
        {
            return may.Code == 401 ? may : null;
        }
        var asker = Review(call, "authentication", "SelfSubjectReview", new JsonObject());
        var name = (string?)StatusOf(asker)?["userInfo"]?["username"]
            ?? (call.Impersonate ?? call.User).Name;
        return HttpDoor.Refused(403, "Forbidden",
            $"forbidden: User \"{name}\" cannot {verb} path \"{path}\"");
    }

    // Of a refusal the status is a word.
    private static JsonObject? StatusOf(HttpAnswer review) =>
        (review.Body as JsonObject)?["status"] as JsonObject;

    private HttpAnswer Review(HttpCall call, string group, string kind, JsonObject spec) =>
        cluster.Serve(call with
        {
            Method = "POST",
            Url = $"/apis/{group}.k8s.io/v1/{kind.ToLowerInvariant()}s",
            ContentType = "application/json", Accept = "application/json",
            Body = new JsonObject
            {
                ["apiVersion"] = $"{group}.k8s.io/v1", ["kind"] = kind, ["spec"] = spec,
            }.ToJsonString(),
        });

    private (string, JsonObject) Step(HttpRequest request)
    {
        var count = request.Query["count"].ToString() is not { Length: > 0 } text ? 1
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n)
                && n is > 0 and <= 10_000 ? n
            : throw ApiErrors.BadRequest($"count: \"{text}\" is no number from 1 to 10000");
        var steps = cluster.Steps(count);
        return (string.Join('\n', steps), new()
        {
            ["steps"] = new JsonArray([.. steps.Select(step => new JsonObject
            {
                ["number"] = step.Number, ["time"] = Iso(step.Time), ["text"] = $"{step}",
                ["component"] = step.Component, ["idle"] = step.IsIdle,
            })]),
        });
    }

    private (string, JsonObject) Run(HttpRequest request)
    {
        var span = Span(request, "for", null);
        var before = cluster.StepCount;
        pump.RunTo(cluster.Now + span);
        return Told(new()
        {
            Met = true, Time = cluster.Now, Steps = cluster.StepCount - before,
        });
    }

    private (string, JsonObject) SetSpeed(HttpRequest request)
    {
        pump.Speed = Speed.Parse(request.Query["to"].ToString());
        return Status();
    }

    private (string, JsonObject) Fault(HttpRequest request)
    {
        var (op, target) = (request.Query["op"].ToString(), request.Query["target"].ToString());
        var known = Enum.TryParse<FaultOp>(op, ignoreCase: true, out var fault)
            && !int.TryParse(op, CultureInfo.InvariantCulture, out _);
        if (!known)
        {
            throw ApiErrors.BadRequest($"op: there is no fault \"{op}\"; there are "
                + string.Join(", ", Enum.GetNames<FaultOp>().Select(n => n.ToLowerInvariant())));
        }
        cluster.Faults.Submit(fault, target,
            fault is FaultOp.CrashAfterWrite or FaultOp.LoseReply ? 1 : 0);
        return Status();
    }

    private (string, JsonObject) Why(HttpRequest request)
    {
        var word = request.Query["kind"].ToString();
        var kind = cluster.Api.ServedKinds.FindWord(word)
            ?? throw ApiErrors.BadRequest($"kind: there is no kind \"{word}\"");
        var ns = request.Query["namespace"].ToString();
        var key = new ObjectKey(kind, !kind.Namespaced ? "" : ns.Length == 0 ? "default" : ns,
            request.Query["name"].ToString());
        var chain = cluster.Why(key);
        if (chain.Links.IsEmpty)
        {
            throw ApiErrors.NotFound(kind, key.Name);
        }
        return ($"{chain}", new()
        {
            ["about"] = $"{chain.About}",
            ["isCut"] = chain.IsCut,
            ["links"] = new JsonArray([.. chain.Links.Select(link => new JsonObject
            {
                ["step"] = link.Step, ["input"] = link.Input, ["time"] = Iso(link.Time),
                ["who"] = link.Who, ["text"] = $"{link}",
                ["wrote"] = new JsonArray([.. link.Wrote.Select(w => JsonValue.Create(w))]),
                ["from"] = new JsonArray([.. link.From.Select(n => JsonValue.Create(n))]),
            })]),
        });
    }

    private (string, JsonObject) Status()
    {
        var status = new JsonObject
        {
            ["time"] = Iso(cluster.Now), ["speed"] = $"{pump.Speed}",
            ["converged"] = cluster.IsConverged, ["revision"] = cluster.Revision.Value,
            ["steps"] = cluster.StepCount, ["inputs"] = cluster.Journal.Count,
            ["watches"] = pump.Feeds.Count, ["digest"] = $"{cluster.Digest:x16}",
        };
        if (pump.Failure is { } failure)
        {
            status["failure"] = failure;
        }
        return (string.Join('\n', status.Select(p => $"{p.Key}: {p.Value}")), status);
    }

    private static (string, JsonObject) Told(RunResult result) => ($"{result}", new()
    {
        ["met"] = result.Met, ["time"] = Iso(result.Time), ["steps"] = result.Steps,
        ["busy"] = new JsonArray([.. result.Busy.Select(b => JsonValue.Create(b))]),
    });

    private static TimeSpan Span(HttpRequest request, string name, TimeSpan? usual)
    {
        var text = request.Query[name].ToString();
        return text.Length == 0 && usual is { } span ? span
            : GoDuration.TryParse(text, out var said) && said >= TimeSpan.Zero ? said
            : throw ApiErrors.BadRequest(
                $"{name}: \"{text}\" is no duration; write 250ms, 5s or 1h30m");
    }

    private static string Iso(DateTime time) =>
        time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
