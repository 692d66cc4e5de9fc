namespace KubeSim;

/// <summary><c>kubectl delete</c>. It does not wait until the objects are gone unless
/// <c>--wait</c> says so: the cluster holds still, and the deletion can be watched step by
/// step.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/delete/delete.go.</remarks>
internal static class DeleteCommand
{
    public static readonly KubectlCommand Command = new("delete",
        "filename/f selector/l field-selector all! all-namespaces/A! output/o force! now! "
        + "grace-period wait?true timeout cascade?background ignore-not-found! "
        + "dry-run?unchanged recursive/R! interactive/i!", Run);

    private static void Run(Invocation call)
    {
        var flags = call.Flags;
        var fromFile = flags.All("filename").Count > 0;
        if (!fromFile && call.Args.Count == 0)
        {
            throw new KubectlException(
                "You must provide one or more resources by argument or filename.\n"
                + "Example resource specifications include:\n   '-f rsrc.yaml'\n   "
                + "'--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'");
        }
        var grace = flags.On("now") ? 1
            : flags.Number("grace-period") is >= 0 and var seconds ? seconds
            : flags.On("force") ? 0 : (int?)null;
        if (flags.On("force"))
        {
            call.ErrorLine("Warning: Immediate deletion does not wait for confirmation that the "
                + "running resource has been terminated. The resource may continue to run on the "
                + "cluster indefinitely.");
        }
        var targets = fromFile ? ManifestFiles.Targets(call)
            : ResourceArgs.Read(call, call.Args);
        if (targets.Any(t => t.Name.Length == 0) && flags["selector"] is null
            && flags["field-selector"] is null && !flags.On("all"))
        {
            throw new KubectlException("resource(s) were provided, but no name was specified");
        }
        var keys = targets.SelectMany(t => t.Name.Length > 0 ? [new(t.Kind, t.Namespace, t.Name)]
            : ResourceArgs.Fetch(call, [t]).Select(o => o.Key)).ToList();
        if (keys.Count == 0 && targets.TrueForAll(t => t.Name.Length == 0) && !call.Failed)
        {
            call.Line("No resources found");
        }
        var options = new DeleteOptions
        {
            GracePeriodSeconds = grace,
            PropagationPolicy = flags["cascade"] switch
            {
                "orphan" or "false" => "Orphan",
                "foreground" => "Foreground",
                _ => "Background",
            },
        };
        var deleted = keys.Select(key => Delete(call, key, options)).OfType<ApiObject>().ToList();
        if (flags.On("wait") && !call.Server.WaitUntil(
            () => deleted.TrueForAll(o => call.Server.Send(
                new(Verb.Get, ResourcePath.Of(o.Key))).Object?.Metadata.Uid != o.Metadata.Uid),
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
                    call.Fail(ServerErrors.Text(answer.Status!));
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
