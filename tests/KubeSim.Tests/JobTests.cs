using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Jobs in a cluster: indexes, policies, suspension, adoption and orphans, and that no
/// fault makes a pod too many or leaves one uncounted.</summary>
public sealed class JobTests
{
    private const string Controller = "job-controller";

    [Test]
    public void The_pods_of_an_indexed_Job_know_their_index()
    {
        var cluster = EndingNode.Cluster();
        cluster.Apply(Job("completions: 2, parallelism: 2, completionMode: Indexed", "forever"));
        cluster.Converge();

        var pods = cluster.List<Pod>().OrderBy(p => p.CompletionIndex).ToArray();
        Assert.That(pods.Select(p => p.Metadata.Annotations[JobPods.Index]),
            Is.EqualTo(new[] { "0", "1" }));
        Assert.That(pods.Select(p => p.Metadata.Labels[JobPods.Index]),
            Is.EqualTo(new[] { "0", "1" }));
        Assert.That(pods.Select(p => p.Spec.Hostname), Is.EqualTo(new[] { "j-0", "j-1" }));
        Assert.That(pods[1].Metadata.Name, Does.StartWith("j-1-"));
        Assert.That(pods[1].Spec.Containers[0].Env.Single().ValueFrom!.FieldRef!.FieldPath,
            Is.EqualTo("metadata.labels['batch.kubernetes.io/job-completion-index']"));
    }

    [Test]
    public void A_suspended_Job_has_no_pods_and_starts_anew_when_it_is_resumed()
    {
        var cluster = EndingNode.Cluster();
        cluster.Apply(Job("completions: 2, parallelism: 2", "forever"));
        cluster.Converge();
        cluster.Patch<Job>("default", "j", """{"spec":{"suspend":true}}""");
        cluster.Converge();

        Assert.That(cluster.List<Pod>(), Is.Empty);
        Assert.That(Of(cluster).Status.Failed, Is.Zero, "to be suspended is no failure");
        Assert.That(Of(cluster).Status.StartTime, Is.Null, "and it counts as not begun");

        cluster.Run(TimeSpan.FromMinutes(1));
        cluster.Patch<Job>("default", "j", """{"spec":{"suspend":false}}""");
        cluster.Converge();
        var job = Of(cluster);
        Assert.That(job.Status.Active, Is.EqualTo(2));
        Assert.That(job.Status.StartTime!.Value.DateTime, Is.GreaterThan(
            job.Metadata.CreationTimestamp!.Value.DateTime.AddMinutes(1).AddSeconds(-1)));
        Assert.That(Events(cluster), Is.SupersetOf(new[] { "Job suspended", "Job resumed" }));
    }

    [TestCase("""{"nodeSelector":{"disk":"ssd"}}""", true)]
    [TestCase("""{"tolerations":[{"operator":"Exists"}]}""", true)]
    [TestCase("""{"containers":[{"name":"c","resources":{"requests":{"cpu":"2"}}}]}""", true)]
    [TestCase("""{"containers":[{"name":"c","image":"nginx"}]}""", false)]
    [TestCase("""{"restartPolicy":"OnFailure"}""", false)]
    public void While_a_Job_is_suspended_it_may_be_told_where_its_pods_run_and_with_what(
        string change, bool taken)
    {
        var cluster = EndingNode.Cluster();
        cluster.Apply(Job("completions: 2, parallelism: 2", "forever"));
        cluster.Converge();
        bool Try()
        {
            try
            {
                cluster.Patch<Job>("default", "j", "{\"spec\":{\"template\":{\"spec\":"
                    + change + "}}}");
                return true;
            }
            catch (ApiException refused)
            {
                Assert.That(refused.Message, Does.Contain("field is immutable"));
                return false;
            }
        }

        Assert.That(Try(), Is.False, "it runs");
        cluster.Patch<Job>("default", "j", """{"spec":{"suspend":true}}""");
        Assert.That(Try(), Is.False, "its pods are still there");
        cluster.Converge();
        Assert.That(Try(), Is.EqualTo(taken));
    }

    [Test]
    public void The_pods_of_a_deleted_Job_go_with_it()
    {
        var cluster = EndingNode.Cluster(1, "generic-garbage-collector");
        cluster.Apply(Job("completions: 4, parallelism: 2", "busybox"));
        cluster.RunUntil(c => c.List<Job>()[0].Status.Succeeded == 2);
        cluster.Delete(Of(cluster));
        cluster.Converge();

        Assert.That(cluster.List<Pod>(), Is.Empty);
    }

    [Test]
    public void The_pods_of_a_Job_that_left_them_behind_lose_the_finalizer()
    {
        var cluster = EndingNode.Cluster(1, "generic-garbage-collector");
        cluster.Apply(Job("completions: 2, parallelism: 2", "forever"));
        cluster.Converge();
        cluster.Delete(Of(cluster), new() { PropagationPolicy = "Orphan" });
        cluster.Converge();

        var pods = cluster.List<Pod>();
        Assert.That(pods, Has.Count.EqualTo(2));
        Assert.That(pods.Sum(p => p.Metadata.Finalizers.Count + p.Metadata.OwnerReferences.Count),
            Is.Zero);
    }

    [Test]
    public void A_pod_that_is_adopted_gets_the_finalizer_and_one_released_loses_it()
    {
        var cluster = EndingNode.Cluster();
        cluster.Create(new Pod
        {
            Metadata = new()
            {
                Name = "bare", Namespace = "default", Labels = Map.Of(("app", "j")),
            },
            Spec = new() { Containers = [new() { Name = "c", Image = "forever" }] },
        });
        cluster.Apply(Job("parallelism: 2, completions: 2, manualSelector: true, "
            + "selector: {matchLabels: {app: j}}", "forever"));
        cluster.Converge();

        Assert.That(cluster.List<Pod>(), Has.Count.EqualTo(2));
        Assert.That(cluster.Get<Pod>("bare").IsTracked, Is.True);
        Assert.That(cluster.Get<Pod>("bare").ControllerOwner!.Name, Is.EqualTo("j"));

        cluster.Patch<Pod>("default", "bare", """{"metadata":{"labels":{"app":"x"}}}""");
        cluster.Converge();
        Assert.That(cluster.Get<Pod>("bare").IsTracked, Is.False);
        Assert.That(cluster.List<Pod>(), Has.Count.EqualTo(3));
    }

    [Test]
    public void A_finished_Job_goes_after_its_time_and_its_pods_before_it()
    {
        var cluster = EndingNode.Cluster(
            1, "generic-garbage-collector", "ttl-after-finished-controller");
        cluster.Apply(Job("ttlSecondsAfterFinished: 100", "busybox"));
        cluster.Converge();
        var ended = Of(cluster).Status.CompletionTime!.Value.DateTime;
        cluster.Run(ended.AddSeconds(99) - cluster.Now);
        Assert.That(cluster.List<Job>(), Has.Count.EqualTo(1));

        cluster.Run(TimeSpan.FromSeconds(3));
        Assert.That(cluster.List<Job>(), Is.Empty);
        Assert.That(cluster.List<Pod>(), Is.Empty);
    }

    [Test]
    public void A_Job_that_another_manages_is_left_alone()
    {
        var cluster = EndingNode.Cluster();
        cluster.Apply(Job("managedBy: example.com/queue", "busybox"));
        cluster.Converge();

        Assert.That(cluster.List<Pod>(), Is.Empty);
        Assert.That(Of(cluster).Status, Is.EqualTo(JobStatus.None));
    }

    [Test]
    public void An_exit_code_of_the_policy_fails_the_Job_at_once()
    {
        var cluster = EndingNode.Cluster();
        cluster.Apply(Job("podFailurePolicy: {rules: [{action: FailJob, "
            + "onExitCodes: {operator: In, values: [42]}}]}", "exit-42"));
        cluster.Converge();

        var pod = cluster.List<Pod>().Single();
        Assert.That(Of(cluster).FinishedBy!.Message, Is.EqualTo($"Container c for pod default/"
            + $"{pod.Metadata.Name} failed with exit code 42 matching FailJob rule at index 0"));
        Assert.That(Of(cluster).FinishedBy!.Reason, Is.EqualTo("PodFailurePolicy"));
    }

    [Test]
    public void Enough_indexes_end_a_Job_and_the_others_are_deleted()
    {
        var cluster = EndingNode.Cluster();
        cluster.Apply(Job("completions: 3, parallelism: 3, completionMode: Indexed, "
            + "successPolicy: {rules: [{succeededIndexes: '1'}]}", "forever"));
        cluster.Converge();
        var pod = cluster.List<Pod>().Single(p => p.CompletionIndex == 1);
        cluster.UpdateStatus(pod with { Status = pod.Status with { Phase = "Succeeded" } });
        cluster.Converge();

        var job = Of(cluster);
        Assert.That(job.Status.Conditions.Select(c => $"{c.Type} {c.Reason} {c.Message}"),
            Is.EqualTo(new[]
            {
                "SuccessCriteriaMet SuccessPolicy Matched rules at index 0",
                "Complete SuccessPolicy Matched rules at index 0",
            }));
        Assert.That((job.Status.Succeeded, job.Status.CompletedIndexes), Is.EqualTo((1, "1")));
        Assert.That(cluster.List<Pod>().Single().CompletionIndex, Is.EqualTo(1));
    }

    [Test]
    public void An_index_fails_by_itself_and_waits_by_itself()
    {
        var cluster = EndingNode.Cluster();
        cluster.Apply(Job("completions: 2, parallelism: 2, completionMode: Indexed, "
            + "backoffLimitPerIndex: 1", "exit-1"));
        cluster.Converge();

        var job = Of(cluster);
        Assert.That((job.Status.FailedIndexes, job.Status.Failed), Is.EqualTo(("0,1", 4)));
        Assert.That(job.FinishedBy!.Reason, Is.EqualTo("FailedIndexes"));
        Assert.That(cluster.List<Pod>()
            .Select(p => $"{p.CompletionIndex} {p.FailedBefore}").Order(StringComparer.Ordinal),
            Is.EqualTo(new[] { "0 0", "0 1", "1 0", "1 1" }));
    }

    [Test]
    public void Kubectl_starts_a_Job_of_a_CronJob_and_tells_how_it_went()
    {
        var cluster = EndingNode.Cluster(1, "cronjob-controller");
        cluster.Kubectl("create cronjob tick --image=busybox --schedule=@yearly");
        cluster.Kubectl("create job now --from=cronjob/tick");
        cluster.Converge();
        cluster.Run(TimeSpan.FromSeconds(10));

        var lines = cluster.Kubectl("get job now").Out.Split('\n');
        Assert.That(lines[0], Is.EqualTo("NAME   STATUS     COMPLETIONS   DURATION   AGE"));
        Assert.That(lines[1],
            Does.Match("^now    Complete   1/1           [1-4]s         1[0-9]s$"));
        Assert.That(cluster.Kubectl("describe job now").Out, Does.Match(
            "Events:\n  Type    Reason            Age +From            Message\n"
            + "  ----    ------            ---- +----            -------\n"
            + "  Normal  SuccessfulCreate  [0-9]+s +job-controller  Created pod: now-.....\n"
            + "  Normal  Completed         [0-9]+s +job-controller  Job completed\n"));
        Assert.That(cluster.Get<CronJob>("tick").Status, Is.EqualTo(CronJobStatus.None),
            "nobody's schedule made it");
    }

    [TestCase("completions: 4, parallelism: 2", "busybox")]
    [TestCase("completions: 4, parallelism: 2, completionMode: Indexed", "busybox")]
    [TestCase("completions: 3, parallelism: 3, backoffLimit: 1", "exit-1")]
    [TestCase("completions: 2, parallelism: 2, completionMode: Indexed, backoffLimitPerIndex: 1",
        "exit-1")]
    public void No_fault_makes_a_pod_too_many_or_leaves_one_uncounted(string spec, string image)
    {
        var found = Explored(spec, image, runs: 120);

        Assert.That(found.Holds, Is.True, found.ToString());
    }

    // A process that starts anew knows nothing of what it did; but its first list is no older than
    // itself, however slow the watches of others are.
    [Test]
    public void A_restart_lists_what_is_there_and_makes_no_pod_twice()
    {
        var plan = new ExplorePlan
        {
            SlowWatches = true,
            Disturbances =
            [
                new(FaultOp.Hold, "Job", 1, TimeSpan.FromMilliseconds(100)),
                new(FaultOp.CrashAfterWrite, "", 2, TimeSpan.FromSeconds(1)),
            ],
        };
        var run = Explore.Replay(() => Started("completions: 4, parallelism: 2", "busybox"), plan,
            "as many as may be", Keeps, c => IsOver(c, "busybox"), Controller);

        Assert.That(run.Failed, Is.False, run.ToString());
        Assert.That(run.Steps.SelectMany(s => s.Changes).Count(c => c.Verb == Verb.Delete
            && c.Key.Kind.Equals(Kinds.Pod)), Is.Zero);
    }

    private static Exploration Explored(string spec, string image, int runs) => Explore.Runs(
        () => Started(spec, image), "as many pods as may be, each counted once",
        Keeps, c => IsOver(c, image)
            && (image != "busybox" || c.List<Pod>().Count == Of(c).Spec.Completions),
        Controller, new() { Runs = runs });

    private static Cluster Started(string spec, string image)
    {
        var cluster = EndingNode.Cluster();
        cluster.Apply(Job(spec, image));
        return cluster;
    }

    private static bool Keeps(Cluster cluster) => cluster.List<Job>().All(job =>
        job.Status.Active <= job.Spec.Parallelism
        && cluster.List<Pod>().Count(p => p.IsActive) <= job.Spec.Parallelism);

    // Each ended pod is in one count, once, and no finalizer is left.
    private static bool IsOver(Cluster cluster, string image)
    {
        var (job, pods) = (Of(cluster), cluster.List<Pod>());
        var fails = image.StartsWith("exit", StringComparison.Ordinal);
        return job.FinishedBy?.Type == (fails ? "Failed" : "Complete")
            && pods.All(p => !p.IsTracked && !p.IsTerminating)
            && job.Status.UncountedTerminatedPods!.Equals(new UncountedTerminatedPods())
            && job.Status.Failed >= pods.Count(p => p.Status.Phase == "Failed")
            && (fails || job.Status.Succeeded == job.Spec.Completions);
    }

    private static Job Of(Cluster cluster) => cluster.Get<Job>("j");

    private static IEnumerable<string> Events(Cluster cluster) =>
        cluster.List<Event>().Select(e => e.Message!);

    private static string Job(string spec, string image) => $$"""
        apiVersion: batch/v1
        kind: Job
        metadata: {name: j}
        spec:
          {{string.Join("\n  ", Fields(spec))}}
          template:
            metadata: {labels: {app: j} }
            spec: {restartPolicy: Never, containers: [{name: c, image: "{{image}}"}]}
        """;

    // "a: 1, b: {c: 2, d: 3}": split at the commas of the outermost level.
    private static IEnumerable<string> Fields(string spec)
    {
        var (depth, from) = (0, 0);
        for (var i = 0; i < spec.Length; i++)
        {
            depth += spec[i] is '{' or '[' ? 1 : spec[i] is '}' or ']' ? -1 : 0;
            if (depth == 0 && spec[i] == ',')
            {
                yield return spec[from..i].Trim();
                from = i + 1;
            }
        }
        yield return spec[from..].Trim();
    }
}
