using System.Runtime.InteropServices;

namespace KubeNotebooks;

/// <summary>Waits until somebody ends a command that goes on by itself: by Ctrl+C, or by
/// <c>kill</c>.</summary>
internal sealed class StopSignal : IDisposable
{
    private readonly ManualResetEventSlim stop = new();
    private readonly PosixSignalRegistration interrupted;
    private readonly PosixSignalRegistration ended;

    public StopSignal()
    {
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Set();
        }
        interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        ended = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    }

    public void Wait() => stop.Wait();

    public void Dispose()
    {
        interrupted.Dispose();
        ended.Dispose();
        stop.Dispose();
    }
}
