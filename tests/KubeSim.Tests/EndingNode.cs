namespace KubeSim.Tests;

/// <summary>A node for tests of Jobs. A pod ends a second or two after it was bound: with the exit
/// code that its image names (<c>exit-1</c>), else with 0, or never with <c>forever</c>. One that
/// is deleted ends with 1, and is gone.</summary>
internal sealed class EndingNode(string node) : IReconciler
{
    private readonly Dictionary<ObjectKey, DateTime> due = [];

    public string Name => "kubelet";

    public Seq<Watched> Watches { get; } = [Watched.OnNode<Pod>()];

    /// <summary>A cluster of such nodes with the controllers that Jobs need.</summary>
    public static Cluster Cluster(ulong seed = 1, params string[] more)
    {
        string[] needed = ["job-controller", "default-scheduler", .. more];
        return new(2, seed, components: Bootstrap.Components().Where(c => needed.Contains(c.Name))
            .Append(new("kubelet", node => new EndingNode(node)) { PerNode = true }).ToSeq());
    }

    public Result Reconcile(ObjectKey key, ReconcileContext api)
    {
        if (api.Get(key) is not Pod pod || pod.Spec.NodeName != node)
        {
            due.Remove(key);
            return Result.Done;
        }
        if (pod.IsFinished)
        {
            if (pod.IsTerminating && pod.Metadata.DeletionGracePeriodSeconds > 0)
            {
                api.Delete(key, new() { GracePeriodSeconds = 0, Uid = pod.Metadata.Uid });
            }
            return Result.Done;
        }
        var image = pod.Spec.Containers[0].Image!;
        if (image.Contains("forever", StringComparison.Ordinal) && !pod.IsTerminating)
        {
            return Result.Done;
        }
        if (!due.TryGetValue(key, out var at))
        {
            due.Add(key, at = api.Now + api.Random.Next(
                TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)));
        }
        if (api.Now < at)
        {
            api.After(at - api.Now, key);
            return Result.Done;
        }
        var code = pod.IsTerminating ? 1
            : image.Split("exit-") is [_, var text] ? (int)TestData.Number(text) : 0;
        api.UpdateStatus(pod with
        {
            Status = pod.Status with
            {
                Phase = code == 0 ? "Succeeded" : "Failed",
                ContainerStatuses =
                [
                    new()
                    {
                        Name = "c",
                        State = new() { Terminated = new() { ExitCode = code, FinishedAt = at } },
                    },
                ],
            },
        });
        return Result.Done;
    }
}
