// exercise: 10-services/1  (4 points)
// Lines as iptables-save prints them, for the chain KUBE-SERVICES; an endpoint is "IP:PORT".
Exercise.Check("10-services/1", IEnumerable<string> (
    string ip, int port, IReadOnlyList<string> endpoints) =>
{
    return Todo.Of<IEnumerable<string>>();   // YOUR CODE: -A KUBE-SERVICES -d …
})
