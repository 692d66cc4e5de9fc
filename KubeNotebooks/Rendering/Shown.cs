using System.Collections;
using System.Globalization;
using System.Reflection;
using KubeSim;
using Microsoft.DotNet.Interactive.Formatting;

namespace KubeNotebooks;

/// <summary>How a value shows itself: as HTML and in plain text. A type with a public
/// <c>string ToHtml()</c> shows that (this is how Verso finds it, too); for others there are
/// formatters, registered with Microsoft.DotNet.Interactive.Formatting.</summary>
public static class Shown
{
    private static readonly Lazy<bool> registered = new(RegisterOnce);

    // What is best read as its text.
    private static readonly Type[] texts =
    [
        typeof(Revision), typeof(RaftStep), typeof(RunResult), typeof(KubectlResult),
        typeof(NetworkCheck), typeof(NetworkGuarantee), typeof(BrokenPair), typeof(ClusterCloud),
        typeof(DnsLookup), typeof(HttpReply), typeof(PolicyExplanation), typeof(LogLines),
    ];

    // What the library itself does not draw, by type; the first that fits.
    private static readonly (Type Type, Func<object, string> Html)[] forms =
    [
        Form<StepRecord>(s => StepCard.Of(s).ToHtml()),
        Form<CausalChain>(c => WhyPicture.Of(c).ToHtml()),
        Form<Explanation>(e => RequestPicture.Of(e).ToHtml()),
        Form<ScheduleExplanation>(e => SchedulePicture.Of(e).ToHtml()),
        Form<Divergence>(d => $"<style>{StepCard.Css}{ShownHtml.Css}</style>"
            + ClusterDiff.Cards(d)),
        Form<RaftGroup>(g => RaftPicture.Of(g).ToHtml()),
        Form<PacketTrace>(t => TracePicture.Of(t).ToHtml() + ShownHtml.Table(ShownHtml.HopHeader,
            [.. ShownHtml.Hops(t.Hops), ["", t.Message, t.Outcome.ToString(), ""]])),
        Form<LoadRun>(l => Chart.Load(l).ToHtml() + ShownHtml.Pre(l.ToString())),
        Form<PolicyMatrix>(m => PolicyPicture.Of(m).ToHtml()),
        Form<Hop>(h => ShownHtml.Table(ShownHtml.HopHeader, ShownHtml.Hops([h]))),
        Form<Cluster>(c => ClusterMap.Of(c).ToHtml()),
        Form<ClusterView>(v => ClusterMap.Of(v).ToHtml()),
        Form<Exploration>(e => ShownHtml.Pre(e.ToString()) + Pictures(e.Failure)),
        Form<ExploredRun>(r => ShownHtml.Pre(r.ToString()) + Pictures(r)),
        Form<ApiObject>(ShownHtml.Yaml),
        Form<ApiException>(e => ShownHtml.Error(e.Status.Reason is null ? "Refused"
            : Words.Code(e.Status), [e.Message])),
        Form<ManifestException>(e => ShownHtml.Error("The manifest cannot be read",
            e.Errors.Select(error => error.ToString()))),
        .. texts.Select(t => (t, (Func<object, string>)(value => ShownHtml.Pre(Text(value))))),
        Form<IEnumerable<StepRecord>>(ShownHtml.Steps),
        Form<IEnumerable<Hop>>(h => ShownHtml.Table(ShownHtml.HopHeader, ShownHtml.Hops(h))),
        Form<IEnumerable<ApiObject>>(Tables),
        Form<IEnumerable<string>>(s => ShownHtml.Pre(string.Join('\n', s))),
    ];

    /// <summary>Registers the formatters, once a process.</summary>
    public static void Register() => _ = registered.Value;

    /// <summary>A value as HTML.</summary>
    public static string Html(object? value) => value is null ? ShownHtml.Pre("null")
        : FormOf(value) is { } form ? form(value)
        : value.GetType().GetMethod("ToHtml", BindingFlags.Public | BindingFlags.Instance, [])
            is { } toHtml && toHtml.ReturnType == typeof(string) && !IsListOrMap(value.GetType())
            ? (string)toHtml.Invoke(value, null)!
        : IsListOrMap(value.GetType()) ? ListOrMap((IEnumerable)value)
        : value.ToDisplayString("text/html");

    /// <summary>A value in plain text.</summary>
    public static string Text(object? value) => value switch
    {
        null => "null",
        string text => text,
        ApiObject o => Json.ToYaml(o).TrimEnd('\n'),
        ApiException e => $"{(e.Status.Reason is null ? "Refused" : Words.Code(e.Status))}: "
            + e.Message,
        ManifestException e => e.Message,
        Cluster cluster => ClusterMap.Of(cluster).ToString(),
        ClusterView view => ClusterMap.Of(view).ToString(),
        RaftGroup group => RaftPicture.Of(group).Text,
        IEnumerable<ApiObject> objects => Columns(objects),
        IEnumerable list when value is Array or IList || (IsListOrMap(value.GetType())
            && value.GetType().GetGenericTypeDefinition() == typeof(Seq<>)) =>
            string.Join('\n', list.Cast<object?>().Select(Text)),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static (Type, Func<object, string>) Form<T>(Func<T, string> html) =>
        (typeof(T), value => html((T)value));

    // The last steps of a failing run, to be seen beside its story.
    private static string Pictures(ExploredRun? run) => run is not { Failed: true } ? ""
        : Draw.Steps(run.Cluster, run.Story.TakeLast(4).ToSeq()).ToHtml();

    private static Func<object, string>? FormOf(object value) => FormOf(value.GetType());

    internal static Func<object, string>? FormOf(Type shown) =>
        forms.FirstOrDefault(f => f.Type.IsAssignableFrom(shown)).Html;

    private static bool IsListOrMap(Type type) => type.IsGenericType
        && (type.GetGenericTypeDefinition() == typeof(Seq<>)
            || type.GetGenericTypeDefinition() == typeof(Map<>));

    // A list is its items; never the properties of the list.
    private static string ListOrMap(IEnumerable items)
    {
        var isMap = items.GetType().GetGenericTypeDefinition() == typeof(Map<>);
        var rows = items.Cast<object?>().Select(item => isMap && item!.GetType() is var type
            ? (string[])[Text(type.GetProperty("Key")!.GetValue(item)),
                Text(type.GetProperty("Value")!.GetValue(item))] : [Text(item)]);
        return ShownHtml.Table([], rows);
    }

    // A kind after the other, as kubectl does; without ages, since a list has no clock.
    private static IEnumerable<(string[] Header, List<string[]> Rows)> Kinds(
        IEnumerable<ApiObject> objects)
    {
        foreach (var kind in objects.GroupBy(o => o.Kind))
        {
            var table = Table.Of(kind.Key, kind, default);
            int[] shown = [.. Enumerable.Range(0, table.Columns.Count).Where(i =>
                !table.Columns[i].Wide && table.Columns[i].Name is not ("Age" or "Last Seen"))];
            var spaced = kind.Key.Namespaced && kind.Any(o => o.Metadata.Namespace != "default");
            yield return ([.. spaced ? ["NAMESPACE"] : (string[])[],
                .. shown.Select(i => table.Columns[i].Name.ToUpperInvariant())],
                [.. table.Rows.Select(r => (string[])[
                    .. spaced ? [r.Object.Metadata.Namespace] : (string[])[],
                    .. shown.Select(i => r.Cells[i])])]);
        }
    }

    private static string Tables(IEnumerable<ApiObject> objects)
    {
        var tables = Kinds(objects).Select(t => ShownHtml.Rows(t.Header, t.Rows)).ToList();
        return tables.Count == 0 ? ShownHtml.Pre("No resources found.")
            : $"<style>{ShownHtml.Css}</style>{string.Concat(tables)}";
    }

    private static string Columns(IEnumerable<ApiObject> objects)
    {
        var tables = Kinds(objects).Select(t => Markup.Columns([t.Header, .. t.Rows], "   "));
        var text = string.Join("\n\n", tables);
        return text.Length == 0 ? "No resources found." : text;
    }

    private static bool RegisterOnce()
    {
        AppContext.SetData("KubeSim.Html", (Func<object, string>)Html);
        Type[] types = [.. forms.Select(f => f.Type), typeof(Seq<>), typeof(Map<>),
            typeof(Picture), typeof(ClusterMap), typeof(StepCard), typeof(Figure),
            typeof(ClusterDiff), typeof(PlayerFragment)];
        foreach (var type in types.Where(t => !t.IsGenericType || t.IsGenericTypeDefinition))
        {
            Formatter.Register(type, (value, to) => to.Write(Html(value)), "text/html");
            Formatter.Register(type, (value, to) => to.Write(Text(value)), "text/plain");
            Formatter.SetPreferredMimeTypesFor(type, "text/html", "text/plain");
        }
        return true;
    }
}
