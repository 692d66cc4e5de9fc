using BenchmarkDotNet.Running;

namespace Benchmarks;

/// <summary><c>scale</c> fills a large cluster once and measures it, <c>steps</c> takes the time of
/// single steps, <c>etcd</c> the figures of the database, <c>schedule</c> those of the scheduler,
/// <c>serve</c> those of the API over HTTPS, <c>proxy</c> those of kube-proxy; anything else goes
/// to BenchmarkDotNet, such as <c>--filter *Step*</c>.</summary>
public static class Program
{
    public static int Main(string[] args)
    {
        Func<string[], int>? run = args.FirstOrDefault() switch
        {
            "scale" => Scale.Run,
            "steps" => StepTimes.Run,
            "etcd" => EtcdFigures.Run,
            "schedule" => ScheduleFigures.Run,
            "serve" => ServeFigures.Run,
            "proxy" => ProxyFigures.Run,
            _ => null,
        };
        if (run is not null)
        {
            return run(args[1..]);
        }
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
    }
}
