namespace KubeSim;

/// <summary><c>kubectl create</c>: from a manifest, or from a few words.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/create/create.go.</remarks>
internal static class CreateCommand
{
    public static readonly KubectlCommand Command = new("create",
        CommandFlags.Files + CommandFlags.Writes + "validate?strict save-config! selector/l ~edit! "
        + "~raw", Run);

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
                call.Fail(e.Status);
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
        if (call.Flags.On("save-config"))
        {
            item = item with { Node = LastApplied.Annotate(item.Node) };
        }
        var output = call.Output;
        if (call.DryRunClient && call.Flags["output"] is "yaml" or "json" or "kyaml")
        {
            call.Print(call.Flags["output"] switch
            {
                "yaml" => Json.ToYaml(item.Node),
                "json" => Json.Text(item.Node),
                _ => KYaml.Write(item.Node),
            });
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
        if (output is not null)
        {
            output(call, [made ?? Json.Decode(item.Node, item.Kind)], true);
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
                () => call.Again(new(Kinds.ServiceAccount, ns.Metadata.Name, "default"))
                    is not null,
                TimeSpan.FromSeconds(10));
        }
    }
}
