namespace KubeSim;

/// <summary>The three questions that a kubelet asks containers.</summary>
internal enum ProbeKind
{
    Startup,
    Liveness,
    Readiness,
}

/// <summary>
/// The probes of one pod. Each is asked on a grid of its period; so many answers in a row
/// (successThreshold, failureThreshold) make its result. Liveness and readiness wait until startup
/// has passed; a failed startup or liveness probe holds still until its container is another one.
/// <para>An answer that stays the same is not asked for again: a probe that passes is due at the
/// first tick after its answer will change, and never when it will not. One that fails is asked on,
/// since each failure is an event, but as Background work.</para>
/// <para>Worked: period 10 s, failureThreshold 3, and the file that the probe looks for goes at
/// 00:00:35. It fails at 00:00:40, 00:00:50 and 00:01:00, and then its container is killed.</para>
/// Models pkg/kubelet/prober/worker.go.
/// </summary>
internal sealed class PodProbes
{
    internal sealed class Worker(string container, ProbeKind kind, Probe spec, DateTime origin)
    {
        public string Container => container;

        public ProbeKind Kind => kind;

        public Probe Spec => spec;

        /// <summary>Ticks are whole periods after it.</summary>
        public DateTime Origin { get; set; } = origin;

        public string? ContainerId { get; set; }

        /// <summary>True: healthy; false: not; null: too early to say.</summary>
        public bool? Result { get; set; }

        public bool LastPassed { get; set; }

        public int InARow { get; set; }

        /// <summary>When it is asked next; null for never.</summary>
        public DateTime? Due { get; set; }

        /// <summary>When its answer will change, if that can be told.</summary>
        public DateTime? Turns { get; set; }

        public TimeSpan Period => TimeSpan.FromSeconds(Math.Max(1, spec.PeriodSeconds ?? 10));

        public bool OnHold => Result == false && kind != ProbeKind.Readiness;

        public DateTime TickFrom(DateTime time)
        {
            if (time <= Origin)
            {
                return Origin;
            }
            var behind = (time - Origin).Ticks % Period.Ticks;
            return behind == 0 ? time : time + Period - TimeSpan.FromTicks(behind);
        }
    }

    private readonly List<Worker> workers = [];

    /// <summary>The probes of a pod; null when it has none.</summary>
    public static PodProbes? For(Pod pod, DateTime now)
    {
        PodProbes? probes = null;
        for (var i = 0; i < pod.Spec.ContainerCount; i++)
        {
            if (pod.Spec.RunsToEnd(i))
            {
                continue;
            }
            var container = pod.Spec.ContainerAt(i);
            Add(ref probes, container.Name, ProbeKind.Startup, container.StartupProbe, now);
            Add(ref probes, container.Name, ProbeKind.Liveness, container.LivenessProbe, now);
            Add(ref probes, container.Name, ProbeKind.Readiness, container.ReadinessProbe, now);
        }
        return probes;
    }

    /// <summary>What a probe has come to; null when it is too early to say, or when there is no
    /// such probe.</summary>
    public bool? Result(string container, ProbeKind kind) => Find(container, kind)?.Result;

    /// <summary>Says what a probe has come to.</summary>
    internal void Set(string container, ProbeKind kind, bool? result)
    {
        if (Find(container, kind) is not { } worker)
        {
            workers.Add(worker = new(container, kind, new Probe(), default));
        }
        worker.Result = result;
    }

    public bool Has(string container, ProbeKind kind) => Find(container, kind) is not null;

    /// <summary>Takes note of which containers run, and asks what is due. True when a result
    /// changed.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="view">Its containers.</param>
    /// <param name="atOnce">True: all are due now.</param>
    /// <param name="again">True: what passed is due at its next tick, in spite of all.</param>
    /// <param name="api">Where events go.</param>
    public bool Ask(
        Pod pod, PodView view, bool atOnce, bool again, ReconcileContext api)
    {
        var changed = false;
        foreach (var worker in workers)
        {
            var status = view.Find(worker.Container);
            var runs = status?.State == CriContainerState.Running ? status : null;
            if (runs is not null && runs.Id != worker.ContainerId)
            {
                Begin(worker, pod, runs, api.Now);
            }
            if (runs is null || worker.OnHold || !MayAsk(worker))
            {
                worker.Due = null;
                continue;
            }
            (worker.Origin, worker.Due) = atOnce ? (api.Now, api.Now)
                : (worker.Origin, again ? null : worker.Due);
            worker.Due ??= !again && worker.InARow > 0 && worker.LastPassed && worker.Result == true
                ? null
                : worker.TickFrom(Latest(api.Now, runs.StartedAt!.Value
                    + TimeSpan.FromSeconds(worker.Spec.InitialDelaySeconds ?? 0)));
            if (worker.Due <= api.Now)
            {
                changed |= Tick(worker, pod, runs, api);
            }
        }
        return changed;
    }

    /// <summary>When something is due next that brings the pod on, and when something that only
    /// says again what is known.</summary>
    public (DateTime? Progress, DateTime? Background) Next()
    {
        DateTime? progress = null, background = null;
        foreach (var worker in workers)
        {
            if (worker.Due is not { } due)
            {
                continue;
            }
            if (!IsSettled(worker))
            {
                progress = due > progress ? progress : due;
                continue;
            }
            background = due > background ? background : due;
            if (worker.Turns is { } turns)
            {
                var tick = worker.TickFrom(turns);
                progress = tick > progress ? progress : tick;
            }
        }
        return (progress, background);
    }

    private static void Add(ref PodProbes? probes, string container, ProbeKind kind, Probe? spec,
        DateTime now)
    {
        if (spec is not null)
        {
            (probes ??= new()).workers.Add(new(container, kind, spec, now));
        }
    }

    private Worker? Find(string container, ProbeKind kind)
    {
        foreach (var worker in workers)
        {
            if (worker.Kind == kind && worker.Container == container)
            {
                return worker;
            }
        }
        return null;
    }

    private static DateTime Latest(DateTime a, DateTime b) => a > b ? a : b;

    private static bool IsSettled(Worker worker) =>
        worker.Kind == ProbeKind.Readiness && worker.Result is { } known
        && worker.InARow > 0 && worker.LastPassed == known;

    private bool MayAsk(Worker worker)
    {
        var startup = Find(worker.Container, ProbeKind.Startup);
        return worker.Kind == ProbeKind.Startup ? worker.Result != true
            : startup is null || startup.Result == true;
    }

    private static void Begin(Worker worker, Pod pod, CriContainerStatus runs, DateTime now)
    {
        var before = pod.StatusOf(worker.Container);
        var known = before?.ContainerID is { } id && id.EndsWith(runs.Id, StringComparison.Ordinal);
        (worker.ContainerId, worker.InARow, worker.Due, worker.Turns) = (runs.Id, 0, null, null);
        worker.Result = worker.Kind switch
        {
            // A new kubelet takes over what the one before it said.
            ProbeKind.Readiness => known && before!.Ready,
            ProbeKind.Liveness => true,
            _ => known && before!.Started == true ? true : null,
        };
        if (worker.Kind == ProbeKind.Readiness)
        {
            worker.Origin = now;
        }
    }

    private static bool Tick(
        Worker worker, Pod pod, CriContainerStatus runs, ReconcileContext api)
    {
        var answer = api.World.Machine(api.Node).Runtime.Probe(runs.Id, worker.Spec);
        if (answer.IsUnknown)
        {
            api.EventAt(pod, KubeletEvents.PathOf(pod, worker.Container), "Warning", "Unhealthy",
                "{0} probe errored and resulted in unknown state: {1}", $"{worker.Kind}",
                answer.Output);
            worker.Due = worker.TickFrom(api.Now + TimeSpan.FromTicks(1));
            return false;
        }
        worker.InARow = answer.Passes == worker.LastPassed ? worker.InARow + 1 : 1;
        (worker.LastPassed, worker.Turns) = (answer.Passes, answer.Until);
        if (!answer.Passes)
        {
            var path = KubeletEvents.PathOf(pod, worker.Container);
            api.EventAt(pod, path, "Warning", "Unhealthy", "{0} probe failed: {1}",
                worker.Kind.ToString(), answer.Output);
        }
        var threshold = answer.Passes
            ? worker.Spec.SuccessThreshold ?? 1 : worker.Spec.FailureThreshold ?? 3;
        var enough = worker.InARow >= threshold;
        var changed = enough && worker.Result != answer.Passes;
        worker.Result = enough ? answer.Passes : worker.Result;
        worker.Due = !enough || !answer.Passes ? worker.TickFrom(api.Now + TimeSpan.FromTicks(1))
            : answer.Until is { } until ? worker.TickFrom(until) : null;
        worker.Due = worker.OnHold || (worker.Kind == ProbeKind.Startup && worker.Result == true)
            ? null : worker.Due;
        return changed;
    }
}
