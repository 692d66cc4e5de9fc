using BenchmarkDotNet.Running;

namespace Benchmarks;

/// <summary><c>scale</c> fills a large cluster once and measures it, <c>steps</c> takes the time of
/// single steps, <c>etcd</c> the figures of the database, <c>serve</c> those of the API over
/// HTTPS; anything else goes to BenchmarkDotNet,
/// such as <c>--filter *Step*</c>.</summary>
public static class Program
{
    public static int Main(string[] args)
    {
        if (args.Length > 0 && args[0] == "scale")
        {
            return Scale.Run(args[1..]);
        }
        if (args.Length > 0 && args[0] == "steps")
        {
            return StepTimes.Run(args[1..]);
        }
        if (args.Length > 0 && args[0] == "etcd")
        {
            return EtcdFigures.Run(args[1..]);
        }
        if (args.Length > 0 && args[0] == "serve")
        {
            return ServeFigures.Run(args[1..]);
        }
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
    }
}
