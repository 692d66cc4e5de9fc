using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>A set of completion indexes as spans, written <c>0,2-4</c>. Two neighbours are written
/// apart (<c>2,3</c>), three and more with a dash.</summary>
/// <remarks>Models pkg/controller/job/indexed_job_utils.go.</remarks>
internal sealed class JobIndexes
{
    public static readonly JobIndexes None = new([]);

    private readonly (int First, int Last)[] spans;

    private JobIndexes((int, int)[] spans) => this.spans = spans;

    /// <summary>How many indexes it has.</summary>
    public int Count => spans.Sum(s => s.Last - s.First + 1);

    /// <summary>Reads a text, up to the last index there is; what is no number is passed
    /// over.</summary>
    public static JobIndexes Parse(string? text, int completions)
    {
        var read = new List<(int, int)>();
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = part.Split('-');
            if (Number(ends[0]) is not { } first || Number(ends[^1]) is not { } last)
            {
                continue;
            }
            if (first >= completions)
            {
                break;
            }
            read.Add((first, Math.Min(last, completions - 1)));
        }
        return Of(read);
    }

    public bool Has(int index) => Array.Exists(spans, s => s.First <= index && index <= s.Last);

    public JobIndexes With(IEnumerable<int> indexes) => Of(spans.Concat(indexes.Select(Span)));

    public JobIndexes With(JobIndexes? other) =>
        other is null ? this : Of(spans.Concat(other.spans));

    /// <summary>How many indexes both have.</summary>
    public int Overlap(JobIndexes other) => spans.Sum(mine => other.spans.Sum(s =>
        Math.Max(0, Math.Min(mine.Last, s.Last) - Math.Max(mine.First, s.First) + 1)));

    /// <summary>The lowest indexes that it lacks.</summary>
    public List<int> FirstMissing(int count, int completions)
    {
        var missing = new List<int>();
        var candidate = 0;
        foreach (var (first, last) in spans.Append((completions, completions)))
        {
            for (; candidate < Math.Min(first, completions) && missing.Count < count; candidate++)
            {
                missing.Add(candidate);
            }
            candidate = Math.Max(candidate, last + 1);
        }
        return missing;
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (first, last) in spans)
        {
            text.Append(text.Length > 0 ? "," : "")
                .Append(CultureInfo.InvariantCulture, $"{first}");
            if (last > first)
            {
                text.Append(last == first + 1 ? ',' : '-')
                    .Append(CultureInfo.InvariantCulture, $"{last}");
            }
        }
        return text.ToString();
    }

    private static (int, int) Span(int index) => (index, index);

    private static int? Number(string text) => int.TryParse(text, NumberStyles.AllowLeadingSign,
        CultureInfo.InvariantCulture, out var number) ? number : null;

    private static JobIndexes Of(IEnumerable<(int First, int Last)> parts)
    {
        var merged = new List<(int First, int Last)>();
        foreach (var part in parts.OrderBy(p => p.First))
        {
            if (merged.Count > 0 && part.First <= merged[^1].Last + 1)
            {
                merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, part.Last));
            }
            else
            {
                merged.Add(part);
            }
        }
        return new([.. merged]);
    }
}
