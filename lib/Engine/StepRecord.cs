using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>What made a step happen.</summary>
public enum CauseType
{
    /// <summary>A change that the component saw; the number is its revision.</summary>
    Revision,

    /// <summary>A timer; the number is the step that set it.</summary>
    Timer,

    /// <summary>A person's input; the number is its place in the journal, from 1.</summary>
    Input,
}

/// <summary>One cause of a step: recorded when the key was added, never guessed.</summary>
public readonly record struct Cause(CauseType Type, long Number)
{
    /// <summary>As <c>revision 29</c>, <c>timer of step 7</c>, <c>input 1</c>.</summary>
    public override string ToString() => Type switch
    {
        CauseType.Revision => $"revision {Number}",
        CauseType.Timer => $"timer of step {Number}",
        _ => $"input {Number}",
    };
}

/// <summary>One write that a component tried, with its outcome.</summary>
public sealed record Change
{
    /// <summary>What was tried.</summary>
    public required Verb Verb { get; init; }

    /// <summary>The object; its name may be a prefix when a create with a made-up name was
    /// refused.</summary>
    public required ObjectKey Key { get; init; }

    /// <summary>The subresource, such as <c>status</c>; empty for the object itself.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>The revision of the write; 0 when nothing was written.</summary>
    public Revision Revision { get; init; }

    /// <summary>The object before; null when it is new.</summary>
    public ApiObject? Before { get; init; }

    /// <summary>The object after; null when it is gone.</summary>
    public ApiObject? After { get; init; }

    /// <summary>Why it was refused; null when it was carried out.</summary>
    public Status? Refused { get; init; }

    /// <summary>The fields that the write changed.</summary>
    public Seq<FieldChange> Fields => Revision.Value == 0 || Before is null || After is null
        ? [] : Diff.Between(Before, After);

    /// <summary>One line: <c>create pods default/web-1</c>, <c>update nodes node-1 (409
    /// Conflict)</c>; of a key that is no object <c>put /coreos.com/network/config in
    /// etcd</c>.</summary>
    public override string ToString()
    {
        if (EtcdKeys.Raw.Equals(Key.Kind))
        {
            return $"{(Verb == Verb.Delete ? "del" : "put")} {Key.Name} in etcd";
        }
        var what = Subresource.Length == 0 ? $"{Key}" : $"{Key} {Subresource}";
        var verb = Verb.ToString().ToLowerInvariant();
        return Refused is null ? $"{verb} {what}" : $"{verb} {what} refused: {Refused.Message}";
    }
}

/// <summary>One step of the cluster: one component worked on one key. It says what the component
/// saw since its last step, what it wrote and what came of it, and what caused the step.</summary>
public sealed record StepRecord
{
    /// <summary>The number of the step, from 1; 0 when the cluster is idle.</summary>
    public long Number { get; init; }

    /// <summary>When it happened, in virtual time (UTC).</summary>
    public DateTime Time { get; init; }

    /// <summary>The component, such as <c>replicaset-controller</c> or <c>kubelet</c>.</summary>
    public string Component { get; init; } = "";

    /// <summary>The node of the component's instance; empty where there is one for the
    /// cluster.</summary>
    public string Node { get; init; } = "";

    /// <summary>The key that it worked on.</summary>
    public ObjectKey Key { get; init; }

    /// <summary>What made it happen.</summary>
    public Seq<Cause> Causes { get; init; }

    /// <summary>The changes that this instance saw since its last step.</summary>
    public Seq<WatchEvent> Saw { get; init; }

    /// <summary>The changes of kinds that it watches which were stored when it worked, and which it
    /// had not seen yet: by so much its cache was stale.</summary>
    public Seq<WatchEvent> Unseen { get; init; }

    /// <summary>The writes it tried, in order.</summary>
    public Seq<Change> Changes { get; init; }

    /// <summary>What it did outside the API, such as on its machine, in words.</summary>
    public Seq<string> Did { get; init; }

    /// <summary>Why the key will be tried again; null when nothing failed.</summary>
    public string? Error { get; init; }

    /// <summary>The digest of the run after this step.</summary>
    public ulong Digest { get; init; }

    /// <summary>When the cluster is idle: what is due next, and when; null for a step.</summary>
    public string? IdleUntil { get; init; }

    /// <summary>True when nothing happened: <see cref="IdleUntil"/> says what is due
    /// next.</summary>
    public bool IsIdle => IdleUntil is not null;

    /// <summary>The instance that worked: <c>kubelet/node-2</c>.</summary>
    public string Instance => Node.Length == 0 ? Component : $"{Component}/{Node}";

    /// <summary>The step as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>The step as text: who, when, why, and each write on a line of its own.</summary>
    public override string ToString()
    {
        if (IsIdle)
        {
            return $"idle; next: {IdleUntil}";
        }
        var text = new StringBuilder();
        var culture = CultureInfo.InvariantCulture;
        text.Append(culture, $"step {Number}  {Time:HH:mm:ss.fff}  {Instance}  {Key}");
        if (!Causes.IsEmpty)
        {
            text.Append(culture, $"\n  because of {string.Join(", ", Causes)}");
        }
        foreach (var deed in Did)
        {
            text.Append(culture, $"\n  {deed}");
        }
        foreach (var change in Changes)
        {
            text.Append(culture, $"\n  {change}");
            foreach (var field in change.Fields)
            {
                text.Append(culture, $"\n    {field}");
            }
        }
        if (Error is not null)
        {
            text.Append(culture, $"\n  error: {Error}");
        }
        return text.ToString();
    }
}

/// <summary>What is kept of every step: enough to follow causes and to compare runs; all else comes
/// back by replay.</summary>
internal readonly record struct StepLog
{
    public long Ticks { get; init; }

    public long Items { get; init; }

    public Shard Shard { get; init; }

    public ObjectKey Key { get; init; }

    public Cause First { get; init; }

    public Cause[]? More { get; init; }

    public Revision Last { get; init; }

    public int Writes { get; init; }

    /// <summary>The digest of this step alone.</summary>
    public ulong Own { get; init; }

    /// <summary>The digest of the run up to and with this step.</summary>
    public ulong Rolling { get; init; }
}
