// exercise: 10-services/1  (4 points)
// says: Of 1000 connections 296 go to no endpoint
// Lines as iptables-save prints them, for the chain KUBE-SERVICES; an endpoint is "IP:PORT".
Exercise.Check("10-services/1", IEnumerable<string> (
    string ip, int port, IReadOnlyList<string> endpoints) =>
{
    var n = endpoints.Count;
    return endpoints.Select((to, i) => $"-A KUBE-SERVICES -d {ip}/32 -p tcp -m tcp --dport {port} "
        + $"-m statistic --mode random --probability {1m / n:F11} "
        + $"-j DNAT --to-destination {to}");
})
