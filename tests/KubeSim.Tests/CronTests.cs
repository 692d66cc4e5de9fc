using System.Globalization;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Schedules and CronJobs against upstream's own test cases.</summary>
public sealed class CronTests
{
    private static IEnumerable<object[]> Nexts => TestData.Of("cron.tsv", "next");

    private static IEnumerable<object[]> Activations => TestData.Of("cron.tsv", "activates");

    private static IEnumerable<object[]> Ranges => TestData.Of("cron.tsv", "range");

    private static IEnumerable<object[]> Errors => TestData.Of("cron.tsv", "error");

    private static IEnumerable<object[]> Recents => TestData.Of("cron.tsv", "recent");

    private static IEnumerable<object[]> Waits => TestData.Of("cron.tsv", "wait");

    private static IEnumerable<object[]> Syncs => TestData.Of("cron.tsv", "sync");

    [TestCaseSource(nameof(Nexts))]
    public void A_schedule_is_next_due_when_upstream_says(
        string from, string zone, string schedule, string next)
    {
        var at = Parsed(schedule)
            .Next(TimeOf(from), TimeZoneInfo.FindSystemTimeZoneById(zone));

        Assert.That(Text(at), Is.EqualTo(next));
    }

    [TestCaseSource(nameof(Activations))]
    public void A_schedule_is_due_or_not(string time, string schedule, string due)
    {
        var at = TimeOf(time);

        Assert.That(Parsed(schedule).Next(at.AddSeconds(-1), TimeZoneInfo.Utc) == at,
            Is.EqualTo(due == "true"));
    }

    [TestCaseSource(nameof(Ranges))]
    public void A_field_is_read_as_bits(
        string text, string low, string high, string bits, string error)
    {
        var problem = "";
        CronFields.Field(text, (int)TestData.Number(low), (int)TestData.Number(high), [],
            out var read, ref problem);

        Assert.That(problem, error.Length == 0 ? Is.Empty : Does.Contain(error));
        Assert.That(error.Length > 0 ? 0UL : read,
            Is.EqualTo(ulong.Parse(bits, CultureInfo.InvariantCulture)));
    }

    [TestCaseSource(nameof(Errors))]
    public void A_bad_schedule_is_refused(string schedule, string error)
    {
        Assert.That(CronFields.TryParse(schedule, out _, out var problem), Is.False);
        Assert.That(problem, Does.Contain(error));
    }

    [TestCaseSource(nameof(Recents))]
    public void The_latest_start_that_was_missed_is_due(string now, string created, string last,
        string deadline, string bound, string schedule, string since, string due = "",
        string missed = "")
    {
        var cron = Cron(created, last, deadline, schedule);
        var found = CronSchedule.Of(cron, CronJobs.NextOf(cron)!, TimeOf(now), bound == "true");

        Assert.That(found.IsNever, Is.EqualTo(since == "error"));
        if (since != "error")
        {
            var many = found.Missed > 100 ? 2 : found.Missed > 0 ? 1 : 0;
            Assert.That($"{Text(found.Since)} {Text(found.Due)} {many}",
                Is.EqualTo($"{since} {due} {missed}"));
        }
    }

    [TestCaseSource(nameof(Waits))]
    public void It_waits_for_the_next_start(string now, string created, string last,
        string deadline, string bound, string schedule, string wait)
    {
        var cron = Cron(created, last, deadline, schedule);

        Assert.That(bound, Is.EqualTo("false"));
        Assert.That(GoDuration.Format(
            CronSchedule.Wait(cron, CronJobs.NextOf(cron)!, TimeOf(now))!.Value),
            Is.EqualTo(wait));
    }

    [TestCaseSource(nameof(Syncs))]
    public void One_look_at_a_CronJob_does_what_upstream_does(string name, string now,
        string created, string last, string job, string policy, string deadline, string flags,
        string zone, string schedule, string want)
    {
        var look = new Look(now, zone, schedule);
        look.RunTo(created);
        var cron = look.Create(policy, deadline, flags.Contains('s'));
        if (flags.Contains('r'))
        {
            look.RunTo(job);
            look.CreateJob(cron, TimeOf(job), last, flags);
        }
        look.RunTo(now);

        Assert.That(look.Told, Is.EqualTo(want), name);
    }

    [Test]
    public void A_schedule_follows_the_clock_of_its_zone()
    {
        var cluster = new Cluster(nodes: 1, components: Bootstrap.Components()
            .Where(c => c.Name == "cronjob-controller").ToSeq());
        cluster.Apply(Tick("0 4 * * *", "timeZone: Asia/Tokyo"));
        cluster.Run(TimeSpan.FromDays(1));

        var made = cluster.List<Job>().Single();
        Assert.That($"{cluster.Get<CronJob>("tick").Status.LastScheduleTime}",
            Is.EqualTo("2025-01-01T19:00:00Z"));
        Assert.That(made.Metadata.Annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"],
            Is.EqualTo("2025-01-02T04:00:00+09:00"));
        Assert.That(made.Metadata.Name, Is.EqualTo("tick-28929300"), "minutes since 1970");
    }

    [Test]
    public void A_new_schedule_counts_from_its_next_time_on()
    {
        var cluster = new Cluster(nodes: 1, components: Bootstrap.Components()
            .Where(c => c.Name == "cronjob-controller").ToSeq());
        cluster.Apply(Tick("0 0 1 7 *"));
        cluster.Run(TimeSpan.FromMinutes(10.5));
        cluster.Patch<CronJob>("default", "tick", """{"spec":{"schedule":"*/1 * * * *"}}""");
        cluster.Run(TimeSpan.FromSeconds(20));

        Assert.That(cluster.List<Job>(), Is.Empty, "the ten minutes before are no missed starts");

        cluster.Run(TimeSpan.FromSeconds(20));
        Assert.That(cluster.List<Job>(), Has.Count.EqualTo(1));
    }

    [Test]
    public void Many_missed_starts_make_one_Job_and_a_warning()
    {
        var cluster = new Cluster(nodes: 1, components: Bootstrap.Components()
            .Where(c => c.Name == "cronjob-controller").ToSeq());
        cluster.Apply(Tick("*/1 * * * *"));
        cluster.Faults.Crash("cronjob-controller");
        cluster.Run(TimeSpan.FromHours(3));
        cluster.Faults.Restore("cronjob-controller");
        cluster.Run(TimeSpan.FromSeconds(5));

        Assert.That(cluster.List<Job>(), Has.Count.EqualTo(1));
        Assert.That(cluster.List<Event>().Select(e => e.Message), Does.Contain("too many missed "
            + "start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"));
    }

    [Test]
    public void No_fault_makes_two_Jobs_of_one_start()
    {
        var found = Explore.Runs(() =>
        {
            var cluster = EndingNode.Cluster(1, "cronjob-controller");
            cluster.Apply(Tick("*/1 * * * *", "concurrencyPolicy: Forbid"));
            return cluster;
        }, "one Job each minute, and none beside another",
            always: c => c.List<Job>().Count(j => !j.IsFinished) <= 1,
            eventually: c => c.List<Job>() is { Count: 3 } jobs && jobs.All(j => j.IsFinished)
                && c.Get<CronJob>("tick").Status is { Active.IsEmpty: true } status
                && status.LastScheduleTime == c.List<Job>()
                    .Max(j => j.Metadata.CreationTimestamp!.Value.DateTime.Date
                        + TimeSpan.FromMinutes(Math.Floor(
                            j.Metadata.CreationTimestamp.Value.DateTime.TimeOfDay.TotalMinutes))),
            component: "cronjob-controller", budget: new() { Runs = 60 });

        Assert.That(found.Holds, Is.True, found.ToString());
    }

    private static string Tick(string schedule, string more = "suspend: false") => $$"""
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: tick}
        spec:
          schedule: "{{schedule}}"
          {{more}}
          jobTemplate:
            spec:
              template:
                spec: {restartPolicy: Never, containers: [{name: c, image: "busybox"}]}
        """;

    private static CronFields Parsed(string schedule)
    {
        Assert.That(CronFields.TryParse(schedule, out var fields, out var problem), Is.True,
            problem);
        return fields;
    }

    private static CronJob Cron(string created, string last, string deadline, string schedule) =>
        new()
        {
            Metadata = new() { CreationTimestamp = TimeOf(created) },
            Spec = new() { Schedule = schedule, StartingDeadlineSeconds = Number(deadline) },
            Status = new() { LastScheduleTime = last == "-" ? null : TimeOf(last) },
        };

    private static long? Number(string cell) => cell == "-" ? null : TestData.Number(cell);

    private static DateTime TimeOf(string text) => DateTime.Parse(text,
        CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);

    private static string Text(DateTime? time) =>
        time?.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture) ?? "-";

    /// <summary>A CronJob and its Job as a case has them, and one look at them.</summary>
    private sealed class Look
    {
        private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

        private readonly Cluster cluster;
        private readonly Func<CronJob, CronJob> given;
        private readonly string accepted;
        private readonly DateTime when;
        private string told = "";

        public Look(string now, string zone, string schedule)
        {
            when = TimeOf(now);
            // Some schedules the API server takes in no more; they may be older than its checks.
            accepted = CronFields.TryParse(schedule, out var fields, out _) && fields.Zone is null
                ? schedule : "0 0 1 1 *";
            given = cron => cron with
            {
                Spec = cron.Spec with
                {
                    Schedule = schedule, TimeZone = zone == "-" ? null : zone,
                },
            };
            cluster = new(new SimulationOptions
            {
                Start = new(2016, 5, 19, 8, 0, 0, DateTimeKind.Utc), Latency = Latency.None,
                Objects = Bootstrap.Objects(0),
                Components =
                [
                    new("probe", _ => new Probe(Watched.All<CronJob>(), Watched.All<Job>())
                    {
                        OnReconcile = Reconcile,
                    }),
                ],
            });
        }

        public string Told => told;

        public void RunTo(string time) => cluster.Run(TimeOf(time) - cluster.Now);

        public CronJob Create(string policy, string deadline, bool suspended) =>
            cluster.Create(new CronJob
            {
                Metadata = new() { Name = "cron", Namespace = "default" },
                Spec = new()
                {
                    Schedule = accepted, ConcurrencyPolicy = policy, Suspend = suspended,
                    StartingDeadlineSeconds = Number(deadline), JobTemplate = new() { Spec = Work },
                },
            });

        public void CreateJob(CronJob cron, DateTime at, string last, string flags)
        {
            cluster.Run(Moment);
            if (flags.Contains('n'))
            {
                cluster.Faults.Hold("probe:Job");
            }
            var job = cluster.Create(new Job
            {
                Metadata = new()
                {
                    Name = $"cron-{((Time)at).UnixSeconds / 60}", Namespace = "default",
                    OwnerReferences = [ControllerRefs.To(cron)],
                },
                Spec = Work,
            });
            cluster.UpdateStatus(flags.Contains('a') ? job : job with
            {
                Status = new()
                {
                    CompletionTime = at.AddSeconds(10),
                    Conditions = [new() { Type = "Complete", Status = "True" }],
                },
            });
            var status = new CronJobStatus { LastScheduleTime = TimeOf(last) };
            if (!flags.Contains('p'))
            {
                cron = cluster.UpdateStatus(cron with { Status = status });
                cluster.Run(Moment);
                cluster.Faults.Hold("probe:CronJob");
            }
            var meta = job.Metadata;
            cluster.UpdateStatus(cron with
            {
                Status = status with
                {
                    Active = [new() { Name = meta.Name, Namespace = "default", Uid = meta.Uid }],
                },
            });
        }

        private Result Reconcile(ObjectKey key, ReconcileContext api)
        {
            if (key.Kind.Equals(Kinds.Job) || told.Length > 0 || api.Get(key) is not CronJob cron)
            {
                return Result.Done;
            }
            if (api.Now < when)
            {
                api.After(when - api.Now, key);
                return Result.Done;
            }
            new CronSync(given(cron), api).Run();
            string Did(Func<Change, bool> what) => api.Changes.Any(what) ? "true" : "false";
            var active = cluster.Get<CronJob>("cron").Status.Active.Count;
            var warnings = cluster.List<Event>().Count(e => e.Type == "Warning");
            var wait = api.Timers.Count == 0 ? "-" : GoDuration.Format(api.Timers[0].Delay);
            told = $"create={Did(c => c.Verb == Verb.Create)} "
                + $"delete={Did(c => c.Verb == Verb.Delete)} active={active} warnings={warnings} "
                + $"update={Did(c => c.Verb == Verb.Update)} wait={wait}";
            return Result.Done;
        }

        private static JobSpec Work => new()
        {
            Template = new()
            {
                Spec = new()
                {
                    RestartPolicy = "Never", Containers = [new() { Name = "c", Image = "busybox" }],
                },
            },
        };
    }
}
