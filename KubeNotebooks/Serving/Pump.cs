using System.Collections.Concurrent;
using System.Diagnostics;
using KubeSim;

namespace KubeNotebooks;

/// <summary>
/// The thread that owns a served cluster whenever nobody else does. In turns of ten milliseconds at
/// most it lets virtual time pass at the chosen speed, carries out what clients ask, passes changes
/// on to watches, and lets go: a cell that waits comes first. A cell that runs the cluster itself
/// does all this instead, between its steps, on its own thread (<see cref="Between"/>).
/// <para>Worked example: at 10x, 20 ms after the last turn, all work is done that is due in the
/// next 200 ms of virtual time. A cluster that needs longer for it falls behind the clock and does
/// not catch up.</para>
/// What a component or an invariant throws stops the clock, and <see cref="Failure"/> tells.
/// </summary>
internal sealed class Pump : IClusterHost, IDisposable
{
    private const int TickMs = 20;
    private const int TurnMs = 10;
    private const int LongestTickMs = 250;

    private readonly Cluster cluster;
    private readonly AutoResetEvent wake = new(false);
    private readonly ConcurrentQueue<Action> jobs = new();
    private readonly Thread thread;
    private volatile bool stopped;
    private double factor;

    public Pump(Cluster cluster, ServeOptions options)
    {
        (this.cluster, Feeds) = (cluster, new(cluster, options));
        Speed = Speed.Parse(options.Speed);
        cluster.Share(this);
        thread = new(Loop) { IsBackground = true, Name = "kubenotebooks-serve" };
        thread.Start();
    }

    public Feeds Feeds { get; }

    /// <summary>What stopped the clock; null when nothing did.</summary>
    public string? Failure { get; private set; }

    public Speed Speed
    {
        get => new(Volatile.Read(ref factor));
        set
        {
            Volatile.Write(ref factor, value.Factor);
            Failure = null;
            wake.Set();
        }
    }

    /// <summary>Has the owner answer a question between two steps. Given up before its turn, it is
    /// never asked.</summary>
    /// <param name="question">What the owner does.</param>
    /// <param name="gone">Gives up.</param>
    /// <param name="unwanted">What the owner does with an answer that came too late.</param>
    public Task<T> Ask<T>(
        Func<T> question, CancellationToken gone, Action<T>? unwanted = null)
    {
        var answer = NewAnswer<T>();
        gone.Register(() => answer.TrySetCanceled(gone));
        cluster.Inbox.Post(() =>
        {
            if (!answer.Task.IsCompleted)
            {
                Answer(answer, question, unwanted);
            }
        });
        wake.Set();
        return answer.Task;
    }

    /// <summary>Has this thread do something that lets time pass, when its turn comes.</summary>
    public Task<T> Do<T>(Func<T> job)
    {
        var answer = NewAnswer<T>();
        jobs.Enqueue(() => Answer(answer, job, null));
        wake.Set();
        return answer.Task;
    }

    /// <summary>Runs up to a virtual time, and lets others in on the way.</summary>
    public void RunTo(DateTime end)
    {
        while (!stopped && cluster.Now < end)
        {
            var turn = Stopwatch.StartNew();
            cluster.Advance(end, () => turn.ElapsedMilliseconds < TurnMs && !cluster.IsWanted);
            GiveWay();
        }
    }

    public void Between() => Feeds.PullSome();

    public void Rewound() => Feeds.End(ApiErrors.Expired(
        "too old resource version: the cluster was taken back to an earlier time").Status);

    public void Released()
    {
        if (Thread.CurrentThread != thread)
        {
            wake.Set();
        }
    }

    public void Dispose()
    {
        stopped = true;
        wake.Set();
        thread.Join();
        cluster.Unshare();
        wake.Dispose();
    }

    private static TaskCompletionSource<T> NewAnswer<T>() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static void Answer<T>(
        TaskCompletionSource<T> answer, Func<T> question, Action<T>? unwanted)
    {
        try
        {
            var result = question();
            if (!answer.TrySetResult(result))
            {
                unwanted?.Invoke(result);
            }
        }
        catch (Exception e)
        {
            answer.TrySetException(e);
        }
    }

    private void Loop()
    {
        var clock = Stopwatch.StartNew();
        while (!stopped)
        {
            wake.WaitOne(Speed.IsMax && cluster.IsConverged is false ? 0
                : Speed.Factor > 0 ? TickMs : 1000);
            var passed = Math.Min(clock.ElapsedMilliseconds, LongestTickMs);
            clock.Restart();
            while (jobs.TryDequeue(out var job))
            {
                job();
            }
            cluster.Still(_ => Turn(TimeSpan.FromMilliseconds(passed)));
            GiveWay();
        }
    }

    private void GiveWay()
    {
        for (var i = 0; i < 100 && cluster.IsWanted; i++)
        {
            Thread.Sleep(i < 10 ? 0 : 1);
        }
    }

    private bool Turn(TimeSpan passed)
    {
        var (turn, speed) = (Stopwatch.StartNew(), Speed);
        bool IsTime() => turn.ElapsedMilliseconds < TurnMs && !cluster.IsWanted;
        try
        {
            if (speed.IsMax && !cluster.IsConverged)
            {
                cluster.Advance(cluster.Now + TimeSpan.FromMinutes(1),
                    () => IsTime() && !cluster.IsConverged);
            }
            else
            {
                var on = passed * (speed.IsMax ? 1 : speed.Factor);
                cluster.Advance(cluster.Now + on, () => speed.Factor > 0 && IsTime());
            }
        }
        catch (Exception e)
        {
            // A component's mistake, or an invariant that no longer holds: time stands still.
            (Speed, Failure) = (Speed.Paused, e.Message);
        }
        Feeds.Pull();
        return true;
    }
}
