namespace KubeSim;

/// <summary>The environment of a container in words: what it is set to, or where it comes
/// from.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/describe/describe.go.</remarks>
internal static class DescribeEnvironment
{
    public static void Write(DescribeText text, Container container, Pod? pod)
    {
        if (!container.EnvFrom.IsEmpty)
        {
            text.Line("    Environment Variables from:");
            foreach (var source in container.EnvFrom)
            {
                var (kind, name, optional) = source.ConfigMapRef is { } map
                    ? ("ConfigMap", map.Name, map.Optional)
                    : ("Secret", source.SecretRef?.Name, source.SecretRef?.Optional);
                var prefix = string.IsNullOrEmpty(source.Prefix) ? ""
                    : $" with prefix '{source.Prefix}'";
                text.Line($"      {name}\t{kind}{prefix}\tOptional: "
                    + DescribeText.Lower(optional));
            }
        }
        text.Line(container.Env.IsEmpty ? "    Environment:\t<none>" : "    Environment:");
        foreach (var variable in container.Env)
        {
            Write(text, variable, pod);
        }
    }

    private static void Write(DescribeText text, EnvVar variable, Pod? pod)
    {
        var name = variable.Name;
        switch (variable.ValueFrom)
        {
            case { FieldRef: { } field }:
                var value = pod is null || !field.FieldPath.StartsWith("metadata.",
                    StringComparison.Ordinal) ? "" : DownwardApi.Field(pod, field.FieldPath);
                text.Field($"      {name}", $"{value} ({field.ApiVersion}:{field.FieldPath})");
                break;
            case { ResourceFieldRef: { } resource }:
                text.Field($"      {name}", $" ({resource.Resource})");
                break;
            case { SecretKeyRef: { } secret }:
                text.Field($"      {name}", $"<set to the key '{secret.Key}' in secret "
                    + $"'{secret.Name}'>\tOptional: {DescribeText.Lower(secret.Optional)}");
                break;
            case { ConfigMapKeyRef: { } map }:
                text.Field($"      {name}", $"<set to the key '{map.Key}' of config map "
                    + $"'{map.Name}'>\tOptional: {DescribeText.Lower(map.Optional)}");
                break;
            default:
                var lines = (variable.Value ?? "").Split('\n');
                text.Field($"      {name}", lines[0]);
                foreach (var line in lines.Skip(1))
                {
                    text.Line($"\t{line}");
                }
                break;
        }
    }
}
