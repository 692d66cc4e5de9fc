namespace KubeSim;

/// <summary>Nobody may give away what they do not have: who writes a role must hold all its rules,
/// or may <c>escalate</c> it; who writes a binding must hold all rules of its role, or may
/// <c>bind</c> it.</summary>
/// <remarks>Upstream this is part of storing roles and bindings. Models
/// pkg/registry/rbac/{role,rolebinding}/policybased and pkg/registry/rbac/validation.</remarks>
internal sealed class EscalationCheck(Func<IAuthorizer> authorizer) : IAdmission
{
    public string Name => "rbac/policybased";

    public Status? Validate(in AdmissionRequest request, ApiObject? value)
    {
        var user = request.Request.User;
        if (value is not (RoleObject or BindingObject)
            || user.Groups.AsSpan().Contains(UserInfo.Masters))
        {
            return null;
        }
        var (ns, store) = (value.Metadata.Namespace, request.Store);
        var (kind, name, verb) = value is BindingObject { RoleRef: var to }
            ? (to.Kind == nameof(ClusterRole) ? Kinds.ClusterRole : Kinds.Role, to.Name, "bind")
            : (value.Kind, value.Metadata.Name, "escalate");
        var access = Access.Of(user, verb, kind, ns, name);
        if (authorizer().Decide(access).Allowed)
        {
            return null;
        }
        var role = value as RoleObject ?? store.Get(
            new ObjectKey(kind, kind.Namespaced ? ns : "", name)) as RoleObject;
        if (role is null)
        {
            return ApiErrors.NotFound(kind, name).Status;
        }
        var held = authorizer().RulesOf(user, ns).ToList();
        var missing = role.Rules.SelectMany(Atoms).Where(a => !Covered(a, held, user))
            .GroupBy(a => a with { Verbs = default })
            .Select(g => g.Key with { Verbs = g.SelectMany(a => a.Verbs).Distinct().ToSeq() })
            .Select(r => r.ToString()).Distinct().Order(StringComparer.Ordinal).ToList();
        if (missing.Count == 0)
        {
            return null;
        }
        var groups = string.Join(' ', user.Groups.Select(g => $"\"{g}\""));
        return ApiErrors.Forbidden(request.Kind, value.Metadata.Name, $"user \"{user.Name}\" "
            + $"(groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n"
            + string.Join('\n', missing)).Status;
    }

    // A rule in pieces of one verb, one group, one resource and one name.
    private static IEnumerable<PolicyRule> Atoms(PolicyRule rule) =>
        from verb in rule.Verbs
        from atom in rule.NonResourceURLs
            .Select(url => new PolicyRule { Verbs = [verb], NonResourceURLs = [url] })
            .Concat(from g in rule.ApiGroups
                    from r in rule.Resources
                    from n in rule.ResourceNames.IsEmpty ? [""] : rule.ResourceNames
                    select new PolicyRule
                    {
                        Verbs = [verb], ApiGroups = [g], Resources = [r],
                        ResourceNames = n.Length > 0 ? [n] : default,
                    })
        select atom;

    private static bool Covered(PolicyRule atom, List<PolicyRule> held, UserInfo user)
    {
        var (resource, sub) = atom.Resources.IsEmpty ? ("", "")
            : atom.Resources[0].Split('/', 2) is [var r, var s] ? (r, s) : (atom.Resources[0], "");
        var access = new Access
        {
            User = user, Verb = atom.Verbs[0], Resource = resource, Subresource = sub,
            Group = atom.ApiGroups.IsEmpty ? "" : atom.ApiGroups[0],
            Name = atom.ResourceNames.IsEmpty ? "" : atom.ResourceNames[0],
            Path = atom.NonResourceURLs.IsEmpty ? null : atom.NonResourceURLs[0],
        };
        return held.Exists(rule => rule.Allows(access));
    }
}
