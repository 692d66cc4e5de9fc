namespace KubeSim;

/// <summary><c>kubectl delete</c>. It does not wait until the objects are gone unless
/// <c>--wait</c> says so: the cluster holds still, and the deletion can be watched step by
/// step.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/delete/delete.go.</remarks>
internal static class DeleteCommand
{
    public static readonly KubectlCommand Command = new("delete", CommandFlags.Files
        + "selector/l field-selector all! all-namespaces/A! output/o force! now! grace-period "
        + "wait?true timeout cascade?background ignore-not-found! dry-run?unchanged "
        + "~interactive/i! ~raw", Run);

    /// <summary>How the flags say to delete.</summary>
    public static DeleteOptions Options(Invocation call) => new()
    {
        GracePeriodSeconds = call.Flags.On("now") ? 1
            : call.Flags.Number("grace-period") is >= 0 and var seconds ? seconds
            : call.Flags.On("force") && call.CommandPath == "kubectl delete" ? 0 : null,
        PropagationPolicy = call.Flags["cascade"] switch
        {
            "orphan" => "Orphan",
            "foreground" => "Foreground",
            null or "background" => "Background",
            var other => throw new KubectlException($"invalid cascade value ({other}). Must be "
                + "\"background\", \"foreground\", or \"orphan\""),
        },
    };

    private static void Run(Invocation call)
    {
        var flags = call.Flags;
        var options = Options(call);
        if (flags.On("now") && flags["grace-period"] is not null)
        {
            throw new KubectlException("--now and --grace-period cannot be specified together");
        }
        if (flags["output"] is { } format and not "name")
        {
            throw call.UsageError(
                $"unexpected -o output mode: {format}. We only support '-o name'");
        }
        if (flags.On("force"))
        {
            call.ErrorLine("Warning: Immediate deletion does not wait for confirmation that the "
                + "running resource has been terminated. The resource may continue to run on the "
                + "cluster indefinitely.");
        }
        var targets = ResourceArgs.Chosen(call);
        var keys = targets.SelectMany(t => t.Name.Length > 0 ? [new(t.Kind, t.Namespace, t.Name)]
            : ResourceArgs.Fetch(call, [t]).Select(o => o.Key)).ToList();
        if (keys.Count == 0 && targets.TrueForAll(t => t.Name.Length == 0) && !call.Failed)
        {
            call.Line("No resources found");
        }
        var deleted = keys.Select(key => Delete(call, key, options)).OfType<ApiObject>().ToList();
        if (flags.On("wait") && !call.Server.WaitUntil(
            () => deleted.TrueForAll(o => call.Again(o.Key)?.Metadata.Uid != o.Metadata.Uid),
            WaitCommand.Timeout(call, TimeSpan.FromHours(1))))
        {
            throw new KubectlException("timed out waiting for the condition");
        }
    }

    /// <summary>Deletes what has a key and tells so; gives the object if it has not gone at
    /// once.</summary>
    public static ApiObject? Delete(Invocation call, ObjectKey key, DeleteOptions options)
    {
        ApiObject? left = null;
        if (!call.DryRunClient)
        {
            var answer = call.Send(new(Verb.Delete, ResourcePath.Of(key))
            {
                Delete = options,
                Query = call.WriteQuery(),
            });
            if (!answer.IsSuccess)
            {
                if (!(answer.Code == 404 && call.Flags.On("ignore-not-found")))
                {
                    call.Fail(answer.Status!);
                }
                return null;
            }
            left = answer.Object;
        }
        if (call.Flags["output"] == "name")
        {
            call.Line(ShownName.Of(key.Kind, key.Name));
            return left;
        }
        var what = options.GracePeriodSeconds == 0 && call.Flags.On("force")
            ? "force deleted" : "deleted";
        var from = key.Kind.Namespaced ? $" from {key.Namespace} namespace" : "";
        call.Line($"{ShownName.Of(key.Kind)} \"{key.Name}\" {what}{from}{call.DryRunSuffix}");
        return left;
    }
}
