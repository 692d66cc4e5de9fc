using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using KubeSim;

namespace KubeNotebooks;

/// <summary>Writes a run as one page that stands alone: a map and a card for every step, with a
/// slider. Without script it shows the start and the list of steps.</summary>
/// <remarks>All maps of a run share one layout. For each part of the map the page holds only its
/// different states, and from which step on each is shown: a run of 400 steps on three nodes takes
/// a few hundred kilobytes rather than many megabytes.</remarks>
internal sealed class Player
{
    /// <summary>The most maps; a run of more steps has one every so many steps.</summary>
    public const int MostMaps = 400;

    // Beyond so many steps a card no longer tells every field.
    private const int FullCards = 2_000;

    // Maps times pods: what is read and laid out stays within a few seconds.
    private const int MostMapPods = 2_000_000;

    private readonly RunLog log;
    private readonly List<Frame> frames;
    private readonly List<int> mapFrames = [];
    private readonly List<string> strings = [];
    private readonly Dictionary<string, int> numbers = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, List<int>> groups = new(StringComparer.Ordinal);
    private readonly List<int> alts = [];
    private readonly string title;

    /// <param name="log">The run.</param>
    /// <param name="title">What the page is about, such as the name of a manifest.</param>
    public Player(RunLog log, string title)
    {
        (this.log, this.title) = (log, title);
        frames = log.Finish();
        PickMaps();
        DrawMaps();
    }

    /// <summary>The map of the start, as an SVG.</summary>
    public string FirstMap { get; private set; } = "";

    /// <summary>What that map shows.</summary>
    public MapScene FirstScene { get; private set; } = null!;

    /// <summary>Writes the page.</summary>
    public void Write(TextWriter to)
    {
        to.Write("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            + "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
            + $"<title>{Markup.Escape(title)}, step by step</title>\n"
            + $"<style>\n{PlayerPage.Css}\n{StepCard.Css}\n</style>\n</head>\n<body>\n");
        to.Write($"<header><h1>{Markup.Escape(title)}, step by step</h1>\n"
            + $"<p>{Markup.Escape(Summary())}</p></header>\n");
        to.Write("<main><div class=\"left\">\n");
        WriteControls(to);
        to.Write("<p class=\"note\" id=\"late\" hidden></p>\n"
            + $"<div id=\"map\">{FirstMap}</div>\n");
        new TimeAxis(frames, log.Start, log.Components).Write(to);
        to.Write("<p class=\"note\" hidden data-js>Keys: ← → step, Home, End, space plays.</p>\n"
            + "<noscript><p class=\"note\">Without script this page shows the start, and in the "
            + "list what every step did.</p></noscript>\n</div>\n<div class=\"side\">\n");
        WriteList(to);
        to.Write($"<div id=\"card\" aria-live=\"polite\">{Card(0)}</div>\n");
        to.Write("</div></main>\n<script type=\"application/json\" id=\"data\">");
        to.Flush();
        WriteData(to);
        to.Write($"</script>\n<script>\n{PlayerPage.Script}\n</script>\n</body>\n</html>\n");
    }

    private string Summary()
    {
        var culture = CultureInfo.InvariantCulture;
        var span = Words.Elapsed(log.Cluster.Now - log.Start);
        var text = string.Create(culture,
            $"{log.Cluster.StepCount:N0} step{(log.Cluster.StepCount == 1 ? "" : "s")} in "
            + $"{span} of virtual time.");
        if (frames.Count < log.Count)
        {
            text += string.Create(culture, $" The run is long: this page holds the first and the "
                + $"last {RunLog.Half:N0} steps; {log.Count - frames.Count:N0} between are "
                + $"left out.");
        }
        if (mapFrames.Count < frames.Count)
        {
            text += string.Create(culture, $" Every step here has its card; "
                + $"{mapFrames.Count:N0} of {frames.Count:N0} have a map of their own.");
        }
        if (frames.Count > FullCards)
        {
            text += string.Create(culture,
                $" From step {FullCards:N0} on the cards leave out single fields.");
        }
        return text;
    }

    // Those that changed something and, of too many, some evenly; with the first and the last.
    private void PickMaps()
    {
        var pods = log.Cluster.List<Pod>().Count + 50;
        var most = Math.Clamp(MostMapPods / pods, 8, MostMaps);
        var all = Enumerable.Range(0, frames.Count).ToList();
        if (all.Count > most)
        {
            all = all.FindAll(i => i == 0 || i == frames.Count - 1 || frames[i].Step is not { } step
                || step.Changes.Any(Words.IsWrite));
        }
        var apart = Math.Max(1.0, (all.Count - 1.0) / (most - 1));
        for (var i = 0; i < Math.Min(most, all.Count); i++)
        {
            mapFrames.Add(all[(int)Math.Round(i * apart)]);
        }
    }

    private void DrawMaps()
    {
        var components = log.Components;
        var idle = log.Cluster.Components.Count(c => !components.Contains(c)
            && !log.NodeComponents.Contains(c));
        var scenes = mapFrames.ConvertAll(i => MapScene.Of(log.Cluster.At(frames[i].Revision),
            frames[i], log.Start, components, log.NodeComponents, idle));
        var layout = new MapLayout(scenes);
        for (var i = 0; i < scenes.Count; i++)
        {
            var map = new ClusterMap(scenes[i], layout);
            (FirstMap, FirstScene) = i == 0 ? (map.ToSvg(), scenes[0]) : (FirstMap, FirstScene);
            foreach (var (id, content) in map.Groups())
            {
                if (!groups.TryGetValue(id, out var states))
                {
                    groups.Add(id, states = []);
                }
                Append(states, mapFrames[i], content);
            }
            Append(alts, mapFrames[i], MapText.Alt(scenes[i]));
        }
    }

    // A list of pairs: from which frame on, and the number of the text.
    private void Append(List<int> states, int frame, string content)
    {
        if (!numbers.TryGetValue(content, out var number))
        {
            numbers.Add(content, number = strings.Count);
            strings.Add(content);
        }
        if (states.Count == 0 || states[^1] != number)
        {
            states.Add(frame);
            states.Add(number);
        }
    }

    private string Card(int frame) =>
        new StepCard(frames[frame], log.Start, log, brief: frame >= FullCards).Body();

    private static void WriteControls(TextWriter to) => to.Write("""
        <div class="bar" role="group" aria-label="Player" hidden data-js>
        <button id="first" title="To the start (Home)">|◀</button>
        <button id="prev" title="One step back (←)">◀ Back</button>
        <button id="next" title="One step on (→)">Step ▶</button>
        <button id="play">▶ Play</button>
        <button id="last" title="To the end (End)">▶|</button>
        <input id="range" type="range" min="0" value="0" aria-label="Step">
        <output id="where"></output></div>

        """);

    private void WriteList(TextWriter to)
    {
        to.Write("<section class=\"list\"><h2>All steps</h2>\n"
            + "<details class=\"flt\" hidden data-js><summary>Filter</summary>"
            + "<input id=\"find\" type=\"search\" placeholder=\"Find a pod, a verb…\" "
            + "aria-label=\"Find in the steps\">\n");
        var components = log.Components;
        for (var i = 0; i < components.Length; i++)
        {
            to.Write(string.Create(CultureInfo.InvariantCulture, $"<label><input type=\"checkbox\" "
                + $"checked data-c=\"{i}\"><i class=\"c\" "
                + $"style=\"background:{MapStyle.Colour(i)}\"></i>"
                + $"{Markup.Escape(components[i])}</label>\n"));
        }
        to.Write("<label><input type=\"checkbox\" id=\"quiet\">only steps that write</label>"
            + "</details>\n<ol id=\"steps\">\n");
        foreach (var frame in frames)
        {
            WriteItem(to, frame, Array.IndexOf(components, frame.Step?.Component));
        }
        to.Write("</ol></section>\n");
    }

    private static void WriteItem(TextWriter to, Frame frame, int component)
    {
        var style = frame.Step is null ? ""
            : frame.Step.Error is not null || frame.Step.Changes.Any(c => c.Refused is not null)
                ? " class=\"e\"" : frame.Step.Changes.Any(Words.IsWrite)
                    || !frame.Reported.IsEmpty ? "" : " class=\"q\"";
        var number = frame.Step?.Number.ToString(CultureInfo.InvariantCulture) ?? "●";
        var colour = component < 0 ? "class=\"c n\""
            : $"class=\"c\" style=\"background:{MapStyle.Colour(component)}\"";
        var (who, did) = frame.Step is { } step ? (Words.Who(step), MapScene.DeedsOf(frame))
            : (frame.Inputs.IsEmpty ? "the start" : "you",
                MapScene.HeadlineOf(frame).Replace("you ", "", StringComparison.Ordinal));
        to.Write(string.Create(CultureInfo.InvariantCulture, $"<li data-c=\"{component}\"{style}>"
            + $"<b>{number}</b><i {colour}></i><span><small>{Markup.Escape(who)}</small>"
            + $"{Markup.Escape(did)}</span></li>\n"));
    }

    // Compact, and yet nothing in it can end the script element or hide its end.
    private void WriteData(TextWriter to)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer,
            new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            Strings(json, "s", strings);
            json.WriteStartObject("g");
            foreach (var (id, states) in groups)
            {
                Numbers(json, id, states);
            }
            json.WriteEndObject();
            Numbers(json, "a", alts);
            Numbers(json, "m", [.. mapFrames.SelectMany(i => (int[])[i, i])]);
            Strings(json, "c", Enumerable.Range(0, frames.Count).Select(Card));
            Strings(json, "t", frames.Select(Place));
            json.WriteStartArray("x");
            var axis = new TimeAxis(frames, log.Start, log.Components);
            frames.ForEach(f => json.WriteNumberValue(axis.X(f.Time)));
            json.WriteEndArray();
            json.WriteEndObject();
        }
        to.Write(Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length))
            .Replace("</", "<\\/", StringComparison.Ordinal)
            .Replace("<!", "\\u003C!", StringComparison.Ordinal)
            .Replace("<s", "\\u003Cs", StringComparison.OrdinalIgnoreCase));
    }

    private string Place(Frame frame) => (frame.Step is { } step
        ? string.Create(CultureInfo.InvariantCulture, $"step {step.Number}")
        : frame.Inputs.IsEmpty ? "start" : "input")
        + $" · {Words.Elapsed(frame.Time - log.Start)}";

    private static void Strings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }
        json.WriteEndArray();
    }

    private static void Numbers(Utf8JsonWriter json, string name, List<int> values)
    {
        json.WriteStartArray(name);
        values.ForEach(json.WriteNumberValue);
        json.WriteEndArray();
    }
}
