using System.Diagnostics;
using System.Globalization;
using KubeSim;

namespace Benchmarks;

/// <summary>The times of single steps of a three-node cluster, as a notebook takes them: median and
/// tail, in microseconds. The mean that BenchmarkDotNet gives is drawn up by the few steps that
/// create many pods. <c>steps [--stubs]</c>.</summary>
internal static class StepTimes
{
    private const int Rounds = 5;
    private const int MostSteps = 1700;

    public static int Run(string[] args)
    {
        var stubs = args.Contains("--stubs");
        foreach (var (name, latency) in
            new[] { ("typical", Latency.Typical), ("none", Latency.None) })
        {
            var times = new List<double>();
            for (var round = 0; round < Rounds; round++)
            {
                // Only the last round counts: before, the code is not yet compiled for speed.
                times = Measure(latency, stubs);
            }
            times.Sort();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"latency {name,-8} {times.Count} steps: median {times[times.Count / 2]:F1} µs, "
                + $"90 % {times[times.Count * 9 / 10]:F1} µs, "
                + $"99 % {times[times.Count * 99 / 100]:F1} µs"));
        }
        return 0;
    }

    private static List<double> Measure(Latency latency, bool stubs)
    {
        var cluster = new Cluster(latency: latency, components: stubs ? Scale.Stubs : null);
        for (var i = 0; i < 40; i++)
        {
            cluster.Create(Scale.NewSet(i, 8));
        }
        var times = new List<double>();
        while (times.Count < MostSteps)
        {
            var start = Stopwatch.GetTimestamp();
            var step = cluster.Step();
            var time = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            if (step.IsIdle)
            {
                break;
            }
            times.Add(time);
        }
        return times;
    }
}
