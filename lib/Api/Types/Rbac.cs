using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>What an object of RBAC has in common with another of its sort: the rules of a
/// role.</summary>
public abstract record RoleObject : ApiObject
{
    /// <summary>What may be done; each rule adds, none takes away.</summary>
    public Seq<PolicyRule> Rules { get; init; }
}

/// <summary>Permissions within a namespace.</summary>
public sealed record Role : RoleObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.Role;
}

/// <summary>Permissions in the whole cluster, or to be granted namespace by namespace.</summary>
public sealed record ClusterRole : RoleObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.ClusterRole;

    /// <summary>The roles whose rules this one collects; null for a role with rules of its
    /// own.</summary>
    public AggregationRule? AggregationRule { get; init; }
}

/// <summary>Which ClusterRoles a ClusterRole is put together from.</summary>
public sealed record AggregationRule : ApiPart
{
    /// <summary>A role that one of these selects is collected.</summary>
    public Seq<LabelSelector> ClusterRoleSelectors { get; init; }
}

/// <summary>Verbs on resources, or on paths that are no resources.</summary>
public sealed record PolicyRule : ApiPart
{
    /// <summary>What may be done: <c>get</c>, <c>list</c>… or <c>*</c>.</summary>
    public Seq<string> Verbs { get; init; }
    /// <summary>The groups of the resources; empty text is the core group, <c>*</c> any.</summary>
    public Seq<string> ApiGroups { get; init; }
    /// <summary>The resources: <c>pods</c>, <c>pods/log</c>, <c>*</c>, <c>*/scale</c>.</summary>
    public Seq<string> Resources { get; init; }
    /// <summary>The objects by name; none means any.</summary>
    public Seq<string> ResourceNames { get; init; }
    /// <summary>Paths such as <c>/healthz</c> or <c>/api/*</c>.</summary>
    public Seq<string> NonResourceURLs { get; init; }

    /// <summary>Every verb on every resource.</summary>
    public static PolicyRule Everything { get; } =
        new() { Verbs = ["*"], ApiGroups = ["*"], Resources = ["*"] };

    /// <summary>The rule as refusals write it.</summary>
    public override string ToString()
    {
        static string Part(string name, Seq<string> values) =>
            $"{name}:[{string.Join(' ', values.Select(v => $"\"{v}\""))}]";
        return "{" + string.Join(", ", new[]
        {
            ("APIGroups", ApiGroups), ("Resources", Resources),
            ("NonResourceURLs", NonResourceURLs), ("ResourceNames", ResourceNames),
            ("Verbs", Verbs),
        }.Where(p => !p.Item2.IsEmpty).Select(p => Part(p.Item1, p.Item2))) + "}";
    }
}

/// <summary>What a binding of either sort says: who gets a role.</summary>
public abstract record BindingObject : ApiObject
{
    /// <summary>Who gets it.</summary>
    public Seq<Subject> Subjects { get; init; }
    /// <summary>The role.</summary>
    public RoleRef RoleRef { get; init; } = RoleRef.None;
}

/// <summary>Gives a role to somebody within a namespace.</summary>
public sealed record RoleBinding : BindingObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.RoleBinding;
}

/// <summary>Gives a ClusterRole to somebody in the whole cluster.</summary>
public sealed record ClusterRoleBinding : BindingObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Kinds.ClusterRoleBinding;
}

/// <summary>A user, a group or a service account.</summary>
public sealed record Subject : ApiPart
{
    /// <summary>User, Group or ServiceAccount.</summary>
    public string Kind { get; init; } = "";
    /// <summary>The group of the kind; empty for a ServiceAccount.</summary>
    public string? ApiGroup { get; init; }
    /// <summary>The name.</summary>
    public string Name { get; init; } = "";
    /// <summary>The namespace of a ServiceAccount.</summary>
    public string? Namespace { get; init; }
}

/// <summary>The role that a binding gives.</summary>
public sealed record RoleRef : ApiPart
{
    /// <summary>One that says nothing; JSON leaves it out.</summary>
    public static RoleRef None { get; } = new();

    /// <summary>The API group of the role.</summary>
    public string? ApiGroup { get; init; }
    /// <summary>Role or ClusterRole.</summary>
    public string Kind { get; init; } = "";
    /// <summary>The name.</summary>
    public string Name { get; init; } = "";
}
