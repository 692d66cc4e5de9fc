using System.Collections.Concurrent;
using System.Runtime;

namespace KubeNotebooks;

/// <summary>Runs one cell where it can be stopped, whatever it does. Each cell has a thread of its
/// own: a loop that never ends is aborted, a wait is interrupted, and <c>await</c> goes on here, so
/// that what comes after it can be stopped as well.</summary>
internal static class CellThread
{
    // Deep recursion of a learner's code should get some way before it ends the process.
    private const int StackSize = 16 << 20;

    /// <summary>How long a cell may take to stop: a <c>finally</c> block runs to its
    /// end.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>Runs the work to its end, or until it is stopped.</summary>
    /// <param name="name">The thread's name.</param>
    /// <param name="work">What the cell does.</param>
    /// <param name="limit">The most wall time it may take; no limit when null.</param>
    /// <param name="interrupt">Interrupts it.</param>
    /// <returns>How it ended; what it threw; whether its thread is gone.</returns>
    public static (CellEnd End, Exception? Failure, bool Gone) Run(string name, Func<Task> work,
        TimeSpan? limit, CancellationToken interrupt)
    {
        var abort = new CancellationTokenSource();
        var ended = new ManualResetEvent(false);
        Exception? failure = null;
        var thread = new Thread(() => failure = Guard(work, ended, abort.Token), StackSize)
        {
            IsBackground = true,
            Name = name,
        };
        thread.Start();
        var wait = limit is { TotalMilliseconds: < int.MaxValue } span ? span
            : Timeout.InfiniteTimeSpan;
        CellEnd end;
        try
        {
            end = WaitHandle.WaitAny([ended, interrupt.WaitHandle], wait) switch
            {
                0 => CellEnd.Ok,
                1 => CellEnd.Interrupted,
                _ => CellEnd.Timeout,
            };
        }
        catch
        {
            // Whoever waits was stopped, as the cell that grades an answer: so is what it began.
            _ = abort.CancelAsync();
            thread.Interrupt();
            throw;
        }
        if (end == CellEnd.Ok)
        {
            thread.Join();
            return (failure is null ? end : CellEnd.Exception, failure, true);
        }
        // The abort blocks whoever asks for it until the thread heeds it.
        _ = abort.CancelAsync();
        var pause = TimeSpan.FromMilliseconds(50);
        var gone = ended.WaitOne(pause);
        for (var waited = pause; !gone && waited < Grace; waited += pause)
        {
            thread.Interrupt();
            gone = ended.WaitOne(pause);
        }
        return (end, null, gone);
    }

    /// <summary>Runs what must not be left half done, on a thread that may be stopped: an abort
    /// waits for the end of a finally block.</summary>
    public static T Whole<T>(Func<T> work)
    {
        T done;
        try
        {
        }
        finally
        {
            done = work();
        }
        return done;
    }

    private static Exception? Guard(Func<Task> work, ManualResetEvent ended,
        CancellationToken abort)
    {
        try
        {
#pragma warning disable SYSLIB0046 // Stopping a learner's endless loop is what it was made for.
            ControlledExecution.Run(() => new Pump().Run(work), abort);
#pragma warning restore SYSLIB0046
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
        finally
        {
            ended.Set();
        }
    }

    // Brings what comes after an await back to the cell's thread.
    private sealed class Pump : SynchronizationContext
    {
        private readonly BlockingCollection<(SendOrPostCallback? Go, object? State)> queue = [];

        public void Run(Func<Task> work)
        {
            SetSynchronizationContext(this);
            var task = work();
            task.ContinueWith(_ => queue.Add((null, null)), CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            while (queue.Take() is ({ } go, var state))
            {
                go(state);
            }
            task.GetAwaiter().GetResult();
        }

        public override void Post(SendOrPostCallback d, object? state) => queue.Add((d, state));

        public override void Send(SendOrPostCallback d, object? state) => d(state);
    }
}
