namespace KubeSim;

/// <summary>
/// Role-based access control. A role is a list of rules, a binding gives a role to users, groups
/// or service accounts: a ClusterRoleBinding in the whole cluster, a RoleBinding in its namespace
/// alone, whether it names a Role or a ClusterRole. Rules only ever add; what no rule allows is
/// refused.
/// <para>Worked example: jane asks to list pods in shop. Of the ClusterRoleBindings those of
/// system:authenticated apply to her, and allow discovery only. In shop the RoleBinding
/// <c>readers</c> gives her the ClusterRole <c>view</c>, which has get, list and watch on pods:
/// allowed. In any other namespace: refused.</para>
/// <para>An answer that holds for all names is remembered until a role or a binding changes: a
/// controller asks the same question again and again.</para>
/// Kubelets are answered by <see cref="NodeAuthorizer"/> first, and the group system:masters is
/// asked nothing. Models plugin/pkg/auth/authorizer/rbac and pkg/registry/rbac/validation.
/// </summary>
public sealed class RbacAuthorizer : IAuthorizer
{
    private const string Allowed = "RBAC: allowed by ";

    private readonly EtcdStore store;
    private readonly NodeAuthorizer nodes;
    private readonly Dictionary<UserInfo, Dictionary<Question, Decision>> answers = [];
    private (UserInfo? User, Dictionary<Question, Decision> Answers) last = (null, []);

    private readonly record struct Question(
        string Verb, string Group, string Resource, string Subresource, string Namespace);

    /// <summary>The authoriser over the roles and bindings of a store.</summary>
    public RbacAuthorizer(EtcdStore store) => (this.store, nodes) = (store, new(store));

    /// <inheritdoc/>
    public Decision Decide(in Access access)
    {
        var user = access.User;
        if (user.Groups.AsSpan().Contains(UserInfo.Masters))
        {
            return new(true, "system:masters may do everything");
        }
        if (user.Node is { } node)
        {
            var decision = nodes.Decide(node, access);
            return decision.Allowed ? decision : Visit(access) is { Allowed: true } bound
                ? bound : decision;
        }
        if (access.Path is not null)
        {
            return Visit(access);
        }
        var known = AnswersFor(user);
        var question = new Question(access.Verb, access.Group, access.Resource,
            access.Subresource ?? "", "");
        if (known.TryGetValue(question, out var answer))
        {
            return answer;
        }
        question = question with { Namespace = access.Namespace ?? "" };
        if (known.TryGetValue(question, out answer))
        {
            return answer;
        }
        return Answer(access, question, known);
    }

    /// <inheritdoc/>
    public void Wrote(ApiObject? old, ApiObject? now)
    {
        if ((now ?? old) is RoleObject or BindingObject)
        {
            answers.Clear();
            last = (null, []);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<PolicyRule> RulesOf(UserInfo user, string ns) =>
        BindingsOf(user, ns).SelectMany(b => RoleOf(b.Binding)?.Rules ?? default);

    // The role that a binding names; null when it is missing.
    private RoleObject? RoleOf(BindingObject binding)
    {
        var whole = binding.RoleRef.Kind == nameof(ClusterRole);
        return store.Get(new ObjectKey(whole ? Kinds.ClusterRole : Kinds.Role,
            whole ? "" : binding.Metadata.Namespace, binding.RoleRef.Name)) as RoleObject;
    }

    private Dictionary<Question, Decision> AnswersFor(UserInfo user)
    {
        if (!ReferenceEquals(last.User, user))
        {
            if (!answers.TryGetValue(user, out var known))
            {
                answers.Add(user, known = []);
            }
            last = (user, known);
        }
        return last.Answers;
    }

    // What a ClusterRoleBinding allows holds in every namespace, so it is kept under none.
    private Decision Answer(
        in Access access, in Question question, Dictionary<Question, Decision> known)
    {
        var everywhere = Visit(access with { Namespace = "", Name = "" });
        if (everywhere.Allowed)
        {
            known[question with { Namespace = "" }] = everywhere;
            return everywhere;
        }
        var anyName = Visit(access with { Name = "" });
        if (anyName.Allowed)
        {
            return known[question] = anyName;
        }
        return access.Name is { Length: > 0 } ? Visit(access) : anyName;
    }

    private Decision Visit(in Access access)
    {
        var missing = new List<string>();
        foreach (var (binding, subject) in BindingsOf(access.User, access.Namespace ?? ""))
        {
            var role = RoleOf(binding);
            foreach (var rule in role?.Rules ?? default)
            {
                if (rule.Allows(access))
                {
                    return new(true, Allowed + Described(binding, subject));
                }
            }
            if (role is null)
            {
                missing.Add($"{binding.RoleRef.Kind.ToLowerInvariant()}.rbac.authorization.k8s.io "
                    + $"\"{binding.RoleRef.Name}\" not found");
            }
        }
        var all = string.Join(", ", missing.Distinct());
        return new(false, missing.Count == 0 ? "" : missing.Count == 1 ? $"RBAC: {all}"
            : $"RBAC: [{all}]");
    }

    private IEnumerable<(BindingObject Binding, Subject Subject)> BindingsOf(
        UserInfo user, string ns)
    {
        var all = store.List(Kinds.ClusterRoleBinding, null, store.Head);
        if (ns.Length > 0)
        {
            all = all.Concat(store.List(Kinds.RoleBinding, ns, store.Head));
        }
        foreach (var binding in all.Cast<BindingObject>())
        {
            var subject = binding.Subjects
                .FirstOrDefault(s => Means(s, user, binding.Metadata.Namespace));
            if (subject is not null)
            {
                yield return (binding, subject);
            }
        }
    }

    private static bool Means(Subject subject, UserInfo user, string ns) => subject.Kind switch
    {
        "User" => subject.Name == user.Name,
        "Group" => user.Groups.AsSpan().Contains(subject.Name),
        "ServiceAccount" => user.Account is var (home, name) && name == subject.Name
            && home == (subject.Namespace is { Length: > 0 } said ? said : ns),
        _ => false,
    };

    private static string Described(BindingObject binding, Subject subject)
    {
        var meta = binding.Metadata;
        var name = meta.Namespace.Length > 0 ? $"{meta.Name}/{meta.Namespace}" : meta.Name;
        var who = subject.Kind == "ServiceAccount" ? $"{subject.Name}/{subject.Namespace}"
            : subject.Name;
        return $"{binding.Kind.Name} \"{name}\" of {binding.RoleRef.Kind} "
            + $"\"{binding.RoleRef.Name}\" to {subject.Kind} \"{who}\"";
    }
}

/// <summary>What a rule covers.</summary>
public static class PolicyRules
{
    extension(PolicyRule rule)
    {
        /// <summary>True when the rule allows what is asked.</summary>
        public bool Allows(in Access access)
        {
            if (!Has(rule.Verbs, access.Verb))
            {
                return false;
            }
            if (access.Path is { } path)
            {
                return rule.NonResourceURLs.AsSpan().ContainsPath(path);
            }
            var names = rule.ResourceNames.AsSpan();
            return Has(rule.ApiGroups, access.Group ?? "")
                && HasResource(rule.Resources, access.Resource, access.Subresource ?? "")
                && (names.IsEmpty
                    || (access.Name is { Length: > 0 } name && names.Contains(name)));
        }
    }

    private static bool Has(Seq<string> values, string wanted) =>
        values.AsSpan().Contains(wanted) || values.AsSpan().Contains("*");

    private static bool HasResource(Seq<string> resources, string resource, string sub)
    {
        var whole = sub.Length == 0 ? resource : $"{resource}/{sub}";
        return Has(resources, whole) || (sub.Length > 0 && Has(resources, $"*/{sub}"));
    }

    private static bool ContainsPath(this ReadOnlySpan<string> paths, string path)
    {
        foreach (var each in paths)
        {
            if (each == "*" || each == path || (each.EndsWith('*')
                && path.StartsWith(each.TrimEnd('*'), StringComparison.Ordinal)))
            {
                return true;
            }
        }
        return false;
    }
}
