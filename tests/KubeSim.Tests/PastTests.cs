using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Looking back over a whole run.</summary>
public sealed class PastTests
{
    [Test]
    public void The_past_is_every_write_in_order_with_its_time()
    {
        var cluster = new Cluster(2);
        cluster.Run(TimeSpan.FromSeconds(3));
        cluster.Apply(Given.Web);
        var applied = cluster.Revision;
        cluster.Converge();
        var pods = cluster.Past(Kinds.Pod).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(cluster.TimeOf(applied), Is.EqualTo(new DateTime(2025, 1, 1, 0, 0, 3)));
            Assert.That(pods.Count(p => p.Event.Old is null), Is.EqualTo(2));
            Assert.That(pods.Select(p => p.Event.At.Value), Is.Ordered);
            Assert.That(pods.Select(p => p.Time), Is.Ordered.And.All.GreaterThan(
                cluster.TimeOf(applied)));
            Assert.That(pods.Select(p => p.Event.New).OfType<Pod>().Last(),
                Is.EqualTo(cluster.Get<Pod>(pods[^1].Event.Key.Name)));
            Assert.That(cluster.Past().Last().Event.At, Is.EqualTo(cluster.Revision));
        });
    }

    [Test]
    public void A_run_lived_again_takes_the_same_steps()
    {
        var (cluster, first, again) = (new Cluster(2), new List<string>(), new List<string>());
        cluster.Stepped = step => first.Add(step.ToString());
        cluster.Apply(Given.Web);
        cluster.Converge();
        var second = cluster.Relive(c => c.Stepped = step => again.Add(step.ToString()));
        Assert.That(again, Is.EqualTo(first));
        Assert.That((second.Digest, second.Now), Is.EqualTo((cluster.Digest, cluster.Now)));
    }

    [Test]
    public void Each_link_of_a_chain_but_inputs_names_those_that_led_to_it()
    {
        var cluster = new Cluster(2);
        cluster.Apply(Given.Web);
        cluster.Converge();
        var links = cluster.Why(cluster.List<Pod>()[0]).Links;
        Assert.That(links[0].From, Is.Empty);
        Assert.That(links.Skip(1).All(l => l.From.All(f => links.Any(
            cause => f == (cause.Step > 0 ? cause.Step : -cause.Input)))));
        Assert.That(links.Skip(1).All(l => !l.From.IsEmpty));
    }

    [Test]
    public void Without_a_renderer_a_value_shows_its_text() => Assert.That(
        ((Seq<string>)["<a>"]).ToHtml(), Is.EqualTo("<pre>[&lt;a&gt;]</pre>"));
}
