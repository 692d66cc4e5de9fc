using System.Globalization;

namespace KubeSim;

/// <summary>
/// Who a pod of a StatefulSet is. Pod 2 of the set web is named web-2, always: its name, its host
/// name, its label and its claims (data-web-2 for the template data) follow from the set and the
/// number, so that the next pod web-2 is the same member of the same cluster with the same disk.
/// <para>With 3 replicas and <c>ordinals.start</c> 5 the members are web-5, web-6 and web-7; web-8
/// is one too many.</para>
/// Models pkg/controller/statefulset/stateful_set_utils.go.
/// </summary>
internal static class StatefulSetIdentity
{
    private const string NameLabel = "statefulset.kubernetes.io/pod-name";
    private const string IndexLabel = "apps.kubernetes.io/pod-index";

    extension(StatefulSet set)
    {
        /// <summary>How many members it wants.</summary>
        public int Wanted => set.Spec.Replicas ?? 1;

        /// <summary>The number of its first member.</summary>
        public int First => set.Spec.Ordinals?.Start ?? 0;

        /// <summary>True when its members are made one after another, and go so.</summary>
        public bool IsOrdered => set.Spec.PodManagementPolicy != "Parallel";

        /// <summary>The place of a pod among those wanted; null for one too many.</summary>
        public int? PlaceOf(Pod pod) => OrdinalOf(pod) - set.First is { } place and >= 0
            && place < set.Wanted ? place : null;

        /// <summary>True when a pod is called as a member is.</summary>
        public bool Names(Pod pod) => OrdinalOf(pod) is { } n
            && pod.Metadata.Name == NameOf(set, n);

        /// <summary>The claims of a pod, one of each template, by the template's name.</summary>
        public IEnumerable<(string Template, PersistentVolumeClaim Claim)> ClaimsOf(Pod pod) =>
            set.Spec.VolumeClaimTemplates.Select(claim => (claim.Metadata.Name, claim with
            {
                Metadata = claim.Metadata with
                {
                    Name = $"{claim.Metadata.Name}-{pod.Metadata.Name}",
                    Namespace = set.Metadata.Namespace,
                    Labels = claim.Metadata.Labels.SetAll(
                        set.Spec.Selector?.MatchLabels ?? default),
                },
            }));

        /// <summary>A member that is to be created.</summary>
        public Pod NewPod(int ordinal, PodTemplateSpec template, string revision)
        {
            var (pod, name) = (PodControl.FromTemplate(template, set), NameOf(set, ordinal));
            var labels = pod.Metadata.Labels.Set(ControllerRevisions.PodLabel, revision);
            return Identified(set, pod with
            {
                Metadata = pod.Metadata with { Name = name, Labels = labels },
                Spec = pod.Spec with { Hostname = name, Subdomain = set.Spec.ServiceName },
            });
        }

        /// <summary>A pod with the labels and the volumes of a member; the same reference when it
        /// has them.</summary>
        public Pod Identified(Pod pod)
        {
            var (labels, volumes) = (pod.Metadata.Labels, VolumesOf(set, pod));
            if (labels.Get(NameLabel) != pod.Metadata.Name)
            {
                labels = labels.Set(NameLabel, pod.Metadata.Name)
                    .Set(IndexLabel, Text(OrdinalOf(pod)!.Value));
            }
            return labels.SameAs(pod.Metadata.Labels) && volumes.SameAs(pod.Spec.Volumes) ? pod
                : pod with
                {
                    Metadata = pod.Metadata with { Labels = labels },
                    Spec = pod.Spec with { Volumes = volumes },
                };
        }
    }

    /// <summary>The revision of which a pod is.</summary>
    public static string? RevisionOf(Pod pod) =>
        pod.Metadata.Labels.Get(ControllerRevisions.PodLabel);

    /// <summary>The number of a pod: 2 of web-2; null when its name has none.</summary>
    public static int? OrdinalOf(Pod pod)
    {
        var name = pod.Metadata.Name;
        return int.TryParse(name.AsSpan(name.LastIndexOf('-') + 1), NumberStyles.None,
            CultureInfo.InvariantCulture, out var ordinal) ? ordinal : null;
    }

    private static Seq<Volume> VolumesOf(StatefulSet set, Pod pod)
    {
        var volumes = pod.Spec.Volumes;
        var claims = set.ClaimsOf(pod).Select(c => new Volume
        {
            Name = c.Template, PersistentVolumeClaim = new() { ClaimName = c.Claim.Metadata.Name },
        }).ToSeq();
        return claims.All(c => volumes.Any(v => v.Name == c.Name
            && v.PersistentVolumeClaim?.ClaimName == c.PersistentVolumeClaim!.ClaimName)) ? volumes
            : claims.Concat(volumes.RemoveAll(v => claims.Any(c => c.Name == v.Name))).ToSeq();
    }

    private static string NameOf(StatefulSet set, int ordinal) =>
        $"{set.Metadata.Name}-{Text(ordinal)}";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
