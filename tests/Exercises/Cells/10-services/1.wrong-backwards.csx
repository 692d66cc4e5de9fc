// exercise: 10-services/1  (4 points)
// says: Of 1000 connections 1000 go to 10.244.1.2:8080, and 333 should
// Lines as iptables-save prints them, for the chain KUBE-SERVICES; an endpoint is "IP:PORT".
Exercise.Check("10-services/1", IEnumerable<string> (
    string ip, int port, IReadOnlyList<string> endpoints) =>
{
    var n = endpoints.Count;
    return endpoints.Select((to, i) => $"-A KUBE-SERVICES -d {ip}/32 -p tcp -m tcp --dport {port} "
        + (i == n - 1 ? "" : $"-m statistic --mode random --probability {1m / (i + 1):F11} ")
        + $"-j DNAT --to-destination {to}");
})
