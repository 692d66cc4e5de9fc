using System.Diagnostics;
using System.Globalization;
using NUnit.Framework;

namespace KubeSim.Tests;

/// <summary>Every controller over caches that lag, each kind for itself, that show things twice,
/// and over deaths between two writes: it breaks no bound, and its workload comes to rest. A share
/// of the runs every time, ten thousand of each workload on request.</summary>
public sealed class StaleCacheTests
{
    private const int Slice = 1000;

    private static IEnumerable<Workload> Workloads => StaleWorkloads.All;

    private static IEnumerable<object[]> Slices => Enumerable.Range(0, 10)
        .SelectMany(slice => Workloads.Select(w => new object[] { slice, w }));

    [TestCaseSource(nameof(Workloads))]
    public void No_cache_however_old_breaks(object workload) => Run((Workload)workload, 1, 12);

    [TestCaseSource(nameof(Slices)), Category("Long"), Explicit("an hour: TestCategory=Long")]
    public void Nor_in_any_of_ten_thousand_runs(int slice, object workload) =>
        Run((Workload)workload, (slice * Slice) + 1, Slice);

    private static void Run(Workload workload, int first, int runs)
    {
        var failures = new List<string>();
        var watch = Stopwatch.StartNew();
        for (var seed = first; seed < first + runs; seed++)
        {
            if (new StaleRun(workload, (ulong)seed).Go() is { } failure)
            {
                failures.Add(failure);
            }
        }
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{workload}: seeds {first} to {first + runs - 1} in "
            + $"{watch.Elapsed.TotalSeconds:0.0} s, {failures.Count} fail"));
        Assert.That(failures.Take(5), Is.Empty);
    }
}
