using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>
/// The environment of a container: what <c>envFrom</c> brings, then <c>env</c> in its order, and
/// the addresses of the Services of the namespace that nothing of these hides.
/// <para>Worked: Service web with port 80 is WEB_SERVICE_HOST=10.96.0.7, WEB_SERVICE_PORT=80,
/// WEB_PORT=tcp://10.96.0.7:80 and four more. Services that come later are not in it, and a
/// ConfigMap that changes later changes nothing in it: a container's environment is made once.
/// </para>
/// Models pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables) and pkg/kubelet/envvars.
/// </summary>
internal sealed class PodEnvironment(Pod pod, Map<Quantity> allocatable)
{
    private readonly Dictionary<string, string> result = new(StringComparer.Ordinal);

    /// <summary>The Services that may be told.</summary>
    public IEnumerable<Service> Services { get; init; } = [];

    /// <summary>Finds a ConfigMap of the pod's namespace.</summary>
    public Func<string, ConfigMap?> Map { get; init; } = _ => null;

    /// <summary>Finds a Secret of the pod's namespace.</summary>
    public Func<string, Secret?> Secret { get; init; } = _ => null;

    /// <summary>The variables, in no order.</summary>
    public IReadOnlyDictionary<string, string> Of(Container container)
    {
        var services = OfServices();
        foreach (var source in container.EnvFrom)
        {
            From(source);
        }
        var known = new Dictionary<string, string>(services, StringComparer.Ordinal);
        foreach (var (name, value) in result)
        {
            known[name] = value;
        }
        foreach (var variable in container.Env)
        {
            if (ValueOf(variable, container, known) is { } value)
            {
                result[variable.Name] = known[variable.Name] = value;
            }
        }
        foreach (var (name, value) in services)
        {
            result.TryAdd(name, value);
        }
        return result;
    }

    private void From(EnvFromSource source)
    {
        var data = source.ConfigMapRef is { } map ? Map(map.Name ?? "")?.Data ?? default
            : Decoded(Secret(source.SecretRef?.Name ?? "")?.Data ?? default);
        foreach (var (key, value) in data)
        {
            // Any key of a map will do as a name, since 1.30 even one with a leading digit.
            result[source.Prefix + key] = value;
        }
    }

    private string? ValueOf(
        EnvVar variable, Container container, Dictionary<string, string> known) => variable switch
    {
        { ValueFrom.FieldRef: { } field } => DownwardApi.Field(pod, field.FieldPath) ?? "",
        { ValueFrom.ResourceFieldRef: { } resource } =>
            DownwardApi.Resource(resource.ContainerName is not { Length: > 0 } other ? container
                : pod.Spec.InitContainers.Concat(pod.Spec.Containers)
                    .FirstOrDefault(c => c.Name == other) ?? container, resource, allocatable),
        { ValueFrom.ConfigMapKeyRef: { } map } => Map(map.Name ?? "") is { } found
            && found.Data.TryGetValue(map.Key, out var value) ? value : null,
        { ValueFrom.SecretKeyRef: { } secret } =>
            Decoded(Secret(secret.Name ?? "")?.Data ?? default)
                .TryGetValue(secret.Key, out var value) ? value : null,
        _ => DownwardApi.Expand(variable.Value ?? "", known),
    };

    /// <summary>The data of a Secret in clear.</summary>
    public static Map<string> Decoded(Map<string> data)
    {
        var clear = default(Map<string>);
        foreach (var (key, value) in data)
        {
            clear = clear.Set(key, Clear(value));
        }
        return clear;
    }

    private static string Clear(string value)
    {
        var bytes = new byte[value.Length];
        return Convert.TryFromBase64String(value, bytes, out var length)
            ? Encoding.UTF8.GetString(bytes, 0, length) : value;
    }

    // The API server is told even to those who do not want to know of others; a Service of the
    // pod's own namespace that is called kubernetes too hides it.
    private Dictionary<string, string> OfServices()
    {
        var known = new SortedDictionary<string, Service>(StringComparer.Ordinal);
        foreach (var service in Services)
        {
            var about = service.Metadata;
            var isMaster = about is { Namespace: "default", Name: "kubernetes" };
            var isNear = about.Namespace == pod.Metadata.Namespace
                && pod.Spec.EnableServiceLinks != false;
            if (service.Spec.ClusterIP is not { Length: > 0 } ip || ip == "None"
                || service.Spec.Ports.IsEmpty)
            {
                continue;
            }
            if (isNear || (isMaster && !known.ContainsKey(about.Name)))
            {
                known[about.Name] = service;
            }
        }
        var told = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, service) in known)
        {
            Tell(name.ToUpperInvariant().Replace('-', '_').Replace('.', '_'), service, told);
        }
        return told;
    }

    private static void Tell(string name, Service service, Dictionary<string, string> told)
    {
        var ip = service.Spec.ClusterIP!;
        told[name + "_SERVICE_HOST"] = ip;
        told[name + "_SERVICE_PORT"] = Number(service.Spec.Ports[0].Port);
        foreach (var port in service.Spec.Ports)
        {
            if (port.Name is { Length: > 0 } own)
            {
                told[$"{name}_SERVICE_PORT_{own.ToUpperInvariant().Replace('-', '_')}"] =
                    Number(port.Port);
            }
            var protocol = (port.Protocol ?? "TCP").ToUpperInvariant();
            var url = $"{protocol.ToLowerInvariant()}://{ip}:{Number(port.Port)}";
            told.TryAdd(name + "_PORT", url);
            var prefix = $"{name}_PORT_{Number(port.Port)}_{protocol}";
            told[prefix] = url;
            told[prefix + "_PROTO"] = protocol.ToLowerInvariant();
            told[prefix + "_PORT"] = Number(port.Port);
            told[prefix + "_ADDR"] = ip;
        }
    }

    private static string Number(int n) => n.ToString(CultureInfo.InvariantCulture);
}
