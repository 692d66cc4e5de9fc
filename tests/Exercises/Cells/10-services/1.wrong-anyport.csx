// exercise: 10-services/1  (4 points)
// says: is none for this Service with its 3 endpoints
// Lines as iptables-save prints them, for the chain KUBE-SERVICES; an endpoint is "IP:PORT".
Exercise.Check("10-services/1", IEnumerable<string> (
    string ip, int port, IReadOnlyList<string> endpoints) =>
{
    var n = endpoints.Count;
    return endpoints.Select((to, i) => $"-A KUBE-SERVICES -d {ip}/32 -p tcp -m tcp "
        + (i == n - 1 ? "" : $"-m statistic --mode random --probability {1m / (n - i):F11} ")
        + $"-j DNAT --to-destination {to}");
})
