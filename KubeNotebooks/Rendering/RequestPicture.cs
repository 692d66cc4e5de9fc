using System.Globalization;
using KubeSim;

namespace KubeNotebooks;

/// <summary>A request on its way through the API server: a box for each stage with what it changed,
/// an arrow to the next, and the answer at the end. A refusal leaves by a way of its own, past the
/// stages that never see the request.</summary>
internal sealed class RequestPicture
{
    private const int MostChanges = 10;
    private const int Left = 12;
    private const int Column = 158;
    private const int Right = 568;
    private const int Line = 17;
    private const int Gap = 13;
    private const int Size = 12;

    private static readonly string[] Read = ["authentication", "authorisation", "storage"];
    private static readonly string[] Delete =
        ["authentication", "authorisation", "validating admission", "storage"];
    private static readonly string[] Write =
    [
        "authentication", "authorisation", "defaulting", "mutating admission", "validation",
        "validating admission", "storage",
    ];

    private readonly Canvas canvas = new();
    private double bottom = 40;

    /// <summary>The picture of an explained request.</summary>
    public static Picture Of(Explanation explained)
    {
        var title = Title(explained.Request);
        var answer = explained.Answer.Status is { } status && !explained.Answer.IsSuccess
            ? Words.Code(status) : explained.Answer.Code == 201 ? "201 Created" : "200 OK";
        var picture = new RequestPicture();
        picture.Draw(explained, title, answer);
        var alt = Markup.Brief($"{title}. {string.Join(" ", explained.Stages
            .Where(s => !s.IsQuiet).Select(s => $"{s.Name}, {s.By}: {string.Join(", ",
                Lines(s).Select(l => l.Text))}."))} The answer: {answer}.", 1400);
        return new(Picture.Document(MapLayout.Width, picture.bottom + 12, alt,
            picture.canvas.ToString()), alt, $"{explained}\n  answer: {answer}");
    }

    private static string Title(ApiRequest request)
    {
        var (path, verb) = (request.Path, request.Verb.Name);
        var what = path.Kind is null ? "what is not served" : path.Kind.Resource
            + (path.Subresource is { Length: > 0 } sub ? $"/{sub}" : "");
        var place = path.Namespace is { Length: > 0 } ns ? $" in {ns}" : "";
        var who = request.Token is null ? request.User.Name : "a token";
        return $"{verb} {what}{(path.Name is { Length: > 0 } name ? $" {name}" : "")}{place}, "
            + $"by {who}";
    }

    private void Draw(Explanation explained, string title, string answer)
    {
        canvas.Fitted(8, 24, title, 584, 15, "h");
        var refused = explained.RefusedBy;
        var leaves = 0.0;
        var names = explained.Stages.Select(s => s.Name).Distinct().ToList();
        foreach (var name in names)
        {
            var stages = explained.Stages.Where(s => s.Name == name).ToList();
            var top = bottom;
            Stage(name, [.. stages.Where(s => !s.IsQuiet).SelectMany(Lines), .. Quiet(stages)],
                name == refused?.Name ? "nd rf" : "nd");
            leaves = refused is null ? 0 : (top + bottom - Gap) / 2;
        }
        var all = explained.Request.Verb.Reads ? Read
            : explained.Request.Verb == Verb.Delete ? Delete : Write;
        // A stage that only some requests have, such as decoding, comes after the last one of all.
        var reached = names.Max(n => Array.IndexOf(all, n));
        foreach (var name in refused is null ? [] : all.Skip(reached + 1))
        {
            Stage(name, [("m", "not reached")], "nd off");
        }
        if (refused is not null)
        {
            canvas.Arrow("ar rf", (Right, leaves), (Right + 16, leaves),
                (Right + 16, bottom + 12), (Right + 1, bottom + 12));
        }
        canvas.Box(Left, bottom, Right - Left, 24, refused is null ? "hd" : "hd rf");
        canvas.Text(Left + 10, bottom + 16, "answer", "b");
        canvas.Text(Column, bottom + 16, answer, refused is null ? "b" : "e");
        bottom += 24;
    }

    private void Stage(string name, List<(string Style, string Text)> lines, string style)
    {
        var height = (Line * lines.Count) + 7;
        canvas.Box(Left, bottom, Right - Left, height, style);
        canvas.Text(Left + 10, bottom + 16, name, style == "nd off" ? "m" : "b");
        for (var i = 0; i < lines.Count; i++)
        {
            canvas.Fitted(Column, bottom + 16 + (Line * i), lines[i].Text, Right - Column - 10,
                Size, lines[i].Style, start: true);
        }
        if (style == "nd")
        {
            canvas.Arrow("ar", (Left + 60, bottom + height), (Left + 60, bottom + height + Gap));
        }
        bottom += height + Gap;
    }

    private static IEnumerable<(string Style, string Text)> Quiet(List<ApiStage> stages)
    {
        var quiet = stages.Count(s => s.IsQuiet);
        if (quiet > 0)
        {
            yield return ("m", stages.Count == 1 ? "nothing to say" : string.Create(
                CultureInfo.InvariantCulture, $"{quiet} rules had nothing to say"));
        }
    }

    // Who acted, and what came of it: words, fields, a refusal.
    private static IEnumerable<(string Style, string Text)> Lines(ApiStage stage)
    {
        if (stage.Refusal is { } refusal)
        {
            var text = $"{stage.By}: {refusal.Message?.ReplaceLineEndings(" ")}";
            for (var i = 0; i < MostChanges && text.Length > 0; i++)
            {
                var (first, rest) = Markup.Wrap(text, Right - Column - 14, Size);
                yield return ("w", first);
                text = rest;
            }
            yield break;
        }
        yield return stage.Note.Length > 0 ? ("", $"{stage.By}: {stage.Note}") : ("b", stage.By);
        foreach (var change in stage.Changes.Take(MostChanges))
        {
            yield return ("", change.Before is null ? $"+ {change.Path}: {change.After}"
                : change.After is null ? $"\u2212 {change.Path}" : $"{change}");
        }
        if (stage.Changes.Count > MostChanges)
        {
            yield return ("m", string.Create(CultureInfo.InvariantCulture,
                $"and {stage.Changes.Count - MostChanges} more fields"));
        }
    }
}
