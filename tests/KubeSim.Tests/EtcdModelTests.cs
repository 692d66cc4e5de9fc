using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>The store against a model that is too simple to be wrong: a copy of everything for each
/// revision.</summary>
public sealed class EtcdModelTests
{
    private static readonly Kind[] Kinds = [MakeKind("Thing", true), MakeKind("Machine", false)];
    private static readonly string[] Labels = ["app", "tier"];
    private static readonly string[] Values = ["x", "y"];

    [Test]
    public void A_store_that_keeps_all_equals_a_copy_of_each_revision() =>
        ForAll(ops => Run(new(History.All, null), ops));

    [Test]
    public void A_window_never_forgets_what_a_pin_or_the_window_needs(
        [Values(0, 1, 7, 20)] int window) =>
        ForAll(ops => Run(new(History.Window(window), window), ops));

    [Test]
    public void A_store_without_readers_forgets_all_but_what_lives() => ForAll(ops =>
    {
        var model = new Model(History.Window(0), 0);
        foreach (var op in ops)
        {
            model.Do(op);
        }
        model.DropPins();
        model.Store.Trim(model.Store.Head);
        var held = model.Store.Holdings();
        var live = Kinds.Sum(model.Store.Count);
        Assert.That(held.Entries, Is.EqualTo(live));
        Assert.That(held.Versions, Is.EqualTo(live));
        Assert.That(held.Changes, Is.Zero);
        var slots = model.Slots();
        Assert.That(held.PostingLists, Is.EqualTo(slots.Distinct().Count()));
        Assert.That(held.Postings, Is.InRange(slots.Count, slots.Count * 2));
    });

    private static void ForAll(Action<(byte Op, byte A, byte B)[]> claim) =>
        Prop.ForAll(claim).Check(
            Config.QuickThrowOnFailure.WithMaxTest(60).WithStartSize(20).WithEndSize(120));

    private static void Run(Model model, (byte, byte, byte)[] ops)
    {
        for (var i = 0; i < ops.Length; i++)
        {
            model.Do(ops[i]);
            if (i % 40 == 39)
            {
                model.Check();
            }
        }
        model.Check();
    }

    private static Kind MakeKind(string name, bool namespaced) => new()
    {
        Group = "example.com", Version = "v1", Name = name, Plural = name + "s",
        Singular = name, Namespaced = namespaced,
    };

    private static string? NodeOf(ApiObject value) => value.Metadata.Annotations.Get("node");

    private static List<string> SlotsOf(ApiObject o) =>
    [
        .. o.Metadata.Labels.AsSpan().ToArray()
            .Select(l => $"label {o.Kind} {o.Metadata.Namespace} {l.Key}={l.Value}"),
        .. o.Metadata.OwnerReferences.Select(w => $"owner {o.Kind} {w.Uid}").Distinct(),
        .. NodeOf(o) is { } node ? new[] { $"node {o.Kind} {node}" } : [],
    ];

    private sealed class Model(History history, int? window)
    {
        private sealed class Logged
        {
            public ObjectKey Key;
            public ApiObject? Old;
            public ApiObject? New;
            public bool Forgotten;
        }

        private readonly List<Dictionary<ObjectKey, ApiObject>> snapshots = [[]];
        private readonly List<Logged> log = [new()];
        private readonly List<Pin> pins = [];
        private readonly Queue<(ObjectKey Key, ApiObject Old, int At)> overwrites = new();
        private int oldest;

        public EtcdStore Store { get; } = new(history, NodeOf);

        private int Head => snapshots.Count - 1;

        private Dictionary<ObjectKey, ApiObject> Now => snapshots[^1];

        public List<string> Slots() => [.. Now.Values.SelectMany(SlotsOf)];

        public void DropPins() => pins.ForEach(pin => pin.Dispose());

        public void Do((byte Op, byte A, byte B) op)
        {
            switch (op.Op % 12)
            {
                case < 5:
                    Put(Make(op.A, op.B), true);
                    break;
                case < 7:
                    Overwrite(KeyOf(op.A), op.B);
                    break;
                case 7:
                    Delete(KeyOf(op.A));
                    break;
                case 8:
                    pins.Add(Store.Pin(new(oldest + op.A % (Head - oldest + 1))));
                    break;
                case 9 when pins.Count > 0:
                    MovePin(pins[op.A % pins.Count], op.B);
                    break;
                case 10:
                    Trim(oldest + op.A % (Head - oldest + 1));
                    break;
                case 11:
                    var compacted = Math.Max(Store.Compacted.Value, op.A % (Head + 1));
                    Store.Compact(new(op.A % (Head + 1)));
                    Assert.That(Store.Compacted.Value, Is.EqualTo(compacted));
                    break;
            }
        }

        public void Check()
        {
            Assert.That(Store.Head.Value, Is.EqualTo(Head));
            Assert.That(Store.Oldest.Value, Is.EqualTo(oldest));
            for (var at = 0; at <= Head; at++)
            {
                var revision = new Revision(at);
                if (at < oldest)
                {
                    Assert.That(() => Store.List(Kinds[0], null, revision),
                        Throws.TypeOf<HistoryGoneException>());
                    Assert.That(() => Store.Get(KeyOf(0), revision),
                        Throws.TypeOf<HistoryGoneException>());
                }
                else
                {
                    CheckReads(revision);
                }
                CheckLog(revision);
            }
            foreach (var kind in Kinds)
            {
                Assert.That(Store.Count(kind), Is.EqualTo(Now.Keys.Count(k => k.Kind == kind)));
            }
        }

        private void CheckReads(Revision at)
        {
            var index = (int)at.Value;
            var snapshot = snapshots[index];
            for (byte i = 0; i < 16; i++)
            {
                Assert.That(Store.Get(KeyOf(i), at),
                    Is.SameAs(snapshot.GetValueOrDefault(KeyOf(i))));
            }
            foreach (var kind in Kinds)
            {
                foreach (var ns in new[] { null, "a", "b", "" })
                {
                    var expected = snapshot.Values.Where(o => o.Kind == kind
                        && (ns is null || o.Metadata.Namespace == ns)).OrderBy(o => o.Key);
                    Same(Store.List(kind, ns, at), expected);
                    foreach (var (label, value) in
                        Labels.SelectMany(l => Values.Select(v => (l, v))))
                    {
                        var spaces = ns is null ? new[] { "", "a", "b" } : [ns];
                        Same(Store.Labelled(kind, ns, label, value, at), spaces.SelectMany(
                            s => Under($"label {kind} {s} {label}={value}", index)));
                    }
                }
                for (var i = 0; i < 3; i++)
                {
                    Same(Store.Owned(kind, $"u{i}", at), Under($"owner {kind} u{i}", index));
                    Same(Store.OnNode(kind, $"n{i}", at), Under($"node {kind} n{i}", index));
                }
            }
        }

        private void CheckLog(Revision at)
        {
            if (at.Value <= oldest)
            {
                Assert.That(() => Store.Log(at), Throws.TypeOf<HistoryGoneException>());
                return;
            }
            var logged = log[(int)at.Value];
            Assert.That(Store.TryLog(at, out var change), Is.EqualTo(!logged.Forgotten));
            Assert.That(Store.LogKind(at), Is.EqualTo(logged.Forgotten ? null : logged.Key.Kind));
            if (!logged.Forgotten)
            {
                Assert.That(change.At, Is.EqualTo(at));
                Assert.That(change.Key, Is.EqualTo(logged.Key));
                Assert.That(change.Old, Is.SameAs(logged.Old));
                Assert.That(change.New, Is.SameAs(logged.New));
            }
        }

        private static void Same(IEnumerable<ApiObject> found, IEnumerable<ApiObject> expected)
        {
            // By reference: comparing objects by value would be slow, and blind to a copy.
            var (left, right) = (found.ToArray(), expected.ToArray());
            var same = left.Length == right.Length
                && left.Zip(right).All(pair => ReferenceEquals(pair.First, pair.Second));
            Assert.That(same, Is.True, () => $"[{Names(left)}] is not [{Names(right)}]");
        }

        private static string Names(ApiObject[] objects) =>
            string.Join(", ", objects.Select(o => $"{o.Key}@{o.Metadata.ResourceVersion}"));

        // Ordered by how long the key had the value without a break.
        private IEnumerable<ApiObject> Under(string slot, int at) => snapshots[at]
            .Where(pair => SlotsOf(pair.Value).Contains(slot))
            .OrderBy(pair =>
            {
                var since = at;
                while (snapshots[since - 1].TryGetValue(pair.Key, out var before)
                    && SlotsOf(before).Contains(slot))
                {
                    since--;
                }
                return since;
            })
            .Select(pair => pair.Value);

        private static ObjectKey KeyOf(byte a) => (a % 16) < 12
            ? new(Kinds[0], a % 2 == 0 ? "a" : "b", $"name-{a % 16 / 2}")
            : new(Kinds[1], "", $"name-{a % 16}");

        private Unstructured Make(byte a, byte b)
        {
            var key = KeyOf(a);
            var labels = Map<string>.Empty;
            labels = (b & 1) == 0 ? labels : labels.Set("app", Values[b >> 1 & 1]);
            labels = (b & 4) == 0 ? labels : labels.Set("tier", Values[b >> 3 & 1]);
            var owners = Enumerable.Range(0, b >> 4 & 3)
                .Select(i => new OwnerReference { Uid = $"u{(i + a) % 2}" }).ToSeq();
            return new(key.Kind)
            {
                Metadata = new()
                {
                    Name = key.Name, Namespace = key.Namespace, ResourceVersion = Store.Head.Next,
                    Labels = labels, OwnerReferences = owners,
                    Annotations = (b & 64) == 0 ? default : Map.Of(("node", $"n{a % 3}")),
                },
            };
        }

        private void Put(ApiObject value, bool keepOld)
        {
            var old = Now.GetValueOrDefault(value.Key);
            Store.Put(value, keepOld);
            snapshots.Add(new(Now) { [value.Key] = value });
            log.Add(new() { Key = value.Key, Old = old, New = value });
            if (!keepOld && old is not null)
            {
                overwrites.Enqueue((value.Key, old, Head));
                ForgetOverwritten();
            }
        }

        private void Overwrite(ObjectKey key, byte b)
        {
            if (Now.TryGetValue(key, out var old) && b % 8 != 0)
            {
                var next = old.Metadata with { ResourceVersion = Store.Head.Next };
                Put(old with { Metadata = next }, false);
            }
            else
            {
                Put(Make((byte)Array.FindIndex(Enumerable.Range(0, 16).ToArray(),
                    i => KeyOf((byte)i) == key), b), false);
            }
        }

        private void Delete(ObjectKey key)
        {
            if (Now.TryGetValue(key, out var old))
            {
                var next = old.Metadata with { ResourceVersion = Store.Head.Next };
                var last = old with { Metadata = next };
                Store.Delete(last);
                var copy = new Dictionary<ObjectKey, ApiObject>(Now);
                copy.Remove(key);
                snapshots.Add(copy);
                log.Add(new() { Key = key, Old = last });
            }
        }

        private void MovePin(Pin pin, byte b)
        {
            if (b % 4 == 0)
            {
                pins.Remove(pin);
                pin.Dispose();
            }
            else
            {
                pin.MoveTo(new(pin.At.Value + b % (Head - pin.At.Value + 1)));
            }
        }

        private void Trim(int floor)
        {
            Store.Trim(new(floor));
            ForgetOverwritten();
            if (window is { } kept)
            {
                oldest = Math.Max(oldest, Math.Min(Math.Min(floor, Head - kept), EarliestPin()));
            }
        }

        private int EarliestPin() =>
            pins.Count == 0 ? int.MaxValue : (int)pins.Min(pin => pin.At.Value);

        private void ForgetOverwritten()
        {
            while (overwrites.TryPeek(out var write) && write.At <= EarliestPin())
            {
                var (key, old, at) = overwrites.Dequeue();
                var was = (int)old.Metadata.ResourceVersion.Value;
                var value = log[at].New!;
                if (was <= oldest || log[was].Old is null
                    || !SlotsOf(old).SequenceEqual(SlotsOf(value))
                    || old.Metadata.OwnerReferences != value.Metadata.OwnerReferences)
                {
                    continue;
                }
                foreach (var snapshot in snapshots.Take(at))
                {
                    if (ReferenceEquals(snapshot.GetValueOrDefault(key), old))
                    {
                        snapshot[key] = value;
                    }
                }
                log[at].Old = log[was].Old;
                log[was].Forgotten = true;
            }
        }
    }
}
