namespace KubeSim;

/// <summary><c>kubectl create</c>: from a manifest, or from a few words.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/create/create.go.</remarks>
internal static class CreateCommand
{
    public static readonly KubectlCommand Command = new("create",
        "filename/f output/o dry-run?unchanged validate?strict save-config! field-manager "
        + "recursive/R!", Run);

    private static void Run(Invocation call)
    {
        if (call.Flags.All("filename").Count == 0 && call.Args.Count > 0)
        {
            throw call.UsageError($"Unexpected args: [{string.Join(' ', call.Args)}]");
        }
        foreach (var item in ManifestFiles.Read(call))
        {
            try
            {
                Create(call, item);
            }
            catch (ApiException e)
            {
                call.Fail(ServerErrors.Text(e.Status));
            }
        }
    }

    /// <summary>Creates an object and tells so, or shows what would be created.</summary>
    /// <param name="call">The command.</param>
    /// <param name="item">The object.</param>
    /// <param name="done">What was done, in a word.</param>
    /// <param name="verb">Update for a replacement.</param>
    public static void Create(
        Invocation call, ManifestItem item, string done = "created", Verb verb = Verb.Create)
    {
        var format = OutputFormat.Parse(call);
        if (call.Flags.On("save-config"))
        {
            item = item with { Node = LastApplied.Annotate(item.Node) };
        }
        if (call.DryRunClient && call.Flags["output"] is "yaml" or "json")
        {
            call.Print(call.Flags["output"] == "yaml"
                ? Json.ToYaml(item.Node) : Json.Text(item.Node));
            return;
        }
        ApiObject? made = null;
        if (!call.DryRunClient)
        {
            var answer = call.Send(
                new(verb, verb == Verb.Update ? item.Path : item.Collection)
            {
                Body = new Payload.Json(item.Node),
                Query = call.WriteQuery(strict: true),
            });
            // What comes from a file is told with its name.
            made = answer.IsSuccess ? answer.Object! : throw new ApiException(
                item.File.Length == 0 ? answer.Status! : answer.Status!.When(
                    $"{(verb == Verb.Update ? "replacing" : "creating")} \"{item.File}\""));
            AwaitAccount(call, made);
        }
        if (format is not null)
        {
            format(call, [made ?? Json.Decode(item.Node, item.Kind)], true);
            return;
        }
        var name = made?.Metadata.Name ?? item.Name;
        call.Line($"{ShownName.Of(item.Kind, name)} {done}{call.DryRunSuffix}");
    }

    /// <summary>Pods of a new namespace need its account, which a controller makes: the real
    /// server waits for it inside the request.</summary>
    public static void AwaitAccount(Invocation call, ApiObject? made)
    {
        if (made is Namespace ns && !call.DryRunServer)
        {
            call.Server.WaitUntil(
                () => call.Server.Send(new(Verb.Get,
                    new(Kinds.ServiceAccount, ns.Metadata.Name, "default"))).IsSuccess,
                TimeSpan.FromSeconds(10));
        }
    }
}
