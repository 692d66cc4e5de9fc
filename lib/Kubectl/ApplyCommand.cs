namespace KubeSim;

/// <summary><c>kubectl apply</c>: creates what is not there, and changes what is there by what has
/// changed in the manifest since the last apply.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/apply/apply.go.</remarks>
internal static class ApplyCommand
{
    public static readonly KubectlCommand Command = new("apply", CommandFlags.Files
        + CommandFlags.Writes + "validate?strict selector/l server-side! ~force! "
        + "force-conflicts! ~prune! ~prune-allowlist ~all! ~overwrite! ~wait! ~timeout "
        + "~grace-period ~cascade?background", Run);

    private const string Advice = """
        Please review the fields above--they currently have other managers. Here
        are the ways you can resolve this warning:
        * If you intend to manage all of these fields, please re-run the apply
          command with the `--force-conflicts` flag.
        * If you do not intend to manage all of the fields, please edit your
          manifest to remove references to the fields that should keep their
          current managers.
        * You may co-own fields by updating your manifest to match the existing
          value; in this case, you'll become the manager if the other manager(s)
          stop managing the field (remove it from their configuration).
        See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts
        """;

    private static void Run(Invocation call)
    {
        var (serverSide, force) = (call.Flags.On("server-side"), call.Flags.On("force-conflicts"));
        if (force && !serverSide)
        {
            throw new KubectlException("--force-conflicts only works with --server-side");
        }
        if (serverSide && call.DryRunClient)
        {
            throw new KubectlException("--dry-run=client doesn't work with --server-side (did you "
                + "mean --dry-run=server instead?)");
        }
        var shown = new List<ApiObject>();
        foreach (var item in ManifestFiles.Read(call))
        {
            try
            {
                if ((serverSide ? ByServer(call, item, force) : Apply(call, item)) is { } result)
                {
                    shown.Add(result);
                }
            }
            catch (ApiException e)
            {
                call.Fail(e.Status.Message!.StartsWith("Apply failed", StringComparison.Ordinal)
                    ? $"error: {e.Status.Message}\n{Advice}" : ServerErrors.Text(e.Status));
            }
        }
        if (shown.Count > 0)
        {
            call.Output?.Invoke(call, shown, shown.Count == 1);
        }
    }

    private static ApiObject? Apply(Invocation call, ManifestItem item)
    {
        if (item.Name.Length == 0)
        {
            throw ApiErrors.Of(0, "", "error when retrieving current configuration of: "
                + "resource name may not be empty");
        }
        var modified = LastApplied.Annotate(item.Node);
        if (call.Find(item.Kind, item.Namespace, item.Name) is not { } live)
        {
            var made = call.DryRunClient ? null : Send(call, new(Verb.Create, item.Collection)
            {
                Body = new Payload.Json(modified),
            }, $"creating \"{item.File}\"");
            CreateCommand.AwaitAccount(call, made);
            Told(call, item, "created");
            return made;
        }
        if (LastApplied.Of(live) is null)
        {
            call.ErrorLine($"Warning: resource {item.Kind.Plural}/{item.Name} is missing the "
                + $"{LastApplied.Annotation} annotation which is required by kubectl apply. "
                + "kubectl apply should only be used on resources created declaratively by either "
                + "kubectl create --save-config or kubectl apply. The missing annotation will be "
                + "patched automatically.");
        }
        if (LastApplied.Patch(modified, live, call.Kinds) is not { } patch)
        {
            Told(call, item, "unchanged");
            return live;
        }
        var after = call.DryRunClient ? live : Send(call, new(Verb.Patch, item.Path)
        {
            Body = patch,
        }, $"applying patch:\n{Json.Compact(patch.Body)}\nto:\nResource: "
            + $"\"{item.Kind.Group}/{item.Kind.Version}, Resource={item.Kind.Plural}\", "
            + $"GroupVersionKind: \"{item.Kind.Group}/{item.Kind.Version}, Kind={item.Kind.Name}\""
            + $"\nName: \"{item.Name}\", Namespace: \"{item.Namespace}\"\nfor: \"{item.File}\"");
        Told(call, item, "configured");
        return after;
    }

    // The server knows what this manager applied before, and what others own.
    private static ApiObject? ByServer(Invocation call, ManifestItem item, bool force)
    {
        var answer = call.Send(new(Verb.Patch, item.Path)
        {
            Body = new Payload.Patch(PatchKind.Apply, item.Node),
            Query = call.WriteQuery(strict: true) with
            {
                FieldManager = call.Flags["field-manager"] ?? "kubectl", Force = force,
            },
        });
        var stored = answer.IsSuccess ? answer.Object : throw new ApiException(answer.Status!);
        Told(call, item, "serverside-applied");
        return stored;
    }

    private static void Told(Invocation call, ManifestItem item, string what)
    {
        if (call.Output is null)
        {
            call.Line($"{ShownName.Of(item.Kind, item.Name)} {what}{call.DryRunSuffix}");
        }
    }

    private static ApiObject? Send(Invocation call, ApiRequest request, string doing)
    {
        var answer = call.Send(request with { Query = call.WriteQuery(strict: true) });
        return answer.IsSuccess ? answer.Object
            : throw new ApiException(answer.Status!.When(doing));
    }
}
