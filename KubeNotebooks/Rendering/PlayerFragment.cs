using KubeSim;

namespace KubeNotebooks;

/// <summary>The player of a run, as part of a page. Its first frame is a picture and shows
/// everywhere; a click on it opens the player, which lives in a frame of its own: several on one
/// page know nothing of each other, nor of the page's styles and keys.</summary>
public sealed class PlayerFragment
{
    private readonly string page;
    private readonly ClusterMap now;
    private readonly Picture still;

    internal PlayerFragment(Cluster cluster)
    {
        RunLog? log = null;
        var start = ClusterMap.Begin(cluster);
        cluster.Relive(again =>
        {
            log = new(again, start);
            again.Stepped = log.Write;
        });
        using var text = new StringWriter { NewLine = "\n" };
        var player = new Player(log!, "The run");
        player.Write(text);
        page = text.ToString();
        now = ClusterMap.Of(cluster);
        still = new(player.FirstMap, "The first frame of a run that can be played step by step. "
            + MapText.Alt(player.FirstScene), "");
    }

    /// <summary>The player as HTML.</summary>
    public string ToHtml() => "<style>details.kplay[open] img{display:none}</style>"
        + "<details class=\"kplay\"><summary>Open the player: every step of the run, with a "
        + $"slider<br>{still.ToHtml()}</summary><iframe title=\"The run, step by step\" "
        + "loading=\"lazy\" sandbox=\"allow-scripts\" style=\"width:100%;height:1000px;border:0\" "
        + $"srcdoc='{Quoted(page)}'></iframe></details>";

    // Within single quotes the many double ones of the page need no escape.
    private static string Quoted(string html) => html
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("'", "&#39;", StringComparison.Ordinal);

    /// <summary>The cluster at the end of the run, in plain text.</summary>
    public override string ToString() => now.ToString();
}
