namespace KubeSim;

/// <summary>What every kind's metadata must be, on creation and on replacement.</summary>
/// <remarks>Models staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go.</remarks>
internal static class MetadataStage
{
    private const int MostAnnotationBytes = 256 * 1024;

    private static readonly Seq<string> standardFinalizers =
        ["kubernetes", "orphan", "foregroundDeletion"];

    public static void Validate(ObjectMeta meta, KindStrategy strategy, FieldErrors errors)
    {
        Names(meta, strategy, errors);
        Labels(meta.Labels, "metadata.labels", errors);
        Annotations(meta.Annotations, "metadata.annotations", errors);
        Owners(meta.OwnerReferences, errors);
        for (var i = 0; i < meta.Finalizers.Count; i++)
        {
            Finalizer(meta.Finalizers[i], i, errors);
        }
    }

    public static void ValidateUpdate(
        ObjectMeta now, ObjectMeta old, KindStrategy strategy, FieldErrors errors)
    {
        // Twice, since the real server's common stage and its kinds check the same rules:
        // its refusals tell each such cause two times.
        for (var pass = 0; pass < 2; pass++)
        {
            Fixed("metadata.name", now.Name, old.Name, errors);
            Fixed("metadata.namespace", now.Namespace, old.Namespace, errors);
            Fixed("metadata.uid", now.Uid, old.Uid, errors);
            if (now.CreationTimestamp != old.CreationTimestamp)
            {
                errors.Immutable("metadata.creationTimestamp",
                    FieldErrors.Quote($"{now.CreationTimestamp}"));
            }
            if (old.DeletionTimestamp is not null)
            {
                NoNewFinalizers(now.Finalizers, old.Finalizers, errors);
            }
        }
        if (!now.Labels.SameAs(old.Labels))
        {
            Labels(now.Labels, "metadata.labels", errors);
        }
        if (!now.Annotations.SameAs(old.Annotations))
        {
            Annotations(now.Annotations, "metadata.annotations", errors);
        }
        if (!now.OwnerReferences.SameAs(old.OwnerReferences))
        {
            Owners(now.OwnerReferences, errors);
        }
        for (var i = 0; i < now.Finalizers.Count; i++)
        {
            Finalizer(now.Finalizers[i], i, errors);
        }
    }

    /// <summary>The metadata of a replacement: what only the server sets stays as stored where the
    /// client left it out, and the deletion in any case.</summary>
    public static ObjectMeta Keep(ObjectMeta now, ObjectMeta old)
    {
        var same = now.Generation == old.Generation
            && now.DeletionTimestamp == old.DeletionTimestamp
            && now.DeletionGracePeriodSeconds == old.DeletionGracePeriodSeconds
            && now.ResourceVersion == old.ResourceVersion
            && now.Uid.Length > 0 && now.CreationTimestamp is not null;
        return same ? now : now with
        {
            Generation = old.Generation,
            DeletionTimestamp = old.DeletionTimestamp,
            DeletionGracePeriodSeconds = old.DeletionGracePeriodSeconds,
            ResourceVersion = old.ResourceVersion,
            Uid = now.Uid.Length == 0 ? old.Uid : now.Uid,
            CreationTimestamp = now.CreationTimestamp ?? old.CreationTimestamp,
            Namespace = now.Namespace.Length == 0 ? old.Namespace : now.Namespace,
        };
    }

    public static void Labels(Map<string> labels, string field, FieldErrors errors)
    {
        foreach (var (key, value) in labels)
        {
            foreach (var problem in KubeSim.Names.LabelKey(key))
            {
                errors.InvalidText(field, key, problem);
            }
            foreach (var problem in KubeSim.Names.LabelValue(value))
            {
                errors.InvalidText(field, value, problem);
            }
        }
    }

    public static void Annotations(Map<string> annotations, string field, FieldErrors errors)
    {
        var bytes = 0;
        foreach (var (key, value) in annotations)
        {
            // Capital letters are fine in keys of annotations only.
            foreach (var problem in KubeSim.Names.LabelKey(key.ToLowerInvariant()))
            {
                errors.InvalidText(field, key, problem);
            }
            bytes += System.Text.Encoding.UTF8.GetByteCount(key)
                + System.Text.Encoding.UTF8.GetByteCount(value);
        }
        if (bytes > MostAnnotationBytes)
        {
            errors.TooLong(field, MostAnnotationBytes);
        }
    }

    private static void Names(ObjectMeta meta, KindStrategy strategy, FieldErrors errors)
    {
        if (meta.GenerateName is { Length: > 0 } prefix)
        {
            // The server's five characters come behind, so the prefix may end with a dash.
            foreach (var problem in strategy.NameProblems(Generated(prefix, "x")))
            {
                errors.InvalidText("metadata.generateName", prefix, problem);
            }
        }
        if (meta.Name.Length == 0)
        {
            errors.Required("metadata.name", "name or generateName is required");
            return;
        }
        foreach (var problem in strategy.NameProblems(meta.Name))
        {
            errors.InvalidText("metadata.name", meta.Name, problem);
        }
    }

    /// <summary>A generated name: the prefix is cut so that prefix and end have 63
    /// characters.</summary>
    public static string Generated(string prefix, string suffix) =>
        string.Concat(prefix.AsSpan(0, Math.Min(prefix.Length, 58)), suffix);

    private static void Owners(Seq<OwnerReference> owners, FieldErrors errors)
    {
        OwnerReference? controller = null;
        for (var i = 0; i < owners.Count; i++)
        {
            var owner = owners[i];
            var complete = owner.ApiVersion.Length > 0 && owner.Kind.Length > 0
                && owner.Name.Length > 0 && owner.Uid.Length > 0;
            if (!complete)
            {
                OwnerFields(owner, $"metadata.ownerReferences[{i}]", errors);
            }
            if (owner.Controller == true && controller is not null)
            {
                errors.InvalidText("metadata.ownerReferences", "", "Only one reference can have "
                    + "Controller set to true. Found \"true\" in references for "
                    + $"{controller.Kind}/{controller.Name} and {owner.Kind}/{owner.Name}");
            }
            controller = owner.Controller == true ? owner : controller;
        }
    }

    private static void OwnerFields(OwnerReference owner, string field, FieldErrors errors)
    {
        if (owner.ApiVersion.Length == 0)
        {
            errors.InvalidText($"{field}.apiVersion", "", "version must not be empty");
        }
        if (owner.Kind.Length == 0)
        {
            errors.InvalidText($"{field}.kind", "", "must not be empty");
        }
        if (owner.Name.Length == 0)
        {
            errors.InvalidText($"{field}.name", "", "must not be empty");
        }
        if (owner.Uid.Length == 0)
        {
            errors.InvalidText($"{field}.uid", "", "must not be empty");
        }
    }

    private static void Finalizer(string name, int at, FieldErrors errors)
    {
        var problems = KubeSim.Names.LabelKey(name);
        foreach (var problem in problems)
        {
            errors.InvalidText($"metadata.finalizers[{at}]", name, problem);
        }
        if (problems.IsEmpty && !name.Contains('/') && !standardFinalizers.AsSpan().Contains(name))
        {
            errors.InvalidText($"metadata.finalizers[{at}]", name,
                "name is neither a standard finalizer name nor is it fully qualified");
        }
    }

    private static void NoNewFinalizers(Seq<string> now, Seq<string> old, FieldErrors errors)
    {
        var added = now.RemoveAll(name => old.AsSpan().Contains(name));
        if (!added.IsEmpty)
        {
            var shown = string.Join(", ", added.Select(FieldErrors.Quote));
            errors.Forbidden("metadata.finalizers", "no new finalizers can be added if the object "
                + $"is being deleted, found new finalizers []string{{{shown}}}");
        }
    }

    private static void Fixed(string field, string now, string old, FieldErrors errors)
    {
        if (!string.Equals(now, old, StringComparison.Ordinal))
        {
            errors.Immutable(field, FieldErrors.Quote(now));
        }
    }
}
