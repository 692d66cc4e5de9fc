using NUnit.Framework;

namespace KubeSim.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ApiReadTests
{
    private const string Configs = "/api/v1/namespaces/api/configmaps";

    private readonly ApiFixture api = new();

    [Test]
    public void A_path_reads_and_writes_as_the_real_one()
    {
        foreach (var path in new[]
        {
            "/api/v1/pods", "/api/v1/namespaces", "/api/v1/namespaces/x",
                "/api/v1/namespaces/x/status",
            "/api/v1/namespaces/x/pods/p/binding",
                "/apis/apps/v1/namespaces/x/deployments/web/scale",
            "/apis/apps/v1/deployments", "/api/v1/nodes/node-1",
        })
        {
            Assert.That(ApiFixture.Path(path).ToString(), Is.EqualTo(path));
        }
        Assert.That(ApiFixture.Path("/api/v1/namespaces/x/status"),
            Is.EqualTo(new ResourcePath(Kinds.Namespace, "", "x", "status")));
        var unknown = Assert.Throws<ApiException>(() =>
            ApiFixture.Path("/apis/bogus.io/v1/things"))!;
        Assert.That(unknown.Message, Is.EqualTo("404 page not found"));
    }

    [TestCase("g=sel,tier in (a,b)", "l1 l2 l3")]
    [TestCase("g=sel,tier notin (a)", "l2 l3 l4")]
    [TestCase("g=sel,env", "l1 l2")]
    [TestCase("g=sel,!env", "l3 l4")]
    public void Lists_are_cut_down_by_labels(string selector, string names)
    {
        api.Create(ApiFixture.Config("l1", ("g", "sel"), ("tier", "a"), ("env", "prod")));
        api.Create(ApiFixture.Config("l2", ("g", "sel"), ("tier", "b"), ("env", "prod")));
        api.Create(ApiFixture.Config("l3", ("g", "sel"), ("tier", "b")));
        api.Create(ApiFixture.Config("l4", ("g", "sel"), ("tier", "c")));
        api.Create(ApiFixture.Config("other"));
        Assert.That(Names(api.Ask(Verb.List, Configs, query: new() { LabelSelector = selector })),
            Is.EqualTo(names));
    }

    [TestCase("spec.nodeName=node-1", "b")]
    [TestCase("spec.nodeName=", "a")]
    [TestCase("spec.nodeName!=node-1,status.phase=Pending", "a")]
    [TestCase("metadata.name=b", "b")]
    [TestCase("spec.serviceAccountName=default,spec.restartPolicy=Always", "a b")]
    public void Pods_are_selected_by_fields(string selector, string names)
    {
        api.Create(ApiFixture.Pod("a"));
        api.Create(ApiFixture.Pod("b", "node-1"));
        var all = api.Ask(Verb.List, "/api/v1/pods", query: new() { FieldSelector = selector });
        var one = api.Ask(Verb.List, "/api/v1/namespaces/api/pods",
            query: new() { FieldSelector = selector });
        Assert.That((Names(all), Names(one)), Is.EqualTo((names, names)));
    }

    [Test]
    public void Pages_show_one_revision_whatever_is_written_between()
    {
        for (var i = 1; i <= 5; i++)
        {
            api.Create(ApiFixture.Config($"l{i}"));
        }
        var first = api.Ask(Verb.List, Configs, query: new() { Limit = 2 });
        api.Ask(Verb.Delete, $"{Configs}/l3").EnsureSuccess();
        api.Create(ApiFixture.Config("l25"));
        var second = api.Ask(Verb.List, Configs,
            query: new() { Limit = 2, Continue = first.List!.Continue });
        var third = api.Ask(Verb.List, Configs,
            query: new() { Limit = 2, Continue = second.List!.Continue });
        Assert.Multiple(() =>
        {
            Assert.That($"{Names(first)} {Names(second)} {Names(third)}", Is.EqualTo("l1 l2 l3 l4 "
                + "l5"));
            Assert.That(first.List.RemainingItemCount, Is.EqualTo(3));
            Assert.That(third.List!.ResourceVersion, Is.EqualTo(first.List.ResourceVersion));
            Assert.That(third.List.Continue, Is.Null);
        });
    }

    [Test]
    public void Pages_cross_namespaces()
    {
        api.Create(ApiFixture.Pod("a"));
        api.Create(ApiFixture.Pod("b"));
        var inDefault = ApiFixture.Pod("c");
        api.Create(inDefault with { Metadata = inDefault.Metadata with { Namespace = "default" } });
        var query = new Query { Limit = 1 };
        var names = new List<string>();
        do
        {
            var page = api.Ask(Verb.List, "/api/v1/pods", query: query);
            names.Add(page.Items!.Single().Metadata.Name);
            query = query with { Continue = page.List!.Continue };
        }
        while (query.Continue is not null);
        Assert.That(names, Is.EqualTo(new[] { "a", "b", "c" }));
    }

    [Test]
    public void A_list_can_show_the_past_until_it_is_compacted()
    {
        var first = api.Create(ApiFixture.Config("a"));
        api.Create(ApiFixture.Config("b"));
        var past = new Query
        {
            ResourceVersion = $"{first.Metadata.ResourceVersion}",
            ResourceVersionMatch = "Exact",
        };
        Assert.That(Names(api.Ask(Verb.List, Configs, query: past)), Is.EqualTo("a"));
        var page = api.Ask(Verb.List, Configs, query: new() { Limit = 1 });
        api.Create(ApiFixture.Config("c"));
        api.Store.Compact(api.Store.Head);
        var old = api.Ask(Verb.List, Configs, query: past);
        var next = api.Ask(Verb.List, Configs, query: new() { Continue = page.List!.Continue });
        var token = next.Status!.Kept!["metadata"].GetProperty("continue").GetString();
        Assert.Multiple(() =>
        {
            Assert.That((old.Code, old.Status!.Reason), Is.EqualTo((410, "Expired")));
            Assert.That(old.Status.Message, Is.EqualTo("The resourceVersion for the provided list "
                + "is too old."));
            Assert.That(next.Status!.Message, Does.StartWith("The provided continue parameter is "
                + "too old"));
            Assert.That(Names(api.Ask(Verb.List, Configs, query: new() { Continue = token })),
                Is.EqualTo("b c"));
        });
    }

    [Test]
    public void A_watch_from_nothing_starts_with_what_there_is()
    {
        api.Create(ApiFixture.Config("a"));
        using var watch = Watch(Configs, new());
        api.Create(ApiFixture.Config("b"));
        Assert.That(Told(watch), Is.EqualTo("ADDED a, ADDED b"));
    }

    [Test]
    public void Changes_are_told_from_where_a_watch_starts()
    {
        var a = api.Create(ApiFixture.Config("a"));
        api.Create(ApiFixture.Pod("not-a-configmap"));
        api.Update(a with { Data = Map.Of(("a", "2")) });
        api.Ask(Verb.Delete, $"{Configs}/a");
        using var watch = Watch(Configs,
            new() { ResourceVersion = $"{a.Metadata.ResourceVersion}" });
        Assert.That(Told(watch), Is.EqualTo("MODIFIED a, DELETED a"));
    }

    [Test]
    public void Leaving_a_selected_set_is_a_deletion_and_entering_it_an_addition()
    {
        using var one = Watch(Configs, new() { LabelSelector = "w=1" });
        using var two = Watch(Configs, new() { LabelSelector = "w=2" });
        var value = api.Create(ApiFixture.Config("w1", ("w", "1")));
        value = (ConfigMap)api.Update(value with { Data = Map.Of(("a", "1"), ("b", "2")) }).Object!;
        var moved = value.Metadata with { Labels = Map.Of(("w", "2")) };
        var changed = api.Update(value with { Metadata = moved });
        api.Ask(Verb.Delete, $"{Configs}/w1");
        Assert.That(one.TryNext(out _) && one.TryNext(out _) && one.TryNext(out _), Is.True);
        Assert.That(Told(two), Is.EqualTo("ADDED w1, DELETED w1"));
        using var again = Watch(Configs, new()
        {
            LabelSelector = "w=1",
            ResourceVersion = $"{value.Metadata.ResourceVersion}",
        });
        Assert.That(again.TryNext(out var left), Is.True);
        Assert.Multiple(() =>
        {
            Assert.That(left.Type, Is.EqualTo("DELETED"));
            Assert.That(left.Object.Metadata.Labels.Get("w"), Is.EqualTo("1"), "as it last "
                + "matched");
            Assert.That(left.Object.Metadata.ResourceVersion, Is.EqualTo(changed.Revision));
        });
    }

    [Test]
    public void A_watch_that_history_has_left_behind_is_told_to_start_anew()
    {
        using var watch = Watch(Configs, new());
        api.Create(ApiFixture.Config("a"));
        api.Store.Compact(api.Store.Head);
        Assert.That(watch.TryNext(out _), Is.False);
        Assert.That((watch.Ended!.Code, watch.Ended.Reason), Is.EqualTo((410, "Expired")));
        var late = api.Ask(Verb.Watch, Configs, query: new() { ResourceVersion = "1" });
        Assert.That(late.Status!.Message, Is.EqualTo($"too old resource version: 1 "
            + $"({api.Store.Head})"));
        Assert.That(api.Ask(Verb.Watch, Configs,
            query: new() { ResourceVersion = "abc" }).Status!.Message,
            Is.EqualTo("resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing "
                + "\"abc\": invalid syntax"));
    }

    [Test]
    public void Recorded_events_are_read_as_objects()
    {
        api.Server.RecordEvent(new EventRow
        {
            Involved = new(Kinds.Pod, "api", "p"),
            Reason = "Pulling",
            Template = "Pulling image \"{0}\"",
            Arguments = ["nginx"],
            Component = "kubelet",
            At = api.Now,
        });
        var list = api.Ask(Verb.List, "/api/v1/namespaces/api/events",
            query: new() { FieldSelector = "involvedObject.name=p,reason=Pulling" });
        Assert.That(((Event)list.Items!.Single()).Message, Is.EqualTo("Pulling image \"nginx\""));
    }

    private Watch Watch(string path, Query query) =>
        api.Ask(Verb.Watch, path, query: query).EnsureSuccess().Watch!;

    private static string Told(Watch watch)
    {
        var told = new List<string>();
        while (watch.TryNext(out var change))
        {
            told.Add($"{change.Type} {change.Object.Metadata.Name}");
        }
        return string.Join(", ", told);
    }

    private static string Names(ApiResponse answer) =>
        string.Join(' ', answer.EnsureSuccess().Items!.Select(item => item.Metadata.Name));
}
