using System.Globalization;
using System.Text;

namespace KubeSim;

public sealed partial class ClusterScheduler
{
    /// <summary>Why a pod is where it is, or why it is nowhere; of a pod that is not in the
    /// cluster, where it would go. A decision that was taken is made once more, over the cluster as
    /// it was when the binding was written: nothing has to be kept for it.</summary>
    /// <param name="pod">Of the cluster or not.</param>
    /// <exception cref="ArgumentException">The pod came with its node, so nobody decided; or it
    /// names a scheduler that has no profile here.</exception>
    /// <exception cref="HistoryGoneException">The decision is older than the history that is
    /// kept.</exception>
    /// <example><code>cluster.Scheduler.Explain(cluster.Get&lt;Pod&gt;("web"))</code></example>
    public ScheduleExplanation Explain(Pod pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        using var own = cluster.Own();
        if (!pod.IsScheduled)
        {
            return new(Decide(pod), cluster.Revision, null);
        }
        foreach (var (_, change) in cluster.Past(Kinds.Pod))
        {
            if (change.New is Pod now && now.Metadata.Uid == pod.Metadata.Uid && now.IsScheduled)
            {
                return change.Old is Pod before
                    ? new(Decide(before, new(change.At.Value - 1)), change.At, now.Spec.NodeName)
                    : throw new ArgumentException(
                        $"pod {pod.Metadata.Name} came with spec.nodeName: nobody decided");
            }
        }
        throw new HistoryGoneException(new(1), cluster.Revision);
    }

    /// <summary>Where a pod would go that is not in the cluster.</summary>
    /// <param name="yaml">The manifest of one Pod.</param>
    /// <exception cref="ManifestException">The text is no good manifest.</exception>
    /// <exception cref="ApiException">The API server would not take it.</exception>
    /// <exception cref="ArgumentException">It is not one Pod.</exception>
    public ScheduleExplanation Explain(string yaml)
    {
        using var own = cluster.Own();
        var documents = Manifest.Read(yaml, "manifest", cluster.Engine.Api.Kinds);
        if (documents.FirstOrDefault(d => !d.Errors.IsEmpty) is { } wrong)
        {
            throw new ManifestException(wrong.Errors);
        }
        if (documents.Count != 1 || documents[0].Object is not Pod pod)
        {
            throw new ArgumentException("the manifest is to be that of one Pod");
        }
        // As the API server would store it: with its defaults, its priority, its tolerations.
        var answer = cluster.Api.Explain(pod).Answer;
        return answer.Object is Pod stored ? Explain(stored)
            : throw new ApiException(answer.Status!);
    }
}

/// <summary>A decision of the scheduler, told: a line for each node that was looked at, with what
/// spoke against it or its scores, and what came of it. A score reads <c>7→100</c>: as the plugin
/// gave it, and normalised to at most 100; the sum counts it as often as its weight says.</summary>
public sealed class ScheduleExplanation
{
    internal ScheduleExplanation(CycleRecord record, Revision at, string? bound) =>
        (Record, At, Bound) = (record, at, bound);

    /// <summary>The decision in full.</summary>
    public CycleRecord Record { get; }

    /// <summary>The revision that bound the pod, or the state that an imagined decision rests
    /// on.</summary>
    public Revision At { get; }

    /// <summary>Where the pod really went; null when it is not bound.</summary>
    public string? Bound { get; }

    /// <summary>The node that was chosen; null when none will do.</summary>
    public string? Chosen => Bound ?? Record.Chosen;

    /// <summary>Which node, out of how many, and what decided.</summary>
    public string Summary
    {
        get
        {
            var (will, ties) = (Record.Nodes.Count(n => n.Verdict.IsSuccess), Record.Ties);
            var text = FormattableString.Invariant(
                $"{Record.Nodes.Count} of {Record.AllNodes} nodes looked at, {will} will do");
            return Chosen is null ? $"{text}: {(Record.Nominated is { } room
                    ? $"room is being made on {room}" : "none is chosen")}"
                : will == 1 && ties.Contains(Chosen) ? $"{text}: {Chosen}, no scores needed"
                : !ties.Contains(Chosen)
                    ? $"{text}: {Chosen}, chosen when the scheduler had not yet seen all of this"
                : ties.Count == 1 ? $"{text}: {Chosen} has the highest sum"
                : FormattableString.Invariant(
                    $"{text}: {Chosen}, by chance among {ties.Count} with the same sum");
        }
    }

    /// <summary>The plugins that had nothing to say of this pod, in words; empty for
    /// none.</summary>
    public string SatOut
    {
        get
        {
            var (filters, scores) = (Record.SkippedFilters, Record.SkippedScores);
            return (filters.Count > 0 ? $"filters {string.Join(", ", filters)}" : "")
                + (filters.Count > 0 && scores.Count > 0 ? "; " : "")
                + (scores.Count > 0 ? $"scores {string.Join(", ", scores)}" : "");
        }
    }

    /// <summary>The decision as a heat map, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>The decision as text.</summary>
    public override string ToString()
    {
        var meta = Record.Pod.Metadata;
        var text = new StringBuilder($"Pod {meta.Namespace}/{meta.Name}"
            + (Bound is null ? "" : $", bound at revision {At.Value}") + $"\n{Summary}\n");
        if (Record.Nodes.Count > 0)
        {
            text.Append('\n').Append(TabWriter.Align(Table(), 3)).Append('\n');
        }
        foreach (var why in Against())
        {
            text.Append(why).Append('\n');
        }
        foreach (var candidate in Record.Candidates)
        {
            text.Append(Told(candidate)).Append('\n');
        }
        text.Append(SatOut.Length > 0 ? $"nothing to say of this Pod: {SatOut}\n" : "");
        text.Append(Record.Message.Length > 0 ? $"FailedScheduling: {Record.Message}\n" : "");
        return text.ToString().TrimEnd('\n');
    }

    /// <summary>A node on which room could be made, and what it would cost, in words.</summary>
    public static string Told(PreemptionCandidate candidate) => FormattableString.Invariant(
        $"room on {candidate.Node} without {string.Join(", ",
            candidate.Victims.Select(v => v.Metadata.Name))}")
        + (candidate.Violations > 0 ? FormattableString.Invariant(
            $" ({candidate.Violations} of them protected by a PodDisruptionBudget)") : "");

    private string Table()
    {
        var plugins = Record.Nodes.FirstOrDefault(n => n.Scores.Count > 0)?.Scores ?? default;
        var rows = new List<string>
        {
            string.Concat("NODE\tFILTERS\t", string.Concat(plugins.Select(p => p.Weight == 1
                ? $"{p.Plugin}\t" : FormattableString.Invariant($"{p.Plugin} x{p.Weight}\t"))),
                plugins.Count > 0 ? "SUM" : ""),
        };
        foreach (var node in Record.Nodes)
        {
            var scores = node.Scores.Select(s => s.Raw == s.Normalized
                ? $"{Number(s.Raw)}\t" : $"{Number(s.Raw)}→{Number(s.Normalized)}\t");
            rows.Add(string.Concat($"{node.Node}\t", node.Verdict.IsSuccess ? "yes\t" : "no\t",
                string.Concat(scores), node.Scores.Count > 0 ? Number(node.Total) : "",
                node.Node == Chosen ? "   <- chosen" : ""));
        }
        return string.Join('\n', rows);
    }

    // Nodes that the same plugins turn away share a line.
    private IEnumerable<string> Against() => Record.PreFilter is { } early
        ? [$"before any node is looked at: {early.Plugin}: {early.Message}"]
        : Record.Nodes.Where(n => !n.Verdict.IsSuccess)
            .GroupBy(n => string.Join("; also ", n.Filters.Where(f => !f.Status.IsSuccess)
                .Select(f => $"{f.Plugin}: {f.Status.Message}")), StringComparer.Ordinal)
            .Select(g => $"not {string.Join(", ", g.Select(n => n.Node))}: {g.Key}");

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
