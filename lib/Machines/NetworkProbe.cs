using System.Globalization;

namespace KubeSim;

/// <summary>
/// What a probe over the network meets with, in the words of Go's net package: the kubelet connects
/// to the pod's address itself, from the node. Whether somebody listens there is the program's
/// affair (<see cref="ContainerServer"/>); one that nothing is known of passes.
/// <para>Worked: nginx listens on 80, and a probe of port 8080 says <c>Get
/// "http://10.244.1.2:8080/": dial tcp 10.244.1.2:8080: connect: connection refused</c>; of a path
/// that it has not, <c>HTTP probe failed with statuscode: 404</c>.</para>
/// Models pkg/probe/http, pkg/probe/tcp, pkg/probe/grpc.
/// </summary>
internal static class NetworkProbe
{
    public static ProbeAnswer Of(
        Probe probe, ContainerConfig config, string address, bool takesConnections)
    {
        var (http, tcp) = (probe.HttpGet, probe.TcpSocket);
        var port = http?.Port ?? tcp?.Port ?? new IntOrString(probe.Grpc?.Port ?? 0);
        if (NumberOf(port, config) is not { } number)
        {
            return new(false, $"strconv.Atoi: parsing \"{port.Text}\": invalid syntax")
            {
                IsUnknown = true,
            };
        }
        var at = string.Create(CultureInfo.InvariantCulture,
            $"{http?.Host ?? tcp?.Host ?? address}:{number}");
        if (takesConnections && !ContainerServer.Refuses(config, number))
        {
            var status = http is null ? 200
                : ContainerServer.StatusOf(config, "/" + http.Path?.TrimStart('/'));
            return status < 400 ? new(true) : new(false, string.Create(
                CultureInfo.InvariantCulture, $"HTTP probe failed with statuscode: {status}"))
            {
                IsAnswered = true,
            };
        }
        var refused = $"dial tcp {at}: connect: connection refused";
        return new(false, http is not null ? $"Get \"{(http.Scheme ?? "HTTP").ToLowerInvariant()}"
            + $"://{at}/{http.Path?.TrimStart('/')}\": {refused}"
            : tcp is not null ? refused : $"timeout: failed to connect service \"{at}\" within "
                + $"{GoDuration.Format(TimeSpan.FromSeconds(probe.TimeoutSeconds ?? 1))}: context "
                + "deadline exceeded");
    }

    private static int? NumberOf(IntOrString port, ContainerConfig config) =>
        port.Text is not { } name ? port.Number
        : config.Ports.FirstOrDefault(p => p.Name == name) is { } named ? named.Port
        : int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : null;
}
