namespace KubeSim;

/// <summary>Names of the cluster: how a pod's resolver asks for them.</summary>
public sealed partial class Cluster
{
    private string? Resolve(Sender sender, SendTarget target, Prng random, List<Hop> hops)
    {
        var question = new Packet
        {
            Protocol = "udp", Source = sender.Address, DestinationPort = 53,
            Destination = simulation.Options.Settings.Get(KnownFlags.ClusterDns),
            SourcePort = 32768 + random.Fork("dns").Next(28232),
        };
        void Note(string what, Verdict verdict = Verdict.Pass) =>
            hops.Add(new($"{sender.Name} DNS", what, question, question, verdict));
        if (sender.Pod is null || sender.Pod.OnHost)
        {
            Note($"{target.Host}: NXDOMAIN; only pods ask the cluster's DNS", Verdict.Drop);
            return null;
        }
        if (Find<Service>("kube-system", "kube-dns") is null)
        {
            Note("no kube-dns in kube-system: the simulator answers itself");
        }
        else if (Ask(question, sender, random, hops) is { } silence)
        {
            Note($"{target.Host}: no answer: {silence}", Verdict.Drop);
            return null;
        }
        var names = new ClusterNames(simulation.Options.Settings.Get(KnownFlags.ClusterDomain),
            Find<Service>, SlicesOf);
        foreach (var answer in names.Ask(target.Host, sender.Pod.Key.Namespace))
        {
            if (answer.Alias is { } alias)
            {
                Note($"{answer.Question}: {alias}, {answer.Why}; a name of the outside world",
                    Verdict.Drop);
                return null;
            }
            Note(answer.Addresses.IsEmpty ? $"{answer.Question}: {answer.Why}"
                : $"{answer.Question}: {string.Join(", ", answer.Addresses)}, {answer.Why}");
            if (!answer.Addresses.IsEmpty)
            {
                return answer.Addresses[random.Next(answer.Addresses.Count)];
            }
        }
        return null;
    }

    /// <summary>The way of a question to the DNS add-on, to one of its pods as any packet; null
    /// when it gets there, else what became of it. Further questions go the same way.</summary>
    private string? Ask(Packet question, Sender sender, Prng random, List<Hop> hops)
    {
        var path = NewPath(random);
        Start(path, sender, question, random);
        hops.AddRange(path.Hops);
        return path.Outcome == SendOutcome.Answered ? null
            : Say(path, new("udp", question.Destination, 53));
    }

    private IEnumerable<EndpointSlice> SlicesOf(Service service) => simulation.Store.Labelled(
        Kinds.EndpointSlice, service.Metadata.Namespace, "kubernetes.io/service-name",
        service.Metadata.Name, Revision).Cast<EndpointSlice>();
}
