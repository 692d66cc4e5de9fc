using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;

namespace KubeSim.Tests;

public sealed class EtcdEventTests
{
    private static readonly DateTime Start = new(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly Kind Pod = MakeKind("Pod", true);
    private static readonly Kind Node = MakeKind("Node", false);

    private static Event[] Told(IEnumerable<EventRow> rows)
    {
        var store = new EtcdStore(History.All);
        foreach (var row in rows)
        {
            store.Record(row);
        }
        return [.. store.Events(null, store.Head)];
    }

    [Test]
    public void The_tenth_event_that_differs_in_its_text_alone_is_combined()
    {
        var events = Told(Enumerable.Range(1, 12).Select(i => Pulling("web", $"image-{i}", i)));
        Assert.That(events, Has.Length.EqualTo(10));
        Assert.That((events[^1].Message, events[^1].Count, events[^1].FirstTimestamp), Is.EqualTo((
            "(combined from similar events): Pulling image \"image-12\"", (int?)3,
            (Time?)Start.AddSeconds(10))));
    }

    [Test]
    public void Another_reason_object_or_reporter_is_not_similar([Values(0, 1, 2)] int differs)
    {
        var events = Told(Enumerable.Range(1, 12).Select(i => i <= 9 ? Pulling("web", $"{i}", i)
            : differs switch
            {
                0 => Pulling("web", $"{i}", i) with { Reason = "Pulled" },
                1 => Pulling("web", $"{i}", i) with { Uid = "another" },
                _ => Pulling("web", $"{i}", i) with { Host = "another" },
            }));
        Assert.That(events.Select(e => e.Count), Is.All.EqualTo(1));
        Assert.That(events, Has.Length.EqualTo(12));
    }

    [TestCase(600, 10)]
    [TestCase(601, 19)]
    public void After_ten_quiet_minutes_similar_events_are_told_one_by_one(int quiet, int told)
    {
        var events = Told(Enumerable.Range(1, 18).Select(
            i => Pulling("web", $"image-{i}", i <= 9 ? 0 : quiet + i - 10)));
        Assert.That(events, Has.Length.EqualTo(Math.Min(told, 18)));
    }

    [Test]
    public void A_reporter_tells_25_events_of_a_type_about_an_object_and_then_one_in_five_minutes()
    {
        var store = new EtcdStore(History.All);
        for (var second = 0; second <= 600; second += 10)
        {
            store.Record(Pulling("web", "nginx", second));
        }
        // 25 in the first four minutes; what came back meanwhile is whole at 300 s, and again at
        // 600 s. The count takes in what was dropped before.
        Assert.That(store.Head, Is.EqualTo(new Revision(27)));
        Assert.That(store.Events(null, store.Head).Single().Count, Is.EqualTo(61));
        store.Record(Pulling("other", "nginx", 600));
        Assert.That(store.Head, Is.EqualTo(new Revision(28)), "each object has its own allowance");
        store.Record(Pulling("web", "nginx", 600) with { Type = "Warning" });
        Assert.That(store.Head, Is.EqualTo(new Revision(29)), "and each type");
    }

    [Test]
    public void A_reporter_that_starts_anew_does_not_know_what_it_told()
    {
        var again = Pulling("web", "nginx", 1) with { Life = 1 };
        var events = Told([Pulling("web", "nginx", 0), again]);
        Assert.That(events.Select(e => e.Count), Is.EqualTo(new int?[] { 1, 1 }));
    }

    [Test]
    public void A_series_is_told_at_its_second_event_and_ends_after_six_quiet_minutes()
    {
        var events = Told(new[] { 0, 10, 20, 370, 740 }.Select(second =>
            Pulling("web", $"text {second}", second) with { Action = "Scheduling" }));
        Assert.That(events.Select(e => (e.Message, e.Series?.Count)), Is.EqualTo(new[]
        {
            ("Pulling image \"text 10\"", (int?)2), ("Pulling image \"text 740\"", null),
        }));
    }

    [Test]
    public void A_row_reads_as_the_event_that_a_recorder_writes()
    {
        var store = new EtcdStore(History.All);
        store.Record(Pulling("web", "nginx", 0) with
        {
            FieldPath = "spec.containers{web}", Host = "node-1", InvolvedVersion = new(12),
        });
        var e = store.Events(null, store.Head).Single();
        // 1735689600 s after 1970, in nanoseconds, in hexadecimal.
        Assert.That(e.Metadata.Name, Is.EqualTo("web.1816687ec0570000"));
        Assert.That(e.Metadata.ResourceVersion, Is.EqualTo(new Revision(1)));
        Assert.That(e.Message, Is.EqualTo("Pulling image \"nginx\""));
        Assert.That((e.Count, e.FirstTimestamp, e.LastTimestamp, e.EventTime),
            Is.EqualTo(((int?)1, (Time?)Start, (Time?)Start, (MicroTime?)null)));
        Assert.That(e.Source,
            Is.EqualTo(new EventSource { Component = "kubelet", Host = "node-1" }));
        Assert.That(e.InvolvedObject, Is.EqualTo(new ObjectReference
        {
            Kind = "Pod", ApiVersion = "v1", Namespace = "shop", Name = "web", Uid = "uid-web",
            ResourceVersion = "12", FieldPath = "spec.containers{web}",
        }));
        Assert.That(store.Get(e.Key), Is.EqualTo(e));
    }

    [Test]
    public void A_repeated_event_counts_up_in_a_new_revision()
    {
        var store = new EtcdStore(History.All);
        var first = store.Record(Pulling("web", "nginx", 0));
        store.Record(Pulling("web", "redis", 1));
        var again = store.Record(Pulling("web", "nginx", 5));
        Assert.That(store.Count(Kinds.Event), Is.EqualTo(2));
        var change = store.Log(again);
        Assert.That(change.Type, Is.EqualTo("MODIFIED"));
        Assert.That(((Event)change.Old!).Count, Is.EqualTo(1));
        Assert.That(((Event)change.New!).Count, Is.EqualTo(2));
        Assert.That(((Event)change.New!).LastTimestamp, Is.EqualTo((Time)Start.AddSeconds(5)));
        Assert.That(((Event)store.Get(change.Key, first)!).Count, Is.EqualTo(1));
        Assert.That(store.Log(first).Type, Is.EqualTo("ADDED"));
        Assert.That(store.LogKind(first), Is.EqualTo(Kinds.Event));
    }

    [Test]
    public void An_event_of_the_newer_form_has_a_series_instead_of_a_count()
    {
        var store = new EtcdStore(History.All);
        for (var i = 0; i < 3; i++)
        {
            store.Record(Pulling("web", "", i) with { Action = "Scheduling" });
        }
        var e = store.Events(null, store.Head).Single();
        Assert.That((e.Count, e.FirstTimestamp), Is.EqualTo(((int?)null, (Time?)null)));
        Assert.That(e.EventTime, Is.EqualTo((MicroTime)Start));
        Assert.That(e.Series, Is.EqualTo(new EventSeries
        {
            Count = 2, LastObservedTime = Start.AddSeconds(1),
        }));
    }

    [Test]
    public void Two_events_of_one_instant_have_two_names()
    {
        var store = new EtcdStore(History.All);
        store.Record(Pulling("web", "nginx", 0));
        store.Record(Pulling("web", "redis", 0));
        var names = store.Events(null, store.Head).Select(e => e.Metadata.Name);
        Assert.That(names, Is.EqualTo(["web.1816687ec0570000", "web.1816687ec0570001"]));
    }

    [Test]
    public void Events_of_nodes_live_in_the_default_namespace()
    {
        var store = new EtcdStore(History.All);
        store.Record(Pulling("node-1", "", 0) with { Involved = new(Node, "", "node-1") });
        Assert.That(store.Events("default", store.Head).Count(), Is.EqualTo(1));
        Assert.That(store.Events("shop", store.Head), Is.Empty);
        Assert.That(store.Events(new ObjectKey(Node, "", "node-1"), null, store.Head).Count(),
            Is.EqualTo(1));
    }

    [Test]
    public void An_event_expires_an_hour_after_it_last_happened()
    {
        var store = new EtcdStore(History.Window(0));
        store.Record(Pulling("a", "", 0));
        store.Record(Pulling("b", "", 10));
        store.Record(Pulling("a", "", 20));
        Assert.That(store.ExpireEvents(Start.AddSeconds(3609)), Is.Zero);
        Assert.That(store.ExpireEvents(Start.AddSeconds(3610)), Is.EqualTo(1));
        var change = store.Log(store.Head);
        Assert.That((change.Type, change.Key.Name[..1]), Is.EqualTo(("DELETED", "b")));
        Assert.That(change.Object.Metadata.ResourceVersion, Is.EqualTo(store.Head));
        Assert.That(store.ExpireEvents(Start.AddSeconds(3620)), Is.EqualTo(1));
        store.Trim(store.Head);
        Assert.That(store.Holdings().EventRows, Is.Zero);
        Assert.That(store.Count(Kinds.Event), Is.Zero);
    }

    [Test]
    public void A_client_can_write_and_delete_what_was_a_row()
    {
        var store = new EtcdStore(History.All);
        var recorded = store.Record(Pulling("web", "nginx", 0));
        var e = store.Events(null, recorded).Single();
        var noted = store.Put(Stamp(store, e with { Action = "noted" }));
        Assert.That(store.Log(noted).Old, Is.EqualTo(e));
        Assert.That(store.Get(e.Key, recorded), Is.EqualTo(e));
        Assert.That(store.Events(null, noted).Single().Action, Is.EqualTo("noted"));
        Assert.That(store.Events(e.Key with { Kind = Pod, Name = "web" }, "uid-web", noted).Count(),
            Is.EqualTo(1));
        var gone = store.Delete(Stamp(store, store.Get(e.Key)!));
        Assert.That(store.List(Kinds.Event, "shop", gone), Is.Empty);
        Assert.That(store.List(Kinds.Event, "shop", noted).Count(), Is.EqualTo(1));
        Assert.That(store.Count(Kinds.Event), Is.Zero);
    }

    [Test]
    public void What_a_client_wrote_expires_as_well()
    {
        var store = new EtcdStore(History.All);
        store.Put(Stamp(store, new Event
        {
            Metadata = new() { Name = "a", Namespace = "shop" }, LastTimestamp = Start,
        }));
        Assert.That(store.ExpireEvents(Start.AddSeconds(3599)), Is.Zero);
        Assert.That(store.ExpireEvents(Start.AddSeconds(3600)), Is.EqualTo(1));
        Assert.That(store.Log(store.Head).Type, Is.EqualTo("DELETED"));
    }

    [Test]
    public void A_list_of_events_is_ordered_by_name()
    {
        var store = new EtcdStore(History.All);
        foreach (var name in new[] { "b", "a-b", "a" })
        {
            store.Record(Pulling(name, "", 0));
        }
        store.Put(Stamp(store, new Event { Metadata = new() { Name = "aa", Namespace = "shop" } }));
        var found = store.List(Kinds.Event, null, store.Head).ToList();
        Assert.That(string.Join(' ', found.Select(e => e.Metadata.Name.Split('.')[0])),
            Is.EqualTo("a-b a aa b"));
        Assert.That(store.List(Kinds.Event, null, store.Head, found[1].Key),
            Is.EqualTo(found.Skip(2)));
    }

    [TestCase("{0} of {1}", "a of b")]
    [TestCase("spec.containers{web} {2} {", "spec.containers{web} {2} {")]
    [TestCase("{1}{0}", "ba")]
    public void A_template_takes_arguments_and_keeps_other_braces(string template, string text) =>
        Assert.That(EventRows.Fill(template, ["a", "b"]), Is.EqualTo(text));

    [Test]
    public void The_past_of_events_stays_what_it_was() =>
        Prop.ForAll<(byte Op, byte A)[]>(ops =>
        {
            var store = new EtcdStore(History.Window(30));
            var snapshots = new Dictionary<long, Event[]> { [0] = [] };
            var time = 0;
            foreach (var (op, a) in ops)
            {
                Do(store, op, a, ref time);
                snapshots[store.Head.Value] = [.. store.Events(null, store.Head)];
                foreach (var (at, events) in snapshots)
                {
                    if (at >= store.Oldest.Value)
                    {
                        Assert.That(store.Events(null, new(at)), Is.EqualTo(events));
                        CheckSingly(store, new(at), events);
                    }
                }
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40).WithEndSize(60));

    private static void Do(EtcdStore store, byte op, byte a, ref int time)
    {
        time += op % 100 == 0 ? 1000 : a % 3;
        var live = store.Events(null, store.Head).ToList();
        switch (op % 10)
        {
            case < 7:
                store.Record(Pulling($"n{a % 3}", $"i{op % 2}", time));
                break;
            case 7 when live.Count > 0:
                store.Put(Stamp(store, live[a % live.Count] with { Reason = $"r{a}" }));
                break;
            case 8 when live.Count > 0:
                store.Delete(Stamp(store, live[a % live.Count]));
                break;
            default:
                store.ExpireEvents(Start.AddSeconds(time));
                store.Trim(new(store.Head.Value - a % 10));
                break;
        }
    }

    private static void CheckSingly(EtcdStore store, Revision at, Event[] events)
    {
        foreach (var e in events)
        {
            Assert.That(store.Get(e.Key, at), Is.EqualTo(e));
        }
        Assert.That(store.List(Kinds.Event, "shop", at), Is.EqualTo(events.OrderBy(e => e.Key)));
        var involved = new ObjectKey(Pod, "shop", "n1");
        Assert.That(store.Events(involved, null, at),
            Is.EqualTo(events.Where(e => e.InvolvedObject.Name == "n1")));
        if (at > store.Oldest && store.Log(at).New is Event changed)
        {
            Assert.That(events, Does.Contain(changed));
        }
    }

    private static ApiObject Stamp(EtcdStore store, ApiObject value) =>
        value with { Metadata = value.Metadata with { ResourceVersion = store.Head.Next } };

    private static EventRow Pulling(string pod, string image, int second) => new()
    {
        Involved = new(Pod, "shop", pod),
        Uid = $"uid-{pod}",
        Reason = "Pulling",
        Template = "Pulling image \"{0}\"",
        Arguments = [image],
        Component = "kubelet",
        At = Start.AddSeconds(second),
    };

    private static Kind MakeKind(string name, bool namespaced) => new()
    {
        Group = "", Version = "v1", Name = name, Plural = name + "s", Singular = name,
        Namespaced = namespaced,
    };
}
