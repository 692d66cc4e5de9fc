using System.Globalization;

namespace KubeSim;

/// <summary>How much an exploration may try, and what happens from outside in each of its
/// runs.</summary>
public sealed record ExploreBudget
{
    /// <summary>How many schedules are tried; as many again, at most, to find the smallest failing
    /// one.</summary>
    public int Runs { get; init; } = 150;

    /// <summary>The most steps of one run; one that takes more never comes to rest.</summary>
    public int Steps { get; init; } = 1500;

    /// <summary>How long a run may take, in virtual time after its last disturbance, until what
    /// should hold in the end does.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What a person does while the cluster runs, and how long after the start; times do
    /// not decrease.</summary>
    public Seq<(TimeSpan After, Action<Cluster> Do)> Inputs { get; init; }
}

/// <summary>What an exploration found.</summary>
public sealed record Exploration
{
    /// <summary>What should hold, in words.</summary>
    public required string Name { get; init; }

    /// <summary>How many runs were made.</summary>
    public required int Runs { get; init; }

    /// <summary>How many steps they took together.</summary>
    public required long Steps { get; init; }

    /// <summary>The smallest run that fails; null when none did.</summary>
    public ExploredRun? Failure { get; init; }

    /// <summary>True when it held in every run.</summary>
    public bool Holds => Failure is null;

    /// <summary>The outcome as HTML.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>The outcome in words; when a run failed, with its story.</summary>
    public override string ToString() => Failure is null
        ? string.Create(CultureInfo.InvariantCulture,
            $"\"{Name}\" held in all {Runs} runs ({Steps} steps)")
        : $"\"{Name}\" failed; the smallest failing run of {Runs}:\n{Failure}";
}

/// <summary>
/// Looks for a schedule under which a cluster does what it never should. One run shows one order of
/// events. A controller has to be right in all of them: when its cache lags, when its process dies
/// between two writes, when the answer to a write is lost.
/// <para>It tries the plain run first, then other delays, then one disturbance at every place, then
/// two. Everything follows from the seed, so what fails once fails again. From the first failing
/// run it goes to the smallest: fewest disturbances, then fewest steps, then lowest seed.</para>
/// </summary>
/// <example><code>
/// Explore.Runs(() => Web(replicas: 3), "never more than 3 pods",
///     always: c => c.List&lt;Pod&gt;().Count &lt;= 3,
///     eventually: c => c.List&lt;Pod&gt;().Count == 3)
/// </code></example>
public static class Explore
{
    private const int Seeds = 8;
    private const int Places = 8;

    private static readonly TimeSpan[] Spans =
        [TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10)];

    /// <summary>Runs a scenario under many schedules.</summary>
    /// <param name="scenario">Makes the cluster, always the same; everything that was asked of it
    /// before comes first in each run.</param>
    /// <param name="name">What should hold, in words.</param>
    /// <param name="always">What must hold after every step.</param>
    /// <param name="eventually">What must hold once the cluster has come to rest.</param>
    /// <param name="component">The component that is disturbed; by default the one that the
    /// scenario put in place last. With none, only delays are varied.</param>
    /// <param name="budget">How much is tried.</param>
    /// <exception cref="ArgumentException">There is no such component.</exception>
    public static Exploration Runs(Func<Cluster> scenario, string name,
        Func<Cluster, bool>? always = null, Func<Cluster, bool>? eventually = null,
        string? component = null, ExploreBudget? budget = null)
    {
        var search = new Search(scenario, name, always, eventually, component, budget ?? new());
        return Cluster.Muted(search.Go);
    }

    /// <summary>Runs a scenario once under a given plan: the same plan gives the same
    /// run.</summary>
    /// <exception cref="ArgumentException">There is no such component.</exception>
    public static ExploredRun Replay(Func<Cluster> scenario, ExplorePlan plan, string name,
        Func<Cluster, bool>? always = null, Func<Cluster, bool>? eventually = null,
        string? component = null, ExploreBudget? budget = null)
    {
        var search = new Search(scenario, name, always, eventually, component, budget ?? new());
        return Cluster.Muted(() => search.Run(plan));
    }

    private sealed class Search(Func<Cluster> scenario, string name, Func<Cluster, bool>? always,
        Func<Cluster, bool>? eventually, string? component, ExploreBudget budget)
    {
        private int runs;
        private long steps;

        public Exploration Go()
        {
            var plain = Run(new());
            var failing = plain.Failed ? plain : Plans(plain).Take(budget.Runs - 1)
                .Select(Run).FirstOrDefault(r => r.Failed);
            return new()
            {
                Name = name, Failure = failing is null ? null : Shrink(failing),
                Runs = runs, Steps = steps,
            };
        }

        public ExploredRun Run(ExplorePlan plan)
        {
            var run = new ExploredRunner(scenario(), plan, name, always, eventually, component,
                budget).Run();
            runs++;
            steps += run.Steps.Count;
            return run;
        }

        // From small to large, so that the first that fails is nearly the smallest.
        private static IEnumerable<ExplorePlan> Plans(ExploredRun plain)
        {
            for (var seed = 1UL; seed < Seeds; seed++)
            {
                yield return new() { Seed = seed };
            }
            for (var seed = 0UL; seed < Seeds; seed++)
            {
                yield return new() { Seed = seed, SlowWatches = true };
            }
            var single = Single(plain);
            foreach (var one in single)
            {
                yield return new() { Disturbances = [one] };
            }
            var chance = new Prng(1);
            while (single.Length > 0)
            {
                var two = single[chance.Next(single.Length)];
                yield return new()
                {
                    Seed = (ulong)chance.Next(Seeds), SlowWatches = chance.Next(2) == 0,
                    Disturbances = [single[chance.Next(single.Length)], two],
                };
            }
        }

        // Every disturbance at every place that the plain run has: before its first write, and
        // after each of its writes.
        private static Disturbance[] Single(ExploredRun plain)
        {
            var all = new List<Disturbance>();
            for (var n = 0; n <= Math.Min(plain.Writes, Places); n++)
            {
                if (n > 0)
                {
                    all.Add(new(FaultOp.LoseReply, "", n, TimeSpan.Zero));
                    all.Add(new(FaultOp.CrashAfterWrite, "", n, Spans[1]));
                }
                foreach (var kind in plain.Watches)
                {
                    all.AddRange(Spans.Select(s => new Disturbance(FaultOp.Hold, kind, n, s)));
                }
            }
            return [.. all];
        }

        private ExploredRun Shrink(ExploredRun smallest)
        {
            var most = runs + budget.Runs;
            for (var better = true; better;)
            {
                better = false;
                foreach (var plan in Smaller(smallest.Plan).TakeWhile(_ => runs < most))
                {
                    var run = Run(plan);
                    if (run.Broken == smallest.Broken && run.CompareTo(smallest) < 0)
                    {
                        (smallest, better) = (run, true);
                        break;
                    }
                }
            }
            return smallest;
        }

        private static IEnumerable<ExplorePlan> Smaller(ExplorePlan plan)
        {
            var list = plan.Disturbances;
            for (var i = 0; i < list.Count; i++)
            {
                var left = list.Where((_, at) => at != i).ToSeq();
                yield return plan with { Disturbances = left };
            }
            if (plan.SlowWatches)
            {
                yield return plan with { SlowWatches = false };
            }
            for (var i = 0; i < list.Count; i++)
            {
                for (var n = list[i].Op == FaultOp.Hold ? 0 : 1; n < list[i].AfterWrite; n++)
                {
                    yield return plan with
                    {
                        Disturbances = list.SetItem(i, list[i] with { AfterWrite = n }),
                    };
                }
                foreach (var span in Spans.Where(s => s < list[i].For))
                {
                    yield return plan with
                    {
                        Disturbances = list.SetItem(i, list[i] with { For = span }),
                    };
                }
            }
            for (var seed = 0UL; seed < Seeds; seed++)
            {
                yield return plan with { Seed = seed };
            }
        }
    }
}
