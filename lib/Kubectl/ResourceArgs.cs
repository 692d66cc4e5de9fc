namespace KubeSim;

/// <summary>What the arguments of a command name: an object, or with an empty name all objects of a
/// kind.</summary>
internal readonly record struct ResourceTarget(Kind Kind, string Namespace, string Name);

/// <summary>Reads arguments as most commands take them: <c>pods</c>, <c>pods,svc</c>, <c>all</c>,
/// <c>pod a b</c>, <c>pod/a svc/b</c>.</summary>
/// <remarks>Models staging/src/k8s.io/cli-runtime/pkg/resource/builder.go.</remarks>
internal static class ResourceArgs
{
    /// <summary>The targets, in order.</summary>
    public static List<ResourceTarget> Read(Invocation call, IReadOnlyList<string> args)
    {
        if (!args.Any(a => a.Contains('/')))
        {
            return Typed(call, args);
        }
        var targets = new List<ResourceTarget>();
        foreach (var arg in args)
        {
            var parts = arg.Split('/');
            if (parts.Length == 1)
            {
                throw new KubectlException("there is no need to specify a resource type as a "
                    + "separate argument when passing arguments in resource/name form (e.g. "
                    + "'kubectl get resource/<resource_name>' instead of 'kubectl get resource "
                    + "resource/<resource_name>'");
            }
            if (parts.Length > 2)
            {
                throw new KubectlException(
                    "arguments in resource/name form may not have more than one slash");
            }
            if (parts[0].Length == 0 || parts[1].Length == 0)
            {
                throw new KubectlException("arguments in resource/name form must have a single "
                    + "resource and name");
            }
            RefuseAllNamespaces(call);
            targets.Add(Target(call, KindOf(call, parts[0]), parts[1]));
        }
        return targets;
    }

    /// <summary>The one kind of a word.</summary>
    public static Kind KindOf(Invocation call, string word) => call.Kinds.FindWord(word)
        ?? throw new KubectlException($"the server doesn't have a resource type \"{word}\"");

    /// <summary>The targets of <c>-f</c>, or of the words.</summary>
    public static List<ResourceTarget> Targets(
        Invocation call, IReadOnlyList<string>? args = null) =>
        call.Flags.All("filename").Count > 0 ? ManifestFiles.Targets(call)
        : (args ?? call.Args) is { Count: > 0 } words ? Read(call, words)
        : throw new KubectlException("You must provide one or more resources by argument or "
            + "filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   "
            + "'--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'");

    /// <summary>The targets of a command that changes objects: they must be named, or chosen by a
    /// selector or <c>--all</c>.</summary>
    public static List<ResourceTarget> Chosen(
        Invocation call, IReadOnlyList<string>? args = null)
    {
        var targets = Targets(call, args);
        return targets.TrueForAll(t => t.Name.Length > 0) || call.Selector is not null
            || call.Flags["field-selector"] is not null || call.Flags.On("all") ? targets
            : throw new KubectlException("resource(s) were provided, but no name was specified");
    }

    /// <summary>The objects of a command that changes objects.</summary>
    public static List<ApiObject> ReadObjects(
        Invocation call, IReadOnlyList<string>? args = null) => Fetch(call, Chosen(call, args));

    /// <summary>The objects of targets; a refusal is told, and the command goes on.</summary>
    public static List<ApiObject> Fetch(Invocation call, List<ResourceTarget> targets)
    {
        var found = new List<ApiObject>();
        var chunk = Math.Max(call.Flags.Number("chunk-size") ?? 0, 0);
        foreach (var target in targets)
        {
            var request = Request(call, target);
            for (var next = ""; next is not null;)
            {
                var answer = call.Send(request with
                {
                    Query = request.Query with { Limit = chunk, Continue = next },
                });
                next = answer.List?.Continue is { Length: > 0 } more ? more : null;
                if (answer.IsSuccess)
                {
                    found.AddRange(answer.Items ?? [answer.Object!]);
                }
                else if (!(answer.Code == 404 && call.Flags.On("ignore-not-found")))
                {
                    call.Fail(answer.Status!);
                }
            }
        }
        return found;
    }

    private static List<ResourceTarget> Typed(Invocation call, IReadOnlyList<string> args)
    {
        var kinds = args[0].Split(',').SelectMany(word => Expand(call, word)).Distinct().ToList();
        var names = args.Skip(1).ToList();
        if (names.Count == 0)
        {
            return [.. kinds.Select(kind => Target(call, kind, ""))];
        }
        if (call.Selector is not null)
        {
            throw new KubectlException("name cannot be provided when a selector is specified");
        }
        RefuseAllNamespaces(call);
        return [.. kinds.SelectMany(kind => names.Select(name => Target(call, kind, name)))];
    }

    private static IEnumerable<Kind> Expand(Invocation call, string word)
    {
        var category = call.Kinds.InCategory(word);
        return category.IsEmpty ? [KindOf(call, word)]
            : category.OrderBy(k => k.Group, StringComparer.Ordinal)
                .ThenBy(k => k.Plural, StringComparer.Ordinal);
    }

    private static ResourceTarget Target(Invocation call, Kind kind, string name) =>
        new(kind, kind.Namespaced && !call.AllNamespaces ? call.Namespace : "", name);

    private static void RefuseAllNamespaces(Invocation call)
    {
        if (call.AllNamespaces)
        {
            throw new KubectlException(
                "a resource cannot be retrieved by name across all namespaces");
        }
    }

    /// <summary>The request that reads a target.</summary>
    public static ApiRequest Request(Invocation call, ResourceTarget target) =>
        target.Name.Length > 0
            ? new(Verb.Get, new(target.Kind, target.Namespace, target.Name))
            : new(Verb.List, new(target.Kind, target.Namespace, ""))
            {
                Query = new()
                {
                    LabelSelector = call.Selector,
                    FieldSelector = call.Flags["field-selector"],
                },
            };
}
