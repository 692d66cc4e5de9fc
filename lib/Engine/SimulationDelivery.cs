namespace KubeSim;

// How a change travels: from the log, after the API server's service time and the watch latency, to
// every instance that watches its kind. An instance that was cut off catches up from the log; one
// whose revisions are compacted away, or that is new, lists. A new one lists no less than what is
// stored when it asks, however slow the watches of others are: since 1.35 a first list names no
// revision and comes over a watch (WatchListClient), which the API server answers once its cache
// has reached etcd. Before, it came from that cache as it was, and could be older than the process.
//
// Models staging/src/k8s.io/client-go/tools/cache/reflector.go.
internal sealed partial class Simulation
{
    private void Deliver(Stream stream)
    {
        // What arrives at one instant is seen before anybody acts on a part of it.
        do
        {
            DeliverOne(stream);
        }
        while (stream.TryNext(out var next) && next <= Now);
        if (stream.TryNext(out var due))
        {
            Enqueue(due, new(WorkType.Deliver, stream, default, Pace.Progress, 0, default));
        }
    }

    private void DeliverOne(Stream stream)
    {
        CountWork(Pace.Progress, -1);
        var logged = Store.TryLog(stream.Take(), out var e);
        // A write that a later one overwrote in place (a lease renewal) has nothing left to say.
        for (var i = 0; logged && i < stream.Watchers.Count; i++)
        {
            var (component, watched) = stream.Watchers[i];
            if (watched.OnDemand)
            {
                BeginOn(component, e.New is null ? null : watched.NodeOf?.Invoke(e.New));
            }
            else if (!component.Spec.PerNode)
            {
                Offer(component.Shards[0], e);
            }
            else if (watched.NodeOf is null)
            {
                component.Shards.ForEach(s => Offer(s, e));
                // What runs on every node runs on one that joins.
                BeginOn(component, (e.New as Node)?.Metadata.Name);
            }
            else
            {
                var now = e.New is null ? null : watched.NodeOf(e.New);
                var before = e.Old is null ? null : watched.NodeOf(e.Old);
                OfferNode(component, now, e);
                if (before != now)
                {
                    OfferNode(component, before, e);
                }
            }
        }
    }

    private void OfferNode(Component component, string? node, in WatchEvent e)
    {
        if (string.IsNullOrEmpty(node))
        {
            return;
        }
        if (component.Find(node) is { } shard)
        {
            Offer(shard, e);
        }
        else
        {
            // First use: the list of the new instance shows this change too.
            Begin(component, node);
        }
    }

    private void BeginOn(Component component, string? node)
    {
        if (component.Spec.PerNode && !string.IsNullOrEmpty(node) && component.Find(node) is null)
        {
            Begin(component, node);
        }
    }

    /// <summary>Lets a lazy component bring its machine up to what it has seen, before somebody
    /// looks at that machine. The run does not notice.</summary>
    public void Look(string component, string node) =>
        Components.Find(c => c.Name == component)?.Find(node)?.CatchUp();

    private void Offer(Shard shard, in WatchEvent e)
    {
        if (shard.Listed && e.At > shard.ListedAt && !shard.IsHeld(e.Key.Kind))
        {
            shard.Observe(e);
            Kick(shard);
        }
    }

    private void Relist(Shard shard)
    {
        if (shard.Partitioned || shard.Listed)
        {
            return;
        }
        shard.Listed = true;
        foreach (var watched in shard.Component.Watches.Where(w => !w.OnDemand))
        {
            foreach (var o in Listed(shard, watched, CursorOf(shard, watched.Kind)))
            {
                shard.Observe(new(o.Metadata.ResourceVersion, o.Key, null, o), quiet: true);
            }
        }
        Kick(shard);
    }

    // What concerns a node is found by the store's index, which goes by the same answer.
    private IEnumerable<ApiObject> Listed(Shard shard, Watched watched, Revision at) =>
        !shard.Component.Spec.PerNode || watched.NodeOf is not { } nodeOf
            ? Store.List(watched.Kind, null, at)
            : nodeOf == NodeOf.Object
                ? Store.OnNode(watched.Kind, shard.Node, at).OrderBy(o => o.Key)
                : Store.List(watched.Kind, null, at).Where(o => nodeOf(o) == shard.Node);

    /// <summary>Delivers what an instance missed while its cursors stood still.</summary>
    /// <param name="shard">The instance.</param>
    /// <param name="only">The one kind whose cursor goes on; null: all of them.</param>
    private void CatchUp(Shard shard, Kind? only)
    {
        foreach (var (kind, cursor) in shard.Held?.ToArray() ?? [])
        {
            if (only is not null && !only.Equals(kind))
            {
                continue;
            }
            shard.Release(kind);
            var to = CursorOf(shard, kind);
            var watched = shard.Component.Watches.First(w => w.Kind.Equals(kind));
            if (watched.OnDemand)
            {
                continue;
            }
            if (cursor.At < Store.Compacted)
            {
                RelistAfterGone(shard, watched, cursor.At, to);
                continue;
            }
            for (var r = cursor.At.Next; r <= to; r = r.Next)
            {
                if (kind.Equals(Store.LogKind(r)) && Store.TryLog(r, out var e)
                    && Concerns(shard, watched, e))
                {
                    shard.Observe(e);
                }
            }
        }
        Kick(shard);
    }

    /// <summary>Shows an instance what its caches hold, as if each object had changed to what it
    /// is.</summary>
    public void Resync(Shard shard, Kind? only)
    {
        if (!shard.Listed)
        {
            return;
        }
        foreach (var watched in shard.Component.Watches.Where(w => !w.OnDemand
            && (only is null || only.Equals(w.Kind))))
        {
            foreach (var o in Listed(shard, watched, CursorOf(shard, watched.Kind)))
            {
                shard.Observe(new(o.Metadata.ResourceVersion, o.Key, o, o), quiet: true);
            }
        }
        Kick(shard);
    }

    /// <summary>410 Gone: the changes in between are compacted away, so the instance lists anew and
    /// learns from the difference, deletions included.</summary>
    private void RelistAfterGone(Shard shard, Watched watched, Revision from, Revision to)
    {
        var before = Listed(shard, watched, from).ToDictionary(o => o.Key);
        foreach (var now in Listed(shard, watched, to))
        {
            before.Remove(now.Key, out var old);
            if (old?.Metadata.ResourceVersion != now.Metadata.ResourceVersion)
            {
                shard.Observe(new(now.Metadata.ResourceVersion, now.Key, old, now));
            }
        }
        foreach (var gone in before.Values.OrderBy(o => o.Key))
        {
            shard.Observe(new(to, gone.Key, gone, null));
        }
    }

    private static bool Concerns(Shard shard, Watched watched, in WatchEvent e) =>
        !shard.Component.Spec.PerNode || watched.NodeOf is null
        || (e.New is not null && watched.NodeOf(e.New) == shard.Node)
        || (e.Old is not null && watched.NodeOf(e.Old) == shard.Node);

    /// <summary>Sends the revisions after one on their way; the i-th commit of a step leaves when
    /// the API server is through with it.</summary>
    private void RouteFrom(Revision before, List<(Revision Revision, TimeSpan After)> commits)
    {
        var next = 0;
        for (var r = before.Next; r <= Store.Head; r = r.Next)
        {
            while (next < commits.Count - 1 && commits[next].Revision < r)
            {
                next++;
            }
            var after = commits.Count == 0 ? TimeSpan.Zero : commits[next].After;
            Route(r, Now + after);
        }
    }

    private void Route(Revision revision, DateTime leaves)
    {
        if (Store.LogKind(revision) is not { } kind || !streams.TryGetValue(kind, out var stream)
            || stream.Watchers.Count == 0)
        {
            return;
        }
        var earliest = leaves + latency.Next(paces.Watch.From, paces.Watch.To);
        CountWork(Pace.Progress, 1);
        if (stream.Add(revision, earliest, out var due))
        {
            Enqueue(due, new(WorkType.Deliver, stream, default, Pace.Progress, 0, default));
        }
    }

    /// <summary>What was stored up to a revision and an instance had not seen by then.</summary>
    public Seq<WatchEvent> Unseen(Shard shard, Revision head)
    {
        List<WatchEvent>? unseen = null;
        foreach (var watched in shard.Component.Watches)
        {
            for (var r = CursorOf(shard, watched.Kind).Next; r <= head; r = r.Next)
            {
                if (watched.Kind.Equals(Store.LogKind(r)) && Store.TryLog(r, out var e)
                    && Concerns(shard, watched, e))
                {
                    (unseen ??= []).Add(e);
                }
            }
        }
        return unseen is null ? [] : [.. unseen.OrderBy(e => e.At)];
    }

    private Stream StreamOf(Kind kind)
    {
        if (!streams.TryGetValue(kind, out var stream))
        {
            stream = new(kind);
            streams.Add(kind, stream);
            streamList.Add(stream);
        }
        return stream;
    }
}
