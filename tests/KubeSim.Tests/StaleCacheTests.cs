using System.Diagnostics;
using System.Globalization;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Every controller over caches that lag, each kind for itself, that show things twice,
/// and over deaths between two writes: it breaks no bound, and its workload comes to rest. A share
/// of the runs every time, ten thousand of each workload on request.</summary>
public sealed class StaleCacheTests
{
    private static IEnumerable<Workload> Workloads => StaleWorkloads.All;

    [TestCaseSource(nameof(Workloads))]
    public void No_cache_however_old_breaks(object workload) => Run((Workload)workload, 12);

    [TestCaseSource(nameof(Workloads)), Category("Long"), Explicit("hours: TestCategory=Long")]
    public void Nor_in_any_of_ten_thousand_runs(object workload) =>
        Run((Workload)workload, 10_000);

    private static void Run(Workload workload, int runs)
    {
        var failures = new List<string>();
        var watch = Stopwatch.StartNew();
        for (var seed = 1UL; seed <= (ulong)runs; seed++)
        {
            if (new StaleRun(workload, seed).Go() is { } failure)
            {
                failures.Add(failure);
            }
        }
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{workload}: seeds 1 to {runs} in {watch.Elapsed.TotalSeconds:0.0} s, "
            + $"{failures.Count} fail"));
        Assert.That(failures.Take(5), Is.Empty);
    }
}
