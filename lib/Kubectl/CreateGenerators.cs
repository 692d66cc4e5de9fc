using System.Text;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>What <c>kubectl create deployment|job|configmap…</c> makes of a few words: a row of a
/// table for each, with its flags and what it fills in.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/create.</remarks>
internal static class CreateGenerators
{
    private const string Shared =
        "output/o dry-run?unchanged validate?strict save-config! field-manager ";

    private const string Data = "from-literal from-file from-env-file append-hash!";

    /// <summary>The commands.</summary>
    public static readonly Seq<KubectlCommand> Commands =
    [
        Row("deployment|deploy|dep", "image replicas/r port", Deployment),
        Row("job", "image from", Job),
        Row("cronjob|cj", "image schedule restart", CronJob),
        Row("configmap|cm", Data, static call => Item(call, Kinds.ConfigMap,
            new() { ["data"] = Files(call, static value => value) })),
        Row("secret generic", $"type {Data}", static call =>
            Secret(call, call.Flags["type"], Files(call, Base64))),
        Row("secret tls", "cert key append-hash!", static call =>
            Secret(call, "kubernetes.io/tls", new()
            {
                ["tls.crt"] = Base64(Text(call, Needed(call, "cert"))),
                ["tls.key"] = Base64(Text(call, Needed(call, "key"))),
            })),
        Row("secret docker-registry",
            "docker-server docker-username docker-password docker-email append-hash!", Registry),
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
            PriorityClass),
        Row("quota|resourcequota", "hard scopes", Quota),
        Row("poddisruptionbudget|pdb", "selector min-available max-unavailable", Budget),
        Row("ingress|ing", "class rule default-backend annotation", Ingress),
        Row("role", "verb resource resource-name", static call => Role(call, Kinds.Role)),
        Row("clusterrole", "verb resource resource-name non-resource-url",
            static call => Role(call, Kinds.ClusterRole)),
        Row("rolebinding", "role clusterrole user group serviceaccount",
            static call => Binding(call, Kinds.RoleBinding)),
        Row("clusterrolebinding", "clusterrole user group serviceaccount",
            static call => Binding(call, Kinds.ClusterRoleBinding)),
        new("create token", "duration", Token),
    ];

    private static KubectlCommand Row(
        string names, string flags, Func<Invocation, ManifestItem> make)
    {
        var all = names.Split('|').Select(n => $"create {n}").ToSeq();
        return new(all[0], Shared + flags,
            call => CreateCommand.Create(call, make(call))) { Aliases = all };
    }

    /// <summary>An object of a kind with a name and what the kind adds.</summary>
    public static ManifestItem Item(
        Invocation call, Kind kind, string name, JsonObject rest, JsonObject? labels = null)
    {
        var meta = new JsonObject { ["name"] = name };
        var ns = kind.Namespaced ? call.Namespace : "";
        if (ns.Length > 0)
        {
            meta["namespace"] = ns;
        }
        if (labels is not null)
        {
            meta["labels"] = labels;
        }
        rest["apiVersion"] = kind.ApiVersion;
        rest["kind"] = kind.Name;
        rest["metadata"] = meta;
        return new(rest, kind, ns, name);
    }

    /// <summary>Words as a JSON list.</summary>
    public static JsonArray Words(IEnumerable<string> words) =>
        [.. words.Select(w => (JsonNode)w)];

    /// <summary>cpu=1,memory=2Gi as names and amounts.</summary>
    public static IEnumerable<(string Name, string Amount)> Amounts(string text) =>
        text.Split(',').Select(pair => pair.Split('=') is [var name, var amount]
            ? (name, amount) : throw new KubectlException(
                $"invalid argument syntax {pair}, expected <resource>=<value>"));

    private static ManifestItem Item(
        Invocation call, Kind kind, JsonObject rest, JsonObject? labels = null) =>
        Item(call, kind, Name(call), rest, labels);

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
        [.. call.Flags.All(flag).SelectMany(v => v.Split(',')).Distinct()];

    /// <summary>The name of a container after its image: registry.k8s.io/nginx:1.25 is
    /// nginx.</summary>
    private static string ContainerName(string image)
    {
        var start = image.LastIndexOf('/') + 1;
        var end = image.AsSpan(start).IndexOfAny(':', '@');
        return end < 0 ? image[start..] : image[start..(start + end)];
    }

    private static JsonObject Container(Invocation call, string name, string image)
    {
        var container = new JsonObject { ["image"] = image, ["name"] = name };
        if (call.Flags.AfterDash is { Count: > 0 } command)
        {
            container["command"] = Words(command);
        }
        container["resources"] = new JsonObject();
        return container;
    }

    private static ManifestItem Deployment(Invocation call)
    {
        var name = Name(call);
        JsonObject Labels() => new() { ["app"] = name };
        Needed(call, "image");
        var containers = call.Flags.All("image").SelectMany(v => v.Split(','))
            .Select(image => Container(call, ContainerName(image), image)).ToArray();
        if (containers.Length > 1 && call.Flags.AfterDash is { Count: > 0 })
        {
            throw new KubectlException("cannot specify multiple --image options and command");
        }
        if (call.Flags.Number("port") is { } port)
        {
            containers[0]["ports"] = new JsonArray(new JsonObject { ["containerPort"] = port });
        }
        return Item(call, Kinds.Deployment, new()
        {
            ["spec"] = new JsonObject
            {
                ["replicas"] = call.Flags.Number("replicas") ?? 1,
                ["selector"] = new JsonObject { ["matchLabels"] = Labels() },
                ["strategy"] = new JsonObject(),
                ["template"] = new JsonObject
                {
                    ["metadata"] = new JsonObject { ["labels"] = Labels() },
                    ["spec"] = new JsonObject { ["containers"] = new JsonArray(containers) },
                },
            },
            ["status"] = new JsonObject(),
        }, Labels());
    }

    private static JsonObject JobSpec(Invocation call, string name, string restart) => new()
    {
        ["template"] = new JsonObject
        {
            ["metadata"] = new JsonObject(),
            ["spec"] = new JsonObject
            {
                ["containers"] = new JsonArray(
                    Container(call, name, Needed(call, "image"))),
                ["restartPolicy"] = restart,
            },
        },
    };

    private static ManifestItem Job(Invocation call)
    {
        if (call.Flags["from"] is not { } from)
        {
            return Item(call, Kinds.Job, new()
            {
                ["spec"] = JobSpec(call, Name(call), "Never"),
                ["status"] = new JsonObject(),
            });
        }
        if (from.Split('/') is not [var word, var source]
            || !ResourceArgs.KindOf(call, word).Equals(Kinds.CronJob))
        {
            throw new KubectlException($"from must be an existing cronjob: {from}");
        }
        var cron = call.Find(Kinds.CronJob, call.Namespace, source)
            ?? throw ApiErrors.NotFound(Kinds.CronJob, source);
        var template = Json.Encode(cron).At("spec", "jobTemplate");
        var item = Item(call, Kinds.Job, new()
        {
            ["spec"] = template.At("spec")!.DeepClone(),
            ["status"] = new JsonObject(),
        }, template.At("metadata", "labels")?.DeepClone() as JsonObject);
        item.Node["metadata"]!["annotations"] =
            new JsonObject { ["cronjob.kubernetes.io/instantiate"] = "manual" };
        return item;
    }

    private static ManifestItem CronJob(Invocation call) => Item(call, Kinds.CronJob, new()
    {
        ["spec"] = new JsonObject
        {
            ["jobTemplate"] = new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = Name(call) },
                ["spec"] = JobSpec(call, Name(call), call.Flags["restart"] ?? "OnFailure"),
            },
            ["schedule"] = Needed(call, "schedule"),
        },
        ["status"] = new JsonObject(),
    });

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
            .Concat(call.Flags.All("from-env-file").SelectMany(file => Text(call, file).Split('\n')
                .Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#')
                .Select(line => line.Split('=', 2))
                .Select(pair => (pair[0], pair.ElementAtOrDefault(1) ?? ""))));
        var data = new JsonObject();
        foreach (var (key, value) in pairs)
        {
            data[key] = data.ContainsKey(key) ? throw new KubectlException($"cannot add key {key}, "
                + "another key by that name already exists in Data") : encode(value);
        }
        return data;
    }

    private static ManifestItem Secret(Invocation call, string? type, JsonObject data)
    {
        var node = new JsonObject { ["data"] = data };
        if (type is not null)
        {
            node["type"] = type;
        }
        return Item(call, Kinds.Secret, node);
    }

    private static ManifestItem Registry(Invocation call)
    {
        var (user, password) = (Needed(call, "docker-username"), Needed(call, "docker-password"));
        var login = new JsonObject { ["username"] = user, ["password"] = password };
        if (call.Flags["docker-email"] is { } email)
        {
            login["email"] = email;
        }
        login["auth"] = Base64($"{user}:{password}");
        var server = call.Flags["docker-server"] ?? "https://index.docker.io/v1/";
        return Secret(call, "kubernetes.io/dockerconfigjson", new()
        {
            [".dockerconfigjson"] = Base64(new JsonObject
            {
                ["auths"] = new JsonObject { [server] = login },
            }.ToJsonString()),
        });
    }

    private static ManifestItem PriorityClass(Invocation call) =>
        Item(call, Kinds.PriorityClass, new()
        {
            ["value"] = call.Flags.Number("value") ?? 0,
            ["globalDefault"] = call.Flags.On("global-default"),
            ["description"] = call.Flags["description"] ?? "",
            ["preemptionPolicy"] = call.Flags["preemption-policy"] ?? "PreemptLowerPriority",
        });

    private static ManifestItem Service(Invocation call, string type)
    {
        var name = Name(call);
        var ports = Split(call, "tcp").Select(pair =>
        {
            var parts = pair.Split(':');
            var target = IntOrString.Parse(parts[^1]);
            var port = new JsonObject
            {
                ["name"] = pair.Replace(':', '-'),
                ["port"] = IntOrString.Parse(parts[0]).Number,
                ["protocol"] = "TCP",
                ["targetPort"] = target.IsText
                    ? JsonValue.Create(target.Text) : JsonValue.Create(target.Number),
            };
            if (call.Flags.Number("node-port") is > 0 and var node)
            {
                port["nodePort"] = node;
            }
            return (JsonNode)port;
        }).ToArray();
        if (ports.Length == 0 && type != "ExternalName" && call.Flags["clusterip"] != "None")
        {
            throw new KubectlException("at least one tcp port specifier must be provided");
        }
        var spec = new JsonObject { ["type"] = type };
        if (ports.Length > 0)
        {
            spec["ports"] = new JsonArray(ports);
        }
        if (type == "ExternalName")
        {
            spec["externalName"] = Needed(call, "external-name");
        }
        spec["selector"] = new JsonObject { ["app"] = name };
        if (call.Flags["clusterip"] is { } ip)
        {
            spec["clusterIP"] = ip;
        }
        return Item(call, Kinds.Service, new()
        {
            ["spec"] = spec, ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() },
        }, new() { ["app"] = name });
    }

    private static ManifestItem Quota(Invocation call)
    {
        var spec = new JsonObject();
        if (call.Flags["hard"] is { } hard)
        {
            spec["hard"] = new JsonObject(Amounts(hard)
                .Select(a => KeyValuePair.Create(a.Name, (JsonNode?)a.Amount)));
        }
        if (call.Flags["scopes"] is not null)
        {
            spec["scopes"] = Words(Split(call, "scopes"));
        }
        return Item(call, Kinds.ResourceQuota, new()
        {
            ["spec"] = spec, ["status"] = new JsonObject(),
        });
    }

    private static ManifestItem Budget(Invocation call)
    {
        var (least, most) = (call.Flags["min-available"], call.Flags["max-unavailable"]);
        var selector = call.Flags["selector"]
            ?? throw new KubectlException("a selector must be specified");
        if ((least ?? most) is not { } bound)
        {
            throw new KubectlException(
                "one of min-available or max-unavailable must be specified");
        }
        if (least is not null && most is not null)
        {
            throw new KubectlException(
                "min-available and max-unavailable cannot be both specified");
        }
        var value = IntOrString.Parse(bound);
        return Item(call, Kinds.PodDisruptionBudget, new()
        {
            ["spec"] = new JsonObject
            {
                [least is null ? "maxUnavailable" : "minAvailable"] = value.IsText
                    ? JsonValue.Create(value.Text) : JsonValue.Create(value.Number),
                ["selector"] = System.Text.Json.JsonSerializer.SerializeToNode(
                    Selecting(selector), Json.Options),
            },
            ["status"] = new JsonObject(),
        });
    }

    private static LabelSelector Selecting(string text) => new()
    {
        MatchLabels = text.Split(',').Select(p => p.Split('=', 2)).Select(p =>
            KeyValuePair.Create(p[0], (p.ElementAtOrDefault(1) ?? "").TrimStart('='))).ToMap(),
    };

    private static ManifestItem Ingress(Invocation call)
    {
        var (spec, rules) = (new JsonObject(), new JsonArray());
        if (call.Flags.All("rule").Count == 0 && call.Flags["default-backend"] is null)
        {
            throw new KubectlException("not enough information provided: every ingress has to "
                + "either specify a default-backend (which catches all traffic) or a list of rules "
                + "(which catch specific paths)");
        }
        if (call.Flags["class"] is { } name)
        {
            spec["ingressClassName"] = name;
        }
        if (call.Flags["default-backend"] is { } backend)
        {
            spec["defaultBackend"] = Backend(backend, "default-backend should be in format "
                + "servicename:serviceport");
        }
        var secrets = new JsonArray();
        foreach (var rule in call.Flags.All("rule"))
        {
            IngressRule(rule, rules, secrets);
        }
        if (secrets.Count > 0)
        {
            spec["tls"] = secrets;
        }
        if (rules.Count > 0)
        {
            spec["rules"] = rules;
        }
        var item = Item(call, Kinds.Ingress, new()
        {
            ["spec"] = spec, ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() },
        });
        if (call.Flags.All("annotation") is { Count: > 0 } notes)
        {
            item.Node["metadata"]!["annotations"] = new JsonObject(notes
                .Select(n => n.Split('=', 2)).Select(n =>
                    KeyValuePair.Create(n[0], (JsonNode?)(n.ElementAtOrDefault(1) ?? ""))));
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
        var host = text[..slash];
        var rule = rules.FirstOrDefault(r => r.TextAt("host") == host) as JsonObject;
        if (rule is null)
        {
            rule = new() { ["http"] = new JsonObject { ["paths"] = new JsonArray() } };
            if (host.Length > 0)
            {
                rule["host"] = host;
            }
            rules.Add(rule);
        }
        rule["http"]!["paths"]!.AsArray().Add(new JsonObject
        {
            ["backend"] = Backend(service, problem),
            ["path"] = path.TrimEnd('*'),
            ["pathType"] = path.EndsWith('*') ? "Prefix" : "Exact",
        });
        if (tls.Length == 2)
        {
            var secret = new JsonObject();
            if (host.Length > 0)
            {
                secret["hosts"] = Words([host]);
            }
            if (tls[1].Contains('='))
            {
                secret["secretName"] = tls[1].Split('=')[1];
            }
            secrets.Add(secret);
        }
    }

    private static JsonObject Backend(string text, string problem)
    {
        if (text.Split(':') is not [var service, var word])
        {
            throw new KubectlException(problem);
        }
        var port = IntOrString.Parse(word);
        return new()
        {
            ["service"] = new JsonObject
            {
                ["name"] = service,
                ["port"] = port.IsText ? new JsonObject { ["name"] = port.Text }
                    : new JsonObject { ["number"] = port.Number },
            },
        };
    }

    private static ManifestItem Role(Invocation call, Kind kind)
    {
        var (verbs, urls) = (Split(call, "verb"), Split(call, "non-resource-url"));
        var resources = Split(call, "resource");
        if (verbs.Count == 0)
        {
            throw new KubectlException("at least one verb must be specified");
        }
        if (resources.Count + urls.Count == 0)
        {
            throw new KubectlException("at least one resource must be specified");
        }
        JsonObject Rule(string field, IEnumerable<string> words) => new()
        {
            ["verbs"] = Words(verbs.Contains("*") ? ["*"] : verbs), [field] = Words(words),
        };
        var rules = resources.Select(r => Resource(call, r)).GroupBy(r => r.Group)
            .OrderBy(g => g.Key, StringComparer.Ordinal).Select(g =>
            {
                var rule = Rule("resources", g.Select(r => r.Name).Distinct());
                rule["apiGroups"] = Words([g.Key]);
                if (call.Flags.All("resource-name") is { Count: > 0 } names)
                {
                    rule["resourceNames"] = Words(names.Distinct());
                }
                return (JsonNode)rule;
            }).Concat(urls.Count > 0 ? [Rule("nonResourceURLs", urls)] : []);
        return Item(call, kind, new() { ["rules"] = new JsonArray([.. rules]) });
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
        const string Group = "rbac.authorization.k8s.io";
        JsonNode Subject(string who, string name) => new JsonObject
        {
            ["apiGroup"] = Group, ["kind"] = who, ["name"] = name,
        };
        var subjects = Split(call, "user").Select(u => Subject("User", u))
            .Concat(Split(call, "group").Select(g => Subject("Group", g)))
            .Concat(Split(call, "serviceaccount").Select(a => a.Split(':') is
                [{ Length: > 0 } ns, { Length: > 0 } name]
                ? new JsonObject
                {
                    ["kind"] = "ServiceAccount", ["name"] = name, ["namespace"] = ns,
                } : throw new KubectlException(
                    "serviceaccount must be <namespace>:<name>")));
        return Item(call, kind, new()
        {
            ["roleRef"] = new JsonObject
            {
                ["apiGroup"] = Group,
                ["kind"] = role is null ? "ClusterRole" : "Role",
                ["name"] = role ?? wide,
            },
            ["subjects"] = new JsonArray([.. subjects]),
        });
    }

    private static void Token(Invocation call)
    {
        var spec = new JsonObject();
        if (call.Flags["duration"] is { } text)
        {
            spec["expirationSeconds"] = GoDuration.TryParse(text, out var span)
                ? (long)span.TotalSeconds : throw new KubectlException(
                    $"invalid argument \"{text}\" for \"--duration\" flag");
        }
        var made = call.Send(new(Verb.Create,
            new(Kinds.ServiceAccount, call.Namespace, Name(call), "token"))
        {
            Body = new Payload.Json(new JsonObject { ["spec"] = spec }),
        }).EnsureSuccess().Object!;
        call.Line(Json.Encode(made).TextAt("status", "token"));
    }
}
