using System.Globalization;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Jobs and CronJobs, against recordings of Kubernetes 1.36. What kubelets and users (for
/// CronJobs, the Job controller too) did is done again at its time; what the controller makes of it
/// is compared write by write, with its time.</summary>
public sealed class JobRecordedTests
{
    private const string Cron = "cronjob_policies";

    private static readonly string[] Jobs = ["job_5x2", "job_deadline", "job_fail_never_backoff2",
        "job_fail_parallel3_backoff1", "job_pod_deleted", "job_rescale"];

    private static readonly string[] CronJobs =
        ["allow", "forbid", "replace", "short", "fails", "suspended"];

    [Test]
    public void A_Job_takes_the_recorded_steps_at_the_recorded_times(
        [ValueSource(nameof(Jobs))] string scenario, [Range(1, 4)] int seed)
    {
        var run = new Run(scenario, seed);
        run.Play();

        var recorded = Recorded("seq", scenario).Select(r => (Seconds(r[1]), r[2])).ToArray();
        Assert.That(InGroups(run.Sequence), Is.EqualTo(InGroups(recorded)));
        Assert.That(run.Sequence.Select((s, i) => Math.Abs(s.Time - recorded[i].Item1)).Max(),
            Is.LessThan(0.25));
    }

    [Test]
    public void A_Job_tells_the_recorded_events([ValueSource(nameof(Jobs))] string scenario)
    {
        var run = new Run(scenario, 1);
        run.Play();

        Assert.That(run.Events("Job"), Is.EquivalentTo(EventsOf(scenario)));
    }

    [Test]
    public void A_CronJob_takes_the_recorded_steps([Range(1, 4)] int seed)
    {
        var run = new Run(Cron, seed);
        run.Play();

        var recorded = Recorded("seq", Cron).Select(r => (Seconds(r[1]), r[2])).ToArray();
        Assert.Multiple(() =>
        {
            foreach (var name in CronJobs)
            {
                Assert.That(About(run.Sequence, name), Is.EqualTo(About(recorded, name)), name);
            }
        });
    }

    // That a Job has ended is told once more when the controller looks again before it has seen its
    // own status; the recorded one did so once.
    [Test]
    public void A_CronJob_tells_the_recorded_events()
    {
        var run = new Run(Cron, 1);
        run.Play();

        Assert.That(run.Events("CronJob").Select(Once),
            Is.EquivalentTo(EventsOf(Cron).Select(Once)));
    }

    private static string Once(string text) =>
        text.Contains(" SawCompletedJob ", StringComparison.Ordinal) ? text[..^2] : text;

    private static IEnumerable<string> About(IEnumerable<(double, string Text)> lines, string name)
        => lines.Select(l => l.Text).Where(t => t.StartsWith($"{name}:", StringComparison.Ordinal)
            || t.Contains($" {name}-", StringComparison.Ordinal));

    private static IEnumerable<string> EventsOf(string scenario) =>
        Recorded("event", scenario).Select(row => $"{row[1]} {row[2]}");

    // Pods are made and deleted side by side: their order among themselves means nothing.
    private static string InGroups(IEnumerable<(double, string Text)> lines)
    {
        var (told, group) = (new List<string>(), new List<string>());
        foreach (var text in lines.Select(l => l.Text).Append(""))
        {
            if (group.Count > 0 && text.Split(' ')[0] != group[0].Split(' ')[0])
            {
                told.AddRange(group.Order(StringComparer.Ordinal));
                group.Clear();
            }
            var aside = text.StartsWith("create", StringComparison.Ordinal)
                || text.StartsWith("delete", StringComparison.Ordinal);
            (aside ? group : told).Add(text);
        }
        return string.Join('\n', told);
    }

    private static IEnumerable<string[]> Recorded(string claim, string scenario) =>
        TestData.Of("jobs-recorded.tsv", claim).Select(row => row.Cast<string>().ToArray())
            .Where(row => row[0] == scenario);

    private static double Seconds(string cell) => double.Parse(cell, CultureInfo.InvariantCulture);

    /// <summary>A recording, repeated at its times.</summary>
    private sealed class Run
    {
        private readonly string scenario;
        private readonly Cluster cluster;
        private readonly DateTime start;
        private readonly List<string> pods = [];

        public Run(string scenario, int seed)
        {
            this.scenario = scenario;
            string[] needed = scenario == Cron ? ["cronjob-controller"]
                : ["job-controller", "default-scheduler"];
            cluster = new(nodes: 3, seed: (ulong)seed, components: Bootstrap.Components()
                .Where(c => needed.Contains(c.Name)).ToSeq());
            var begin = Recorded("begin", scenario).Select(row => Seconds(row[1])).FirstOrDefault();
            cluster.Run(TimeSpan.FromSeconds(60 + begin));
            start = cluster.Now;
            cluster.Stepped = Note;
        }

        public List<(double Time, string Text)> Sequence { get; } = [];

        private long Minute => (long)(start - DateTime.UnixEpoch).TotalMinutes;

        public void Play()
        {
            var rows = new[] { "op", "pod", "job" }.SelectMany(claim => Recorded(claim, scenario)
                .Select(row => (Claim: claim, Row: row))).OrderBy(r => Seconds(r.Row[1]));
            foreach (var (claim, row) in rows)
            {
                RunTo(Seconds(row[1]));
                (claim == "op" ? Do : claim == "pod" ? Move : (Action<string[]>)Progress)(row);
            }
            RunTo(Recorded("seq", scenario).Max(row => Seconds(row[1])) + 0.1);
        }

        public IEnumerable<string> Events(string kind) => cluster.List<Event>("default")
            .Where(e => e.InvolvedObject.Kind == kind)
            .GroupBy(e => (kind == "Job" ? "" : $"{e.InvolvedObject.Name} ")
                + $"{e.Type} {e.Reason} {Named(e.Message!)}")
            .Select(g => $"{g.Key} {g.Sum(e => e.Count ?? 1)}");

        private void RunTo(double second) =>
            cluster.Run(TimeSpan.FromSeconds(second) - (cluster.Now - start));

        private void Do(string[] row)
        {
            switch (row[2])
            {
                case "create":
                    cluster.Apply(row[4]);
                    break;
                case "patch":
                    cluster.Patch<Job>("default", "j", row[4]);
                    break;
                default:
                    cluster.Delete(PodOf(row[3].Split('/')[1]));
                    break;
            }
        }

        // What a kubelet told of a pod.
        private void Move(string[] row)
        {
            var pod = PodOf(row[2]);
            if (row[3] == "gone")
            {
                cluster.Delete(pod, new() { GracePeriodSeconds = 0 });
                return;
            }
            var told = row[3].Split(' ');
            var ended = told.Length > 2 ? start.AddSeconds(Seconds(told[2])) : cluster.Now;
            var done = told[0] is "Succeeded" or "Failed";
            cluster.UpdateStatus(pod with
            {
                Status = pod.Status with
                {
                    Phase = told[0],
                    Conditions = pod.Status.Conditions.With(new PodCondition
                    {
                        Type = "Ready", Status = told[1] == "Ready" ? "True" : "False",
                        LastTransitionTime = cluster.Now,
                    }),
                    ContainerStatuses = !done ? [] :
                    [
                        new()
                        {
                            Name = "c", State = new() { Terminated = new() { FinishedAt = ended } },
                        },
                    ],
                },
            });
        }

        // What the Job controller told of a Job.
        private void Progress(string[] row)
        {
            var (name, number) = (row[2][..row[2].IndexOf('-', StringComparison.Ordinal)],
                TestData.Number(row[2][(row[2].IndexOf('-', StringComparison.Ordinal) + 1)..]));
            if (cluster.Find<Job>("default", $"{name}-{Minute + number}") is not { } job)
            {
                return;
            }
            var told = row[3].Split(' ');
            var counts = told[..4].Select(c => (int)TestData.Number(c)).ToArray();
            cluster.UpdateStatus(job with
            {
                Status = job.Status with
                {
                    Active = counts[0], Ready = counts[1],
                    Succeeded = counts[2], Failed = counts[3],
                    Conditions = told[4..].Select(type => new JobCondition
                    {
                        Type = type, Status = "True", LastTransitionTime = cluster.Now,
                    }).ToSeq(),
                    StartTime = job.Status.StartTime ?? cluster.Now,
                    CompletionTime = told.Contains("Complete") ? cluster.Now : null,
                },
            });
        }

        private Pod PodOf(string number) => cluster.Get<Pod>(
            pods[int.Parse(number[1..], CultureInfo.InvariantCulture) - 1]);

        private void Note(StepRecord step)
        {
            if (step.Component is not ("job-controller" or "cronjob-controller"))
            {
                return;
            }
            foreach (var change in step.Changes)
            {
                if (change is { Before: null, After: Pod made })
                {
                    pods.Add(made.Metadata.Name);
                }
                if (Text(change) is { } text)
                {
                    Sequence.Add(((step.Time - start).TotalSeconds, text));
                }
            }
        }

        private string? Text(Change change) => change switch
        {
            { Verb: Verb.Create } => $"create {Named(change.After!.Metadata.Name)}",
            { Verb: Verb.Delete } => $"delete {Named(change.Key.Name)}",
            { Verb: Verb.Update, After: Job job } => Text(job),
            { Verb: Verb.Update, After: CronJob cron } => Text(cron),
            _ => null,
        };

        private static string Text(Job job)
        {
            var (status, uncounted) = (job.Status, job.Status.UncountedTerminatedPods!);
            return string.Concat(status.Conditions.Select(c => $" {c.Type}={c.Reason}")
                .Prepend($"{job.Spec.Parallelism}: {status.Active}/{status.Ready}/"
                    + $"{status.Terminating} {status.Succeeded}/{status.Failed} "
                    + $"+{uncounted.Succeeded.Count}/{uncounted.Failed.Count}"));
        }

        private string Text(CronJob cron) => $"{cron.Metadata.Name}: active="
            + string.Join(' ', cron.Status.Active.Select(a => Named(a.Name!)))
            + $" ok={(cron.Status.LastSuccessfulTime is null ? "no" : "yes")}";

        // Pods by number; in events all alike. Jobs by the minutes since the start.
        private string Named(string text)
        {
            var words = text.Split(' ');
            for (var i = 0; i < words.Length; i++)
            {
                var (word, tail) = words[i].EndsWith(',') ? (words[i][..^1], ",") : (words[i], "");
                var dash = word.LastIndexOf('-');
                words[i] = pods.IndexOf(word) is >= 0 and var n
                    ? words.Length > 1 ? "$" : $"${n + 1}"
                    : dash > 0 && long.TryParse(word[(dash + 1)..], CultureInfo.InvariantCulture,
                        out var minute) ? $"{word[..dash]}-{minute - Minute}{tail}" : words[i];
            }
            return string.Join(' ', words);
        }
    }
}
