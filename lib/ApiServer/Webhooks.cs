using System.Globalization;

namespace KubeSim;

/// <summary>What a webhook is asked: a write on its way in.</summary>
public sealed record AdmissionReview
{
    /// <summary>CREATE, UPDATE or DELETE.</summary>
    public required string Operation { get; init; }
    /// <summary>Who asks.</summary>
    public required UserInfo User { get; init; }
    /// <summary>What is written: kind, namespace, name and subresource.</summary>
    public required ResourcePath Path { get; init; }
    /// <summary>The object as it would be stored; null for a deletion.</summary>
    public ApiObject? Object { get; init; }
    /// <summary>The object as it is stored; null for a creation.</summary>
    public ApiObject? OldObject { get; init; }
}

/// <summary>What a webhook answers.</summary>
public sealed record WebhookAnswer
{
    /// <summary>Let it pass.</summary>
    public static WebhookAnswer Allow { get; } = new();

    /// <summary>False: refuse the request.</summary>
    public bool Allowed { get; init; } = true;
    /// <summary>Why it is refused.</summary>
    public string? Message { get; init; }
    /// <summary>The reason of the refusal in a word, such as Forbidden; null for none.</summary>
    public string? Reason { get; init; }
    /// <summary>The HTTP code of the refusal; 400 when less is said.</summary>
    public int Code { get; init; }
    /// <summary>The object as the webhook wants it; null to leave it.</summary>
    public ApiObject? Object { get; init; }
    /// <summary>How long the answer took; beyond the timeout the call has failed.</summary>
    public TimeSpan Took { get; init; }

    /// <summary>Refuse it, as most webhooks do: 403.</summary>
    public static WebhookAnswer Deny(string message) =>
        new() { Allowed = false, Message = message, Code = 403, Reason = "Forbidden" };

    /// <summary>Let it pass, changed.</summary>
    public static WebhookAnswer Change(ApiObject value) => new() { Object = value };
}

/// <summary>A webhook: a program outside that the API server asks about writes. The factory is
/// called anew for every replay: what it returns must share nothing.</summary>
/// <param name="Name">Its full name, such as <c>policy.example.com</c>; webhooks are asked in the
/// order of their names.</param>
/// <param name="New">Makes the webhook.</param>
public sealed record WebhookSpec(string Name, Func<Func<AdmissionReview, WebhookAnswer>> New)
{
    /// <summary>True: it may change objects, and is asked before they are validated.</summary>
    public bool Mutating { get; init; }
    /// <summary>What it is asked about, such as <c>pods</c>, <c>deployments.apps</c>,
    /// <c>pods/binding</c> or <c>*</c>.</summary>
    public Seq<string> Resources { get; init; } = ["*"];
    /// <summary>CREATE, UPDATE, DELETE; the first two by default.</summary>
    public Seq<string> Operations { get; init; } = ["CREATE", "UPDATE"];
    /// <summary>Fail refuses the request when the call fails; Ignore passes over it.</summary>
    public string FailurePolicy { get; init; } = "Fail";
    /// <summary>How long the API server waits.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
    /// <summary>The namespaces that it is asked about, by label; null for all.</summary>
    public LabelSelector? NamespaceSelector { get; init; }
    /// <summary>True (<c>reinvocationPolicy: IfNeeded</c>): it is asked once more when a later
    /// webhook changed the object.</summary>
    public bool Reinvoke { get; init; }
}

/// <summary>
/// Asks webhooks about writes: the mutating ones one after the other, each seeing what those
/// before it made of the object; later, about the complete object, the validating ones.
/// <para>Worked example: <c>a</c> adds a label and asks to be called again, <c>b</c> adds a
/// container. The order is a, b, a: the second call may see to the new container.</para>
/// What cannot be reached refuses the request or does not, by its failurePolicy: a cluster whose
/// webhook for pods is down, with Fail, starts no pod, that of the webhook included.
/// Models staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook.
/// </summary>
internal sealed class WebhookAdmission(bool mutating) : IAdmission
{
    private readonly SortedDictionary<string, Hook> hooks = new(StringComparer.Ordinal);

    private sealed record Hook(WebhookSpec Spec, Func<AdmissionReview, WebhookAnswer> Call);

    public string Name => mutating ? "MutatingAdmissionWebhook" : "ValidatingAdmissionWebhook";

    public bool Mutating => mutating;

    public void Add(WebhookSpec spec) => hooks[spec.Name] = new(spec, spec.New());

    public bool Remove(string name) => hooks.Remove(name);

    public Status? Mutate(in AdmissionRequest request, ref ApiObject value)
    {
        if (!mutating || hooks.Count == 0)
        {
            return null;
        }
        var (again, asked) = (new List<Hook>(), new List<Hook>());
        foreach (var hook in hooks.Values)
        {
            var before = value;
            if (Ask(hook, request, ref value) is { } refusal)
            {
                return refusal;
            }
            if (!before.Equals(value))
            {
                again = [.. asked];
            }
            asked.Add(hook);
        }
        foreach (var hook in again.Where(h => h.Spec.Reinvoke))
        {
            if (Ask(hook, request, ref value) is { } refusal)
            {
                return refusal;
            }
        }
        return null;
    }

    public Status? Validate(in AdmissionRequest request, ApiObject? value)
    {
        foreach (var hook in mutating ? [] : hooks.Values.ToArray())
        {
            var seen = value!;
            if (Ask(hook, request, ref seen) is { } refusal)
            {
                return refusal;
            }
        }
        return null;
    }

    private Status? Ask(Hook hook, in AdmissionRequest request, ref ApiObject value)
    {
        if (!Concerns(hook.Spec, request))
        {
            return null;
        }
        var answer = Call(hook, request, value, out var failure);
        if (failure is not null)
        {
            return hook.Spec.FailurePolicy == "Ignore" ? null : failure;
        }
        if (!answer!.Allowed)
        {
            return Denied(hook.Spec.Name, answer);
        }
        value = mutating && answer.Object is { } changed ? changed : value;
        return null;
    }

    // Whatever a webhook throws is a failed call, as from a server that hangs up.
    private static WebhookAnswer? Call(
        Hook hook, in AdmissionRequest request, ApiObject? value, out Status? failure)
    {
        failure = null;
        var problem = "context deadline exceeded";
        try
        {
            var answer = hook.Call(new()
            {
                Operation = Operation(request.Verb), User = request.Request.User,
                Path = request.Request.Path, Object = value, OldObject = request.Old,
            });
            if (answer.Took <= hook.Spec.Timeout)
            {
                return answer;
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            problem = e.Message;
        }
        var seconds = hook.Spec.Timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        failure = ApiErrors.Internal($"Internal error occurred: failed calling webhook "
            + $"\"{hook.Spec.Name}\": failed to call webhook: Post \"https://{hook.Spec.Name}:443/"
            + $"?timeout={seconds}s\": {problem}").Status;
        return null;
    }

    private static bool Concerns(WebhookSpec spec, in AdmissionRequest request)
    {
        var path = request.Request.Path;
        var sub = path.Subresource is { Length: > 0 } part ? $"/{part}" : "";
        var resources = spec.Resources.AsSpan();
        var named = resources.Contains(path.Kind.Resource + sub) || resources.Contains("*/*")
            || (sub.Length == 0 && resources.Contains("*"));
        return named && spec.Operations.AsSpan().Contains(Operation(request.Verb))
            && (spec.NamespaceSelector is not { } selector || selector.Matches(
                request.Store.Get(new ObjectKey(Kinds.Namespace, "", request.Namespace))
                    ?.Metadata.Labels ?? default));
    }

    private static string Operation(Verb verb) => verb.Name.ToUpperInvariant();

    private static Status Denied(string name, WebhookAnswer answer)
    {
        var why = answer.Message ?? answer.Reason;
        return new()
        {
            Code = Math.Max(answer.Code, 400), Reason = answer.Reason,
            Message = $"admission webhook \"{name}\" denied the request"
                + (why is { Length: > 0 } ? $": {why}" : " without explanation"),
        };
    }
}
