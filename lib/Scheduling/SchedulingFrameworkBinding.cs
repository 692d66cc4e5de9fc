namespace KubeSim;

// The second half of a pod's way: a node is chosen for it, and the binding is to be made.
public sealed partial class SchedulingFramework
{
    /// <summary>How long a Permit plugin may keep a pod waiting.</summary>
    public static readonly TimeSpan LongestPermit = TimeSpan.FromMinutes(15);

    /// <summary>Sets aside what the pod needs; a failure gives it back.</summary>
    public PluginStatus Reserve(CycleState state, Pod pod, string node)
    {
        foreach (var plugin in reserves)
        {
            var status = Guarded(plugin, "Reserve", () => plugin.Reserve(state, pod, node));
            if (!status.IsSuccess)
            {
                Unreserve(state, pod, node);
                return status.By(plugin.Name);
            }
        }
        return PluginStatus.Success;
    }

    /// <summary>Whether the pod may be bound now: Success, Wait, or why not after all. Who has
    /// waited for a quarter of an hour waits no longer.</summary>
    public PluginStatus Permit(CycleState state, Pod pod, string node, TimeSpan waited)
    {
        foreach (var plugin in permits)
        {
            var status = Guarded(plugin, "Permit", () => plugin.Permit(state, pod, node));
            if (status.Code == PluginCode.Wait && waited >= LongestPermit)
            {
                return PluginStatus.Unschedulable(plugin.Name, "rejected due to timeout after "
                    + $"waiting {GoDuration.Format(LongestPermit)} at plugin {plugin.Name}");
            }
            if (!status.IsSuccess)
            {
                return status.By(plugin.Name);
            }
        }
        return PluginStatus.Success;
    }

    /// <summary>Gives back what was reserved, the last first.</summary>
    public void Unreserve(CycleState state, Pod pod, string node)
    {
        for (var i = reserves.Length - 1; i >= 0; i--)
        {
            reserves[i].Unreserve(state, pod, node);
        }
    }

    /// <summary>PreBind; Bind, by an extender where there is one for it; PostBind.</summary>
    public PluginStatus Bind(CycleState state, Pod pod, string node, ReconcileContext api)
    {
        foreach (var plugin in preBinds)
        {
            var status = Guarded(plugin, "PreBind", () => plugin.PreBind(state, pod, node, api));
            if (!status.IsSuccess && status.Code != PluginCode.Skip)
            {
                return status;
            }
        }
        foreach (var extender in Extenders.Where(e => e.Binds && e.IsInterested(pod)))
        {
            var status = extender.Bind(pod, node, api);
            if (status.IsSuccess || !extender.IsIgnorable)
            {
                return status.IsSuccess ? Bound(state, pod, node) : status;
            }
        }
        foreach (var plugin in binds)
        {
            var status = Guarded(plugin, "Bind", () => plugin.Bind(state, pod, node, api));
            if (status.Code != PluginCode.Skip)
            {
                return status.IsSuccess ? Bound(state, pod, node) : status;
            }
        }
        return PluginStatus.Of(PluginCode.Error, "", ["no Bind plugin took the pod"]);
    }

    private PluginStatus Bound(CycleState state, Pod pod, string node)
    {
        foreach (var told in postBinds)
        {
            told.PostBind(state, pod, node);
        }
        return PluginStatus.Success;
    }

    // A refusal of the API server, and whatever a plugin throws, is an answer too.
    private static PluginStatus Guarded(IPlugin plugin, string point, Func<PluginStatus> ask)
    {
        string Told(string why) => $"running {point} plugin \"{plugin.Name}\": {why}";
        try
        {
            var status = ask();
            return status.Code != PluginCode.Error ? status
                : PluginStatus.Of(PluginCode.Error, plugin.Name, [Told(status.Message)]);
        }
        catch (ApiException refused) when (refused.Status.Code == 504)
        {
            return PluginStatus.Uncertain(plugin.Name, Told(refused.Message));
        }
        catch (Exception e) when (IsFault(e))
        {
            return PluginStatus.Of(PluginCode.Error, plugin.Name, [Told(e.Message)]);
        }
    }
}
