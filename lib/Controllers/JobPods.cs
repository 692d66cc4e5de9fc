using System.Globalization;

namespace KubeSim;

/// <summary>
/// What a Job's controller asks of Jobs and their pods: which completion index a pod has, how often
/// its index has failed, when it ended, and whether it counts as failed.
/// <para>A pod that is being deleted counts as failed at once, since it may never come to report
/// anything; not so where only failed pods are replaced: there one waits for its end.</para>
/// Models pkg/controller/job/{job_controller,indexed_job_utils,backoff_utils}.go.
/// </summary>
#pragma warning disable CA1708 // The compiler itself names the extension blocks.
internal static class JobPods
#pragma warning restore CA1708
{
    /// <summary>A pod with this finalizer is not yet in the counts of its Job.</summary>
    public const string Finalizer = "batch.kubernetes.io/job-tracking";

    /// <summary>The completion index of a pod: an annotation, and a label of the same
    /// name.</summary>
    public const string Index = "batch.kubernetes.io/job-completion-index";

    /// <summary>How many pods of its index failed before this one.</summary>
    public const string FailureCount = "batch.kubernetes.io/job-index-failure-count";

    /// <summary>How many more failed without counting.</summary>
    public const string IgnoredCount = "batch.kubernetes.io/job-index-ignored-failure-count";

    extension(Job job)
    {
        public bool IsIndexed => job.Spec.CompletionMode == "Indexed";

        public bool IsSuspended => job.Spec.Suspend == true;

        /// <summary>True when another controller looks after it.</summary>
        public bool IsManagedElsewhere =>
            job.Spec.ManagedBy is not (null or "kubernetes.io/job-controller");

        /// <summary>True when a pod that is going away is not replaced before it has
        /// ended.</summary>
        public bool ReplacesOnlyFailed =>
            job.Spec.PodReplacementPolicy == "Failed" || job.Spec.PodFailurePolicy is not null;

        /// <summary>True when a pod counts as failed.</summary>
        public bool HasFailed(Pod pod) => pod.Status.Phase == "Failed" || (!job.ReplacesOnlyFailed
            && pod.IsTerminating && pod.Status.Phase != "Succeeded");

        /// <summary>True when a pod has an index that the Job has.</summary>
        public bool HasIndexOf(Pod pod) =>
            pod.CompletionIndex >= 0 && pod.CompletionIndex < job.Spec.Completions;

        /// <summary>True when a failed pod was the last one that its index may have.</summary>
        public bool HasFailedIndex(Pod pod)
        {
            if (!job.HasFailed(pod))
            {
                return false;
            }
            var verdict = JobPolicies.Match(job.Spec.PodFailurePolicy, pod);
            return verdict.Action == "FailIndex"
                || (verdict.Counts && pod.FailedBefore >= job.Spec.BackoffLimitPerIndex);
        }
    }

    extension(Pod pod)
    {
        public bool IsTracked => pod.Metadata.Finalizers.AsSpan().Contains(Finalizer);

        /// <summary>The completion index; -1 for none.</summary>
        public int CompletionIndex => Number(pod, Index) ?? -1;

        public int FailedBefore => Number(pod, FailureCount) ?? 0;

        public int IgnoredBefore => Number(pod, IgnoredCount) ?? 0;

        /// <summary>When the pod ended, from the best source there is: its containers, the
        /// condition Ready, its deletion, its creation.</summary>
        public Time FinishedAt
        {
            get
            {
                var ends = pod.Status.ContainerStatuses
                    .Select(s => s.State?.Terminated?.FinishedAt).ToArray();
                if (ends.Length > 0 && Array.TrueForAll(ends, e => e is not null))
                {
                    return ends.Max()!.Value;
                }
                if (pod.Condition("Ready") is { Status: "False", LastTransitionTime: { } since })
                {
                    return since;
                }
                var meta = pod.Metadata;
                return meta.DeletionTimestamp is { } deletion
                    ? deletion + TimeSpan.FromSeconds(-(meta.DeletionGracePeriodSeconds ?? 0))
                    : meta.CreationTimestamp ?? default;
            }
        }
    }

    private static int? Number(Pod pod, string annotation) =>
        int.TryParse(pod.Metadata.Annotations.Get(annotation), NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture, out var number) && number >= 0 ? number : null;
}
