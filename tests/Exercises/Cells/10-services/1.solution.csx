// why: whoever is left takes one of those that are left: 1/3, 1/2, and the last one all the rest
// exercise: 10-services/1  (4 points)
// Lines as iptables-save prints them, for the chain KUBE-SERVICES; an endpoint is "IP:PORT".
Exercise.Check("10-services/1", IEnumerable<string> (
    string ip, int port, IReadOnlyList<string> endpoints) =>
{
    var n = endpoints.Count;
    return endpoints.Select((to, i) => $"-A KUBE-SERVICES -d {ip}/32 -p tcp -m tcp --dport {port} "
        + (i == n - 1 ? "" : $"-m statistic --mode random --probability {1m / (n - i):F11} ")
        + $"-j DNAT --to-destination {to}");
})
