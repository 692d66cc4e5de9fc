using System.Globalization;

namespace KubeSim;

/// <summary>Takes a cluster through one run of an exploration: lets it go step by step, disturbs
/// the component where the plan says so, and checks what should hold.</summary>
internal sealed class ExploredRunner
{
    private static readonly TimeSpan SlowestWatch = TimeSpan.FromMilliseconds(200);

    private readonly Cluster cluster;
    private readonly ExplorePlan plan;
    private readonly string name;
    private readonly Func<Cluster, bool>? always;
    private readonly Func<Cluster, bool>? eventually;
    private readonly ExploreBudget budget;
    private readonly string component;
    private readonly Seq<string> watches;
    private readonly List<StepRecord> steps = [];
    private readonly List<Disturbance> ahead;
    private readonly EventQueue<Action> later = new();
    private int writes;
    private DateTime end;
    private (string What, string Detail)? broken;

    public ExploredRunner(Cluster cluster, ExplorePlan plan, string name,
        Func<Cluster, bool>? always, Func<Cluster, bool>? eventually, string? component,
        ExploreBudget budget)
    {
        (this.cluster, this.plan, this.name, this.budget) = (cluster, plan, name, budget);
        (this.always, this.eventually) = (always, eventually);
        this.component = component ?? cluster.Journal.Select(e => e.Input).OfType<ComponentInput>()
            .LastOrDefault()?.Spec.Name ?? "";
        var disturbed = cluster.Engine.Components.Find(c => c.Name == this.component);
        if (disturbed is null && this.component.Length > 0)
        {
            throw new ArgumentException($"no component \"{component}\" runs here; there are "
                + string.Join(", ", cluster.Components), nameof(component));
        }
        watches = disturbed?.Watches.Select(w => w.Kind.Name).Distinct().ToSeq() ?? [];
        ahead = [.. plan.Disturbances];
        end = cluster.Now + budget.Patience;
    }

    public ExploredRun Run()
    {
        if (plan.Seed > 0 || plan.SlowWatches)
        {
            cluster.Reseed(plan.Seed, plan.SlowWatches ? SlowestWatch : null);
        }
        foreach (var (after, act) in budget.Inputs)
        {
            later.Add(cluster.Now + after, () => act(cluster));
        }
        Arm();
        HoldWhatIsDue();
        Check();
        while (broken is null && !IsOver())
        {
            Advance();
        }
        return new()
        {
            Plan = plan, Cluster = cluster, Component = component, Watches = watches,
            Writes = writes, Steps = [.. steps], Broken = broken?.What,
            Detail = broken?.Detail ?? "",
        };
    }

    private bool IsOver() => later.Count == 0 && cluster.IsConverged
        && (eventually is null || eventually(cluster));

    private void Advance()
    {
        var waits = later.TryPeek(out var due, out _);
        try
        {
            if (cluster.TryExecute(waits ? due : end, out var step))
            {
                Take(step);
            }
            else if (waits)
            {
                cluster.Engine.AdvanceTo(due);
                later.Take()();
                end = cluster.Now + budget.Patience;
                Check();
            }
            else
            {
                broken = ($"{GoDuration.Format(budget.Patience)} after the last input or fault "
                    + $"\"{name}\" does not hold", Busiest());
            }
        }
        catch (InvariantBrokenException e)
        {
            Take(e.Step);
            broken = ($"\"{e.Name}\" does not hold", "");
        }
        catch (ComponentFailedException e)
        {
            Take(cluster.StepAt(e.Step));
            broken = ($"{e.Component} threw {e.InnerException!.GetType().Name}",
                e.InnerException.Message);
        }
        catch (EndlessRunException e)
        {
            broken = ("it does not let time pass", e.Message);
        }
    }

    private void Take(StepRecord? step)
    {
        if (step is null)
        {
            return;
        }
        steps.Add(step);
        Check();
        if (steps.Count >= budget.Steps)
        {
            broken ??= (string.Create(CultureInfo.InvariantCulture,
                $"it does not come to rest within {budget.Steps} steps"), Busiest());
        }
        if (step.Component != component)
        {
            return;
        }
        writes += step.Changes.Count(c => c.Refused is null);
        if (step.Error == Faults.Died
            && ahead.Find(d => d.Op == FaultOp.CrashAfterWrite) is { } crash)
        {
            ahead.Remove(crash);
            Restore(crash.For);
        }
        ahead.RemoveAll(d => d.Op == FaultOp.LoseReply && d.AfterWrite <= writes);
        HoldWhatIsDue();
    }

    private void Check()
    {
        if (always is not null && broken is null && !always(cluster))
        {
            broken = ($"\"{name}\" does not hold", "");
        }
    }

    private void HoldWhatIsDue()
    {
        foreach (var hold in ahead.FindAll(d => d.Op == FaultOp.Hold && d.AfterWrite <= writes))
        {
            ahead.Remove(hold);
            cluster.Faults.Hold($"{component}:{hold.Cursor}");
            Restore(hold.For);
        }
    }

    // What is restored is rid of its planned faults too: those ahead are planned anew.
    private void Restore(TimeSpan after) => later.Add(cluster.Now + after, () =>
    {
        cluster.Faults.Restore(component);
        Arm();
    });

    private void Arm()
    {
        foreach (var planned in ahead)
        {
            var left = Math.Max(1, planned.AfterWrite - writes);
            switch (planned.Op)
            {
                case FaultOp.CrashAfterWrite:
                    cluster.Faults.CrashAfterWrite(component, left);
                    break;
                case FaultOp.LoseReply:
                    cluster.Faults.LoseReply(component, left);
                    break;
            }
        }
    }

    private string Busiest()
    {
        var most = steps.GroupBy(s => (s.Instance, s.Key))
            .Select(g => (g.Key, Count: g.Count())).OrderByDescending(g => g.Count)
            .ThenBy(g => g.Key.Instance, StringComparer.Ordinal).FirstOrDefault();
        var span = steps.Count == 0 ? TimeSpan.Zero : steps[^1].Time - steps[0].Time;
        return most.Count < 2 ? "" : string.Create(CultureInfo.InvariantCulture,
            $"{most.Key.Instance} worked on {most.Key.Key} {most.Count} times in "
            + $"{span.TotalSeconds:0.###} s of virtual time.");
    }
}
