using System.Globalization;

namespace KubeSim;

/// <summary>
/// A Deployment's ReplicaSets: which one is the new one, and what names them. The new one is the
/// one with the Deployment's template; all others are old, however recent.
/// <para>A set is named after its Deployment and the hash of the template. The hash is a label of
/// the set, of its selector and of its pods too: so that sets of one Deployment never take each
/// other's pods. Each rollout gives the new set the next <c>revision</c>; one that is rolled back
/// to gets it too, and keeps its earlier ones in <c>revision-history</c>.</para>
/// Models pkg/controller/deployment/util/deployment_util.go and pkg/controller/controller_utils.go.
/// </summary>
internal static class DeploymentSets
{
    public const string HashLabel = "pod-template-hash";
    public const string Revision = "deployment.kubernetes.io/revision";
    public const string RevisionHistory = "deployment.kubernetes.io/revision-history";

    private const int MaxHistory = 2000;

    // What is the Deployment's own and does not pass to its sets.
    private static readonly Seq<string> ownAnnotations =
    [
        "kubectl.kubernetes.io/last-applied-configuration", Revision, RevisionHistory,
        DeploymentScaling.Desired, DeploymentScaling.Max,
        "deprecated.deployment.rollback.to",
    ];

    /// <summary>The order of age: the oldest first, of equals by name.</summary>
    public static int ByAge(ReplicaSet a, ReplicaSet b)
    {
        var (left, right) = (a.Metadata.CreationTimestamp ?? default,
            b.Metadata.CreationTimestamp ?? default);
        return left != right ? left.CompareTo(right)
            : string.CompareOrdinal(a.Metadata.Name, b.Metadata.Name);
    }

    /// <summary>The oldest set with the deployment's template; null when there is none.</summary>
    public static ReplicaSet? FindNew(Deployment deployment, List<ReplicaSet> byAge) =>
        byAge.Find(set => SameTemplate(set.Spec.Template, deployment.Spec.Template));

    /// <summary>True when two templates are equal but for the label with the hash.</summary>
    public static bool SameTemplate(PodTemplateSpec a, PodTemplateSpec b) =>
        a.Spec.Equals(b.Spec) && WithoutHash(a.Metadata).Equals(WithoutHash(b.Metadata))
        && Equals(a.Kept, b.Kept);

    /// <summary>The hash of a template: 8 to 10 characters that spell no word.</summary>
    public static string Hash(PodTemplateSpec template, int? collisions)
    {
        var json = System.Text.Json.JsonSerializer.Serialize(template, Json.Options);
        var digest = Digest.Mix(Digest.Mix(Digest.Start, json), collisions ?? 0);
        const uint least = 10_000_000;
        var number = least + (uint)(digest % (uint.MaxValue - least));
        return string.Create(CultureInfo.InvariantCulture, $"{number}")
            .Aggregate("", (text, digit) => text + SafeAlphabet[digit % SafeAlphabet.Length]);
    }

    /// <summary>The set that a deployment has yet to create, of size 0.</summary>
    public static ReplicaSet New(Deployment deployment)
    {
        var (meta, spec) = (deployment.Metadata, deployment.Spec);
        var hash = Hash(spec.Template, deployment.Status.CollisionCount);
        var labels = spec.Template.Metadata.Labels.Set(HashLabel, hash);
        var most = 252 - hash.Length;
        var name = meta.Name.Length > most ? meta.Name[..most] : meta.Name;
        return new()
        {
            Metadata = new()
            {
                Name = $"{name}-{hash}", Namespace = meta.Namespace, Labels = labels,
                OwnerReferences = [ControllerRefs.To(deployment)],
            },
            Spec = new()
            {
                Replicas = 0,
                MinReadySeconds = spec.MinReadySeconds,
                Selector = spec.Selector! with
                {
                    MatchLabels = spec.Selector.MatchLabels.Set(HashLabel, hash),
                },
                Template = spec.Template with
                {
                    Metadata = spec.Template.Metadata with { Labels = labels },
                },
            },
        };
    }

    /// <summary>The revision of a set; 0 when it has none.</summary>
    public static long RevisionOf(ReplicaSet set) => Parse(set.Metadata.Annotations.Get(Revision));

    /// <summary>The revision that the new set must have at least: one more than the old
    /// ones.</summary>
    public static long NextRevision(List<ReplicaSet> old)
    {
        var most = 0L;
        foreach (var set in old)
        {
            most = Math.Max(most, RevisionOf(set));
        }
        return most + 1;
    }

    /// <summary>The new set with the deployment's annotations and its revision; the same reference
    /// when it has them.</summary>
    public static ReplicaSet Annotated(ReplicaSet set, Deployment deployment, long revision)
    {
        var annotations = set.Metadata.Annotations;
        foreach (var own in deployment.Metadata.Annotations)
        {
            if (!ownAnnotations.AsSpan().Contains(own.Key)
                && annotations.Get(own.Key) != own.Value)
            {
                annotations = annotations.Set(own.Key, own.Value);
            }
        }
        var before = annotations.Get(Revision);
        if (Parse(before) < revision)
        {
            annotations = annotations.Set(Revision, Text(revision));
            annotations = before is null ? annotations : Remember(annotations, before);
        }
        return annotations.SameAs(set.Metadata.Annotations) ? set
            : set with { Metadata = set.Metadata with { Annotations = annotations } };
    }

    /// <summary>The old sets that go because there are more than the deployment keeps, the lowest
    /// revision first. A set that has pods, or may have, is passed over.</summary>
    public static List<ReplicaSet> Superfluous(Deployment deployment, List<ReplicaSet> old)
    {
        if (deployment.Spec.RevisionHistoryLimit is not { } limit || limit == int.MaxValue)
        {
            return [];
        }
        var alive = old.FindAll(set => !set.IsTerminating);
        var surplus = Math.Max(0, alive.Count - limit);
        alive.Sort((a, b) => RevisionOf(a) != RevisionOf(b)
            ? RevisionOf(a).CompareTo(RevisionOf(b)) : ByAge(a, b));
        return alive.GetRange(0, surplus).FindAll(set => set.Size == 0
            && set.Status.Replicas == 0
            && (set.Metadata.Generation ?? 0) <= (set.Status.ObservedGeneration ?? 0));
    }

    /// <summary>A revision as its annotation writes it.</summary>
    public static string Text(long revision) => revision.ToString(CultureInfo.InvariantCulture);

    private const string SafeAlphabet = "bcdfghjklmnpqrstvwxz2456789";

    private static Map<string> Remember(Map<string> annotations, string revision)
    {
        var history = annotations.Get(RevisionHistory) ?? "";
        while (history.Length > 0 && history.Length + revision.Length + 1 > MaxHistory)
        {
            var comma = history.IndexOf(',', StringComparison.Ordinal);
            history = comma < 0 ? "" : history[(comma + 1)..];
        }
        return annotations.Set(RevisionHistory,
            history.Length == 0 ? revision : $"{history},{revision}");
    }

    private static ObjectMeta WithoutHash(ObjectMeta meta) => !meta.Labels.ContainsKey(HashLabel)
        ? meta : meta with { Labels = meta.Labels.Remove(HashLabel) };

    private static long Parse(string? text) => long.TryParse(text, NumberStyles.AllowLeadingSign,
        CultureInfo.InvariantCulture, out var number) ? number : 0;
}
