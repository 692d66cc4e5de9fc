using System.Text;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>What <c>kubectl create deployment|job|configmap…</c> makes of a few words: a row of a
/// table for each, with its flags and what it fills in.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/create.</remarks>
internal static class CreateGenerators
{
    private const string Shared = CommandFlags.Writes + "validate?strict save-config! ";

    private const string Data = "from-literal from-file from-env-file ~append-hash!";

    private const string Rbac = "rbac.authorization.k8s.io";

    /// <summary>The commands.</summary>
    public static readonly Seq<KubectlCommand> Commands =
    [
        Row("deployment|deploy|dep", "image replicas/r port", Deployment),
        Row("job", "image from", Job),
        Row("cronjob|cj", "image schedule restart", static call => Item(call, Kinds.CronJob, [
            ("spec.jobTemplate.metadata.name", Name(call)),
            ("spec.jobTemplate.spec",
                JobSpec(call, Name(call), call.Flags["restart"] ?? "OnFailure")),
            ("spec.schedule", Needed(call, "schedule")), ("status", Tree.Empty)])),
        Row("configmap|cm", Data, static call => Item(call, Kinds.ConfigMap,
            [("data", Files(call, static value => value))])),
        Row("secret generic", $"type {Data}", static call =>
            Secret(call, call.Flags["type"], Files(call, Base64))),
        Row("secret tls", "cert key ~append-hash!", static call =>
            Secret(call, "kubernetes.io/tls", new()
            {
                ["tls.crt"] = Base64(Text(call, Needed(call, "cert"))),
                ["tls.key"] = Base64(Text(call, Needed(call, "key"))),
            })),
        Row("secret docker-registry",
            "docker-server docker-username docker-password docker-email ~append-hash!", Registry),
        Row("namespace|ns", "", static call => Item(call, Kinds.Namespace, [])),
        Row("serviceaccount|sa", "", static call => Item(call, Kinds.ServiceAccount, [])),
        Row("service clusterip|svc clusterip", "tcp clusterip",
            static call => Service(call, "ClusterIP")),
        Row("service nodeport|svc nodeport", "tcp node-port",
            static call => Service(call, "NodePort")),
        Row("service loadbalancer|svc loadbalancer", "tcp",
            static call => Service(call, "LoadBalancer")),
        Row("service externalname|svc externalname", "tcp external-name",
            static call => Service(call, "ExternalName")),
        Row("priorityclass|pc", "value description global-default! preemption-policy",
            static call => Item(call, Kinds.PriorityClass, [
                ("value", call.Flags.Number("value") ?? 0),
                ("globalDefault", call.Flags.On("global-default")),
                ("description", call.Flags["description"] ?? ""),
                ("preemptionPolicy", call.Flags["preemption-policy"] ?? "PreemptLowerPriority")])),
        Row("quota|resourcequota", "hard scopes", static call => Item(call, Kinds.ResourceQuota, [
            ("spec", Tree.Empty), ("status", Tree.Empty),
            ("spec.hard", call.Flags["hard"] is { } hard ? Amounts(hard) : null),
            ("spec.scopes", call.Flags["scopes"] is null ? null : Split(call, "scopes"))])),
        Row("poddisruptionbudget|pdb", "selector min-available max-unavailable", Budget),
        Row("ingress|ing", "class rule default-backend annotation", Ingress),
        Row("role", "verb resource resource-name", static call => Role(call, Kinds.Role)),
        Row("clusterrole", "verb resource resource-name non-resource-url ~aggregation-rule",
            static call => Role(call, Kinds.ClusterRole)),
        Row("rolebinding", "role clusterrole user group serviceaccount",
            static call => Binding(call, Kinds.RoleBinding)),
        Row("clusterrolebinding", "clusterrole user group serviceaccount",
            static call => Binding(call, Kinds.ClusterRoleBinding)),
        new("create token", "duration audience ~bound-object-kind ~bound-object-name output/o",
            Token),
    ];

    private static KubectlCommand Row(
        string names, string flags, Func<Invocation, ManifestItem> make)
    {
        var all = names.Split('|').Select(n => $"create {n}").ToSeq();
        return new(all[0], Shared + flags,
            call => CreateCommand.Create(call, make(call))) { Aliases = all };
    }

    /// <summary>An object of a kind with a name and what the kind adds.</summary>
    public static ManifestItem Item(Invocation call, Kind kind, string name,
        ReadOnlySpan<(string Path, object? Value)> leaves, object? labels = null)
    {
        var ns = kind.Namespaced ? call.Namespace : "";
        var node = Tree.Of(leaves);
        node["apiVersion"] = kind.ApiVersion;
        node["kind"] = kind.Name;
        node["metadata"] = Tree.Of(("name", name), ("namespace", ns.Length > 0 ? ns : null),
            ("labels", labels));
        return new(node, kind, ns, name);
    }

    private static ManifestItem Item(Invocation call, Kind kind,
        ReadOnlySpan<(string Path, object? Value)> leaves, object? labels = null) =>
        Item(call, kind, Name(call), leaves, labels);

    /// <summary>cpu=1,memory=2Gi as names and amounts.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Amounts(string text) =>
        text.Split(',').Select(pair => pair.Split('=') is [var name, var amount]
            ? KeyValuePair.Create(name, amount) : throw new KubectlException(
                $"invalid argument syntax {pair}, expected <resource>=<value>"));

    /// <summary>a=b,c=d as pairs; what has no value gets an empty one.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Pairs(IEnumerable<string> words) =>
        words.Select(w => w.Split('=', 2)).Select(
            p => KeyValuePair.Create(p[0], p.ElementAtOrDefault(1) ?? ""));

    private static string Name(Invocation call) => call.Args.Count == 1 ? call.Args[0]
        : throw call.UsageError("exactly one NAME is required, got "
            + DescribeText.Number(call.Args.Count));

    private static string Needed(Invocation call, string flag) => call.Flags[flag]
        ?? throw new KubectlException($"required flag(s) \"{flag}\" not set");

    private static string Base64(string text) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Text(Invocation call, string path) => call.File(path)
        ?? throw new KubectlException(
            $"error reading {path}: open {path}: no such file or directory");

    private static List<string> Split(Invocation call, string flag) =>
        [.. call.Flags.Words(flag).Distinct()];

    /// <summary>The name of a container after its image: registry.k8s.io/nginx:1.25 is
    /// nginx.</summary>
    private static string ContainerName(string image)
    {
        var start = image.LastIndexOf('/') + 1;
        var end = image.AsSpan(start).IndexOfAny(':', '@');
        return end < 0 ? image[start..] : image[start..(start + end)];
    }

    private static JsonObject Container(Invocation call, string name, string image) => Tree.Of(
        ("image", image), ("name", name),
        ("command", call.Flags.AfterDash is { Count: > 0 } command ? command : null),
        ("resources", Tree.Empty));

    private static ManifestItem Deployment(Invocation call)
    {
        var name = Name(call);
        Needed(call, "image");
        var containers = call.Flags.Words("image")
            .Select(image => Container(call, ContainerName(image), image)).ToArray();
        if (containers.Length > 1 && call.Flags.AfterDash is { Count: > 0 })
        {
            throw new KubectlException("cannot specify multiple --image options and command");
        }
        if (call.Flags.Number("port") is { } port)
        {
            containers[0]["ports"] = new JsonArray(Tree.Of(("containerPort", port)));
        }
        return Item(call, Kinds.Deployment, [
            ("spec.replicas", call.Flags.Number("replicas") ?? 1),
            ("spec.selector.matchLabels.app", name), ("spec.strategy", Tree.Empty),
            ("spec.template.metadata.labels.app", name),
            ("spec.template.spec.containers", containers), ("status", Tree.Empty)],
            Tree.Of(("app", name)));
    }

    private static JsonObject JobSpec(Invocation call, string name, string restart) => Tree.Of(
        ("template.metadata", Tree.Empty),
        ("template.spec.containers", (JsonNode[])[Container(call, name, Needed(call, "image"))]),
        ("template.spec.restartPolicy", restart));

    private static ManifestItem Job(Invocation call)
    {
        if (call.Flags["from"] is not { } from)
        {
            return Item(call, Kinds.Job,
                [("spec", JobSpec(call, Name(call), "Never")), ("status", Tree.Empty)]);
        }
        if (from.Split('/') is not [var word, var source]
            || !ResourceArgs.KindOf(call, word).Equals(Kinds.CronJob))
        {
            throw new KubectlException($"from must be an existing cronjob: {from}");
        }
        var template = Json.Encode(call.Get(Kinds.CronJob, call.Namespace, source))
            .At("spec", "jobTemplate");
        var item = Item(call, Kinds.Job,
            [("spec", template.At("spec")!.DeepClone()), ("status", Tree.Empty)],
            template.At("metadata", "labels")?.DeepClone());
        item.Node["metadata"]!["annotations"] =
            new JsonObject { ["cronjob.kubernetes.io/instantiate"] = "manual" };
        return item;
    }

    // Keys and values: of words, of files, of the lines of files.
    private static JsonObject Files(Invocation call, Func<string, string> encode)
    {
        var pairs = call.Flags.All("from-literal").Select(literal =>
            literal.IndexOf('=') is > 0 and var at ? (literal[..at], literal[(at + 1)..])
                : throw new KubectlException(
                    $"invalid literal source {literal}, expected key=value"))
            .Concat(call.Flags.All("from-file").Select(file =>
            {
                var path = file[(file.IndexOf('=') + 1)..];
                var key = file.Contains('=') ? file.Split('=')[0]
                    : path[(path.LastIndexOf('/') + 1)..];
                return (key, Text(call, path));
            }))
            .Concat(Pairs(call.Flags.All("from-env-file").SelectMany(
                file => Text(call, file).Split('\n').Select(line => line.Trim())
                    .Where(line => line.Length > 0 && line[0] != '#')))
                .Select(p => (p.Key, p.Value)));
        var data = new JsonObject();
        foreach (var (key, value) in pairs)
        {
            data[key] = data.ContainsKey(key) ? throw new KubectlException($"cannot add key {key}, "
                + "another key by that name already exists in Data") : encode(value);
        }
        return data;
    }

    private static ManifestItem Secret(Invocation call, string? type, JsonObject data) =>
        Item(call, Kinds.Secret, [("data", data), ("type", type)]);

    private static ManifestItem Registry(Invocation call)
    {
        var (user, password) = (Needed(call, "docker-username"), Needed(call, "docker-password"));
        var login = Tree.Of(("username", user), ("password", password),
            ("email", call.Flags["docker-email"]), ("auth", Base64($"{user}:{password}")));
        var server = call.Flags["docker-server"] ?? "https://index.docker.io/v1/";
        return Secret(call, "kubernetes.io/dockerconfigjson", new()
        {
            [".dockerconfigjson"] = Base64(Tree.Of(("auths", new JsonObject { [server] = login }))
                .ToJsonString()),
        });
    }

    private static ManifestItem Service(Invocation call, string type)
    {
        var name = Name(call);
        var ports = Split(call, "tcp").Select(pair =>
        {
            var parts = pair.Split(':');
            return Tree.Of(("name", pair.Replace(':', '-')),
                ("port", IntOrString.Parse(parts[0]).Number), ("protocol", "TCP"),
                ("targetPort", IntOrString.Parse(parts[^1])),
                ("nodePort", call.Flags.Number("node-port") is > 0 and var node ? node : null));
        }).ToList();
        if (ports.Count == 0 && type != "ExternalName" && call.Flags["clusterip"] != "None")
        {
            throw new KubectlException("at least one tcp port specifier must be provided");
        }
        return Item(call, Kinds.Service, [
            ("spec.type", type), ("spec.ports", ports.Count > 0 ? ports : null),
            ("spec.externalName", type == "ExternalName" ? Needed(call, "external-name") : null),
            ("spec.selector.app", name), ("spec.clusterIP", call.Flags["clusterip"]),
            ("status.loadBalancer", Tree.Empty)], Tree.Of(("app", name)));
    }

    private static ManifestItem Budget(Invocation call)
    {
        var (least, most) = (call.Flags["min-available"], call.Flags["max-unavailable"]);
        var selector = call.Flags["selector"]
            ?? throw new KubectlException("a selector must be specified");
        if (least is null == most is null)
        {
            throw new KubectlException(least is null
                ? "one of min-available or max-unavailable must be specified"
                : "min-available and max-unavailable cannot be both specified");
        }
        return Item(call, Kinds.PodDisruptionBudget, [
            ($"spec.{(least is null ? "maxUnavailable" : "minAvailable")}",
                IntOrString.Parse(least ?? most!)),
            ("spec.selector.matchLabels", Pairs(selector.Replace("==", "=",
                StringComparison.Ordinal).Split(','))), ("status", Tree.Empty)]);
    }

    private static ManifestItem Ingress(Invocation call)
    {
        var (rules, secrets) = (new JsonArray(), new JsonArray());
        if (call.Flags.All("rule").Count == 0 && call.Flags["default-backend"] is null)
        {
            throw new KubectlException("not enough information provided: every ingress has to "
                + "either specify a default-backend (which catches all traffic) or a list of rules "
                + "(which catch specific paths)");
        }
        foreach (var rule in call.Flags.All("rule"))
        {
            IngressRule(rule, rules, secrets);
        }
        var item = Item(call, Kinds.Ingress, [
            ("spec.ingressClassName", call.Flags["class"]),
            ("spec.defaultBackend", call.Flags["default-backend"] is { } backend ? Backend(backend,
                "default-backend should be in format servicename:serviceport") : null),
            ("spec.tls", secrets.Count > 0 ? secrets : null),
            ("spec.rules", rules.Count > 0 ? rules : null), ("status.loadBalancer", Tree.Empty)]);
        if (call.Flags.All("annotation") is { Count: > 0 } notes)
        {
            item.Node["metadata"]!["annotations"] = Tree.Node(Pairs(notes));
        }
        return item;
    }

    // host/path=service:port[,tls[=secret]]; a path that ends with * is a prefix.
    private static void IngressRule(string text, JsonArray rules, JsonArray secrets)
    {
        var problem = $"rule {text} is invalid and should be in format "
            + "host/path=svcname:svcport[,tls[=secret]]";
        var (slash, tls) = (text.IndexOf('/'), text.Split(','));
        if (slash < 0 || tls[0][slash..].Split('=') is not [var path, var service])
        {
            throw new KubectlException(problem);
        }
        var host = slash > 0 ? text[..slash] : null;
        if (rules.FirstOrDefault(r => r.TextAt("host") == (host ?? "")) is not JsonObject rule)
        {
            rule = Tree.Of(("http.paths", new JsonArray()), ("host", host));
            rules.Add(rule);
        }
        rule["http"]!["paths"]!.AsArray().Add(Tree.Of(("backend", Backend(service, problem)),
            ("path", path.TrimEnd('*')), ("pathType", path.EndsWith('*') ? "Prefix" : "Exact")));
        if (tls.Length == 2)
        {
            secrets.Add(Tree.Of(("hosts", host is null ? null : (string[])[host]),
                ("secretName", tls[1].Contains('=') ? tls[1].Split('=')[1] : null)));
        }
    }

    private static JsonObject Backend(string text, string problem)
    {
        if (text.Split(':') is not [var service, var word])
        {
            throw new KubectlException(problem);
        }
        var port = IntOrString.Parse(word);
        return Tree.Of(("service.name", service),
            ($"service.port.{(port.IsText ? "name" : "number")}", port));
    }

    private static ManifestItem Role(Invocation call, Kind kind)
    {
        var (verbs, urls) = (Split(call, "verb"), Split(call, "non-resource-url"));
        var resources = Split(call, "resource");
        if (verbs.Count == 0 || resources.Count + urls.Count == 0)
        {
            throw new KubectlException(
                $"at least one {(verbs.Count == 0 ? "verb" : "resource")} must be specified");
        }
        verbs = verbs.Contains("*") ? ["*"] : verbs;
        var names = Split(call, "resource-name");
        var rules = resources.Select(r => Resource(call, r)).GroupBy(r => r.Group)
            .OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => Tree.Of(("verbs", verbs),
                ("resources", g.Select(r => r.Name).Distinct()), ("apiGroups", (string[])[g.Key]),
                ("resourceNames", names.Count > 0 ? names : null)))
            .Concat(urls.Count > 0 ? [Tree.Of(("verbs", verbs), ("nonResourceURLs", urls))] : []);
        return Item(call, kind, [("rules", rules)]);
    }

    // pods/log, deployments.apps, or any word that names a kind.
    private static (string Group, string Name) Resource(Invocation call, string text)
    {
        var parts = text.Split('/', 2);
        var sub = parts.Length > 1 ? $"/{parts[1]}" : "";
        return parts[0] == "*" ? ("", $"*{sub}")
            : ResourceArgs.KindOf(call, parts[0]) is var kind ? (kind.Group, kind.Plural + sub)
            : default;
    }

    private static ManifestItem Binding(Invocation call, Kind kind)
    {
        var (role, wide) = (call.Flags["role"], call.Flags["clusterrole"]);
        if (role is null == wide is null)
        {
            throw new KubectlException(kind.Namespaced
                ? "exactly one of clusterrole or role must be specified"
                : "required flag(s) \"clusterrole\" not set");
        }
        JsonObject Subject(string who, string name) =>
            Tree.Of(("apiGroup", Rbac), ("kind", who), ("name", name));
        var subjects = Split(call, "user").Select(u => Subject("User", u))
            .Concat(Split(call, "group").Select(g => Subject("Group", g)))
            .Concat(Split(call, "serviceaccount").Select(a => a.Split(':') is
                [{ Length: > 0 } ns, { Length: > 0 } name]
                ? Tree.Of(("kind", "ServiceAccount"), ("name", name), ("namespace", ns))
                : throw new KubectlException("serviceaccount must be <namespace>:<name>")));
        return Item(call, kind, [
            ("roleRef.apiGroup", Rbac), ("roleRef.kind", role is null ? "ClusterRole" : "Role"),
            ("roleRef.name", role ?? wide), ("subjects", subjects)]);
    }

    private static void Token(Invocation call)
    {
        var span = TimeSpan.Zero;
        if (call.Flags["duration"] is { } text && !GoDuration.TryParse(text, out span))
        {
            throw call.UsageError($"invalid argument \"{text}\" for \"--duration\" flag: time: "
                + $"invalid duration \"{text}\"");
        }
        var made = call.Send(new(Verb.Create,
            new(Kinds.ServiceAccount, call.Namespace, Name(call), "token"))
        {
            Body = new Payload.Json(Tree.Of(("spec", Tree.Empty),
                ("spec.expirationSeconds", span > TimeSpan.Zero ? (long)span.TotalSeconds : null),
                ("spec.audiences", call.Flags["audience"] is null ? null
                    : Split(call, "audience")))),
        }).EnsureSuccess().Object!;
        if (call.Output is { } print)
        {
            print(call, [made], true);
            return;
        }
        call.Line(Json.Encode(made).TextAt("status", "token"));
    }
}
