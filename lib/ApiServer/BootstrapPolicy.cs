namespace KubeSim;

/// <summary>The roles and bindings that an API server makes when it first starts, as
/// <c>bootstrap-policy.txt</c> lists them: what the built-in components need and no more, and
/// cluster-admin, admin, edit and view for people.</summary>
/// <remarks>The roles that collect others have their rules from the start here, as the aggregation
/// controller would give them. Models plugin/pkg/auth/authorizer/rbac/bootstrappolicy.</remarks>
public static class BootstrapPolicy
{
    private const string RbacGroup = "rbac.authorization.k8s.io";
    private const string Controller = "system:controller:";

    private static readonly string[] verbs =
        ["get", "list", "watch", "create", "update", "patch", "delete", "Deletecollection"];

    /// <summary>All of them, roles first.</summary>
    public static Seq<ApiObject> Objects { get; } = Read();

    /// <summary>The account of kube-system whose role lets a controller do its work; null when no
    /// role is made for it.</summary>
    public static UserInfo? AccountOf(string controller) =>
        RulesOf(Controller + controller).IsEmpty ? null
            : UserInfo.ServiceAccount("kube-system", controller);

    internal static Seq<PolicyRule> RulesOf(string role)
    {
        foreach (var o in Objects)
        {
            if (o is ClusterRole found && found.Metadata.Name == role)
            {
                return found.Rules;
            }
        }
        return default;
    }

    private static Seq<ApiObject> Read()
    {
        using var stream =
            typeof(BootstrapPolicy).Assembly.GetManifestResourceStream("bootstrap-policy.txt")!;
        using var reader = new StreamReader(stream);
        var (roles, bindings) = (new List<ClusterRole>(), new List<ApiObject>());
        while (reader.ReadLine() is { } line)
        {
            if (line[0] == ' ')
            {
                roles[^1] = roles[^1] with { Rules = roles[^1].Rules.Add(Rule(line.Split(' '))) };
            }
            else if (line[0] != '#')
            {
                Start(line.Split(' '), roles, bindings);
            }
        }
        // From the bottom up: view goes into edit, edit into admin.
        for (var i = roles.Count - 1; i >= 0; i--)
        {
            roles[i] = Collected(roles[i], roles);
        }
        return [.. roles, .. bindings];
    }

    /// <summary>A role with the rules of the roles that it collects.</summary>
    internal static ClusterRole Collected(ClusterRole role, IEnumerable<ClusterRole> all)
    {
        if (role.AggregationRule is not { } aggregation)
        {
            return role;
        }
        var rules = new List<PolicyRule>();
        foreach (var other in all.OrderBy(r => r.Metadata.Name, StringComparer.Ordinal))
        {
            var picked = other.Metadata.Name != role.Metadata.Name
                && aggregation.ClusterRoleSelectors.Any(s => s.Matches(other.Metadata.Labels));
            rules.AddRange(picked ? other.Rules.Where(r => !rules.Contains(r)) : []);
        }
        return role with { Rules = [.. rules] };
    }

    private static void Start(
        string[] words, List<ClusterRole> roles, List<ApiObject> bindings)
    {
        var labels = Map.Of(("kubernetes.io/bootstrapping", "rbac-defaults"));
        var meta = new ObjectMeta
        {
            Name = words[0], Labels = labels,
            Annotations = Map.Of(("rbac.authorization.kubernetes.io/autoupdate", "true")),
        };
        var role = new ClusterRole { Metadata = meta };
        var subjects = words[0].StartsWith(Controller, StringComparison.Ordinal)
            ? [Subject("ServiceAccount", words[0][Controller.Length..])]
            : (Seq<Subject>?)null;
        for (var i = 1; i < words.Length; i++)
        {
            switch (words[i])
            {
                case "+":
                    role = role with
                    {
                        Metadata = meta with { Labels = labels.Set(Aggregate(words[++i]), "true") },
                    };
                    break;
                case "=":
                    var selected = Map.Of((Aggregate(words[++i]), "true"));
                    role = role with
                    {
                        AggregationRule = new()
                        {
                            ClusterRoleSelectors = [new() { MatchLabels = selected }],
                        },
                    };
                    break;
                case ">":
                    subjects = default(Seq<Subject>);
                    break;
                default:
                    var parts = words[i].Split('/');
                    subjects = subjects!.Value.Add(Subject(parts[0], parts[1]));
                    break;
            }
        }
        roles.Add(role);
        if (subjects is { } whom)
        {
            var to = new RoleRef
            {
                ApiGroup = RbacGroup, Kind = nameof(ClusterRole), Name = words[0],
            };
            bindings.Add(
                new ClusterRoleBinding { Metadata = meta, Subjects = whom, RoleRef = to });
        }
    }

    private static string Aggregate(string role) => $"{RbacGroup}/aggregate-to-{role}";

    private static Subject Subject(string kind, string name) => kind == "ServiceAccount"
        ? new() { Kind = kind, Name = name, Namespace = "kube-system" }
        : new() { Kind = kind, Name = name, ApiGroup = RbacGroup };

    private static PolicyRule Rule(string[] words) => words[2] == "url"
        ? new() { Verbs = Verbs(words[1]), NonResourceURLs = words[3].Split(',').ToSeq() }
        : new()
        {
            Verbs = Verbs(words[1]),
            ApiGroups = words[2].Split(',').Select(g => g == "core" ? "" : g).ToSeq(),
            Resources = words[3].Split(',').ToSeq(),
            ResourceNames = words.Length > 4 ? words[4].Split(',').ToSeq() : default,
        };

    private static Seq<string> Verbs(string word) =>
        word.All(letter => Array.Exists(verbs, v => v[0] == letter))
            ? word.Select(letter => Array.Find(verbs, v => v[0] == letter)!.ToLowerInvariant())
                .ToSeq()
            : word.Split(',').ToSeq();
}
