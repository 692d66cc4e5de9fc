namespace KubeSim;

// Where the extenders have their say: after the filters, and after the scores.
public sealed partial class SchedulingCycle
{
    private readonly List<(Extender By, Map<long> Scores)> rated = [];

    // One after the other, each about the nodes that the one before it has left.
    private void PassExtenders(CycleState state, NodeInfo[] all)
    {
        foreach (var extender in framework.Extenders)
        {
            if (feasible.Count == 0 || !extender.Filters || !extender.IsInterested(state.Pod))
            {
                continue;
            }
            NodeInfo[] nodes = [.. feasible];
            try
            {
                var answer = extender.Filter(state.Pod, nodes.Select(n => n.Node!).ToSeq());
                feasible.Begin(all);
                foreach (var node in nodes)
                {
                    Take(node, answer);
                }
            }
            catch (PluginFailedException) when (extender.IsIgnorable)
            {
                // It goes without.
            }
        }
    }

    private void Take(NodeInfo node, ExtenderFilterResult answer)
    {
        if (answer.NodeNames.AsSpan().Contains(node.Name))
        {
            feasible.Add(node.Place);
            return;
        }
        var hopeless = answer.FailedAndUnresolvableNodes.Get(node.Name);
        var why = hopeless ?? answer.FailedNodes.Get(node.Name);
        Diagnosis.Rejected.Add((node, PluginStatus.Of(hopeless is null && why is not null
            ? PluginCode.Unschedulable : PluginCode.UnschedulableAndUnresolvable,
            Extender.Rejector, why is null ? [] : [why])));
    }

    private void AskExtenders(CycleState state, Span<long> sums)
    {
        foreach (var extender in framework.Extenders)
        {
            if (!extender.Prioritizes || !extender.IsInterested(state.Pod))
            {
                continue;
            }
            Map<long> scores = default;
            try
            {
                scores = extender.Prioritize(
                    state.Pod, feasible.Select(n => n.Node!).ToSeq());
            }
            catch (PluginFailedException)
            {
                // The others decide.
            }
            rated.Add((extender, scores));
            for (var i = 0; i < sums.Length; i++)
            {
                sums[i] += scores.TryGetValue(feasible[i].Name, out var score)
                    ? score * extender.Weight : 0;
            }
        }
    }
}
