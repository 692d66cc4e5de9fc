using System.Diagnostics;
using KubeSim;

namespace KubeNotebooks;

/// <summary>The open watches and followed logs of a served cluster. Only the owner of the cluster
/// touches them.</summary>
internal sealed class Feeds(Cluster cluster, ServeOptions options)
{
    private static readonly long atLeast = Stopwatch.Frequency / 500;

    private readonly List<Feed> feeds = [];
    private Revision pulledTo;
    private long pulledAt;

    public int Count => feeds.Count;

    public bool IsFull => feeds.Count >= options.MostWatches;

    public void Add(Feed feed)
    {
        feeds.Add(feed);
        feed.Pull(new(), cluster.Now, options.SlowReader);
    }

    public bool Remove(Feed feed)
    {
        feed.Dispose();
        return feeds.Remove(feed);
    }

    /// <summary>Passes on what is new, two milliseconds after the last time: between the steps of a
    /// run that is often enough.</summary>
    public void PullSome()
    {
        if (feeds.Count > 0 && Stopwatch.GetTimestamp() - pulledAt >= atLeast
            && cluster.Revision != pulledTo)
        {
            Pull();
        }
    }

    /// <summary>Passes on what is new.</summary>
    public void Pull()
    {
        var (shared, now) = (new SharedLines(), cluster.Now);
        feeds.ForEach(feed => feed.Pull(shared, now, options.SlowReader));
        foreach (var over in feeds.Where(feed => feed.IsOver))
        {
            over.Dispose();
        }
        feeds.RemoveAll(feed => feed.IsOver);
        (pulledTo, pulledAt) = (cluster.Revision, Stopwatch.GetTimestamp());
    }

    /// <summary>Ends every watch, as the real server does for one that stands in a past which is
    /// no more.</summary>
    public void End(Status why)
    {
        feeds.ForEach(feed => feed.End(why));
        Pull();
    }
}
