using System.Text.Json;

namespace KubeSim;

/// <summary>What the API server does differently for a kind: one such per kind, in the table of
/// <see cref="KindStrategies"/>. Every stage calls its own method here; a kind overrides what it
/// needs. This base serves kinds without a record of their own, custom resources among
/// them.</summary>
/// <remarks>Models
/// staging/src/k8s.io/apiserver/pkg/registry/rest/{create,update,delete}.go.</remarks>
internal class KindStrategy
{
    // Kinds without a record here whose desired state is counted all the same.
    private static readonly Seq<string> counted = ["Ingress", "NetworkPolicy", "IngressClass"];

    /// <summary>True when a deletion answers with the object rather than with a bare
    /// success.</summary>
    public virtual bool ReturnsDeleted => false;

    /// <summary>True when a replacement need not say which version it replaces.</summary>
    public virtual bool Unconditional => true;

    /// <summary>True when replacing what is not there creates it.</summary>
    public virtual bool CreatesOnUpdate => false;

    /// <summary>True when <c>/status</c> takes no labels.</summary>
    public virtual bool StatusKeepsLabels => false;

    /// <summary>True when the object may go as far as the kind can tell.</summary>
    public virtual bool MayGo(ApiObject value) => true;

    /// <summary>The grace of a deletion in seconds; null for kinds that know no grace.</summary>
    public virtual long? Grace(ApiObject value, long? asked) => null;

    /// <summary>False for the one kind whose mark of deletion tells no grace, the
    /// namespace.</summary>
    public virtual bool MarksGrace => true;

    /// <summary>What a kind makes of the name and UID that a new object got.</summary>
    public virtual ApiObject Identified(ApiObject value, ref ObjectMeta meta) => value;

    /// <summary>What the first deletion makes of an object of a kind with a way of its own to be
    /// deleted; null for all others.</summary>
    public virtual ApiObject? Marked(ApiObject value, DateTime now) => null;

    /// <summary>What a kind notes in an object that is marked as deleted.</summary>
    public virtual ApiObject PrepareDelete(ApiObject value) => value;

    public virtual bool HasGeneration(Kind kind) => kind.SchemaType is null || Counted(kind);

    public virtual Seq<string> NameProblems(string name) => Names.Dns1123Subdomain(name);

    /// <summary>The looser rule of a few kinds: what fits between two slashes of a
    /// path.</summary>
    internal static Seq<string> SegmentProblems(string name) =>
        name is "." or ".." ? [$"may not be '{name}'"]
        : name.Contains('/') ? ["may not contain '/'"]
        : name.Contains('%') ? ["may not contain '%'"]
        : default;

    /// <summary>Fills in what a client left out; the same reference when nothing was.</summary>
    public virtual ApiObject Default(ApiObject value) => value;

    /// <summary>Takes off a new object what clients may not set: its status above all.</summary>
    public virtual ApiObject PrepareCreate(ApiObject value) =>
        HasStatus(value.Kind) ? WithKept(value, "status", null) : value;

    /// <summary>Keeps of the stored object what a replacement may not change: its status.</summary>
    public virtual ApiObject PrepareUpdate(ApiObject now, ApiObject old) =>
        HasStatus(now.Kind) ? WithKept(now, "status", old) : now;

    /// <summary>Takes of a replacement of <c>/status</c> the status alone.</summary>
    public virtual ApiObject PrepareStatus(ApiObject now, ApiObject old)
    {
        var status = now;
        now = now with { Kept = old.Kept };
        return WithKept(now, "status", status);
    }

    /// <summary>True when both want the same: the generation stays.</summary>
    public virtual bool SameDesired(ApiObject now, ApiObject old) =>
        ReferenceEquals(now.Kept, old.Kept)
        || Equals(WithKept(now, "status", null).Kept, WithKept(old, "status", null).Kept);

    public virtual void Validate(ApiObject value, FieldErrors errors)
    {
    }

    public virtual void ValidateUpdate(ApiObject now, ApiObject old, FieldErrors errors)
    {
    }

    /// <summary>What a status must keep to, for the few kinds that check it.</summary>
    public virtual void ValidateStatus(ApiObject now, FieldErrors errors)
    {
    }

    private static bool HasStatus(Kind kind) => kind.Subresources.AsSpan().Contains("status");

    private static bool Counted(Kind kind) => counted.AsSpan().Contains(kind.Name);

    // The object with one kept field taken from another object, or without it.
    private static ApiObject WithKept(ApiObject value, string field, ApiObject? source)
    {
        JsonElement wanted = default;
        var has = source?.Kept is { } kept && kept.TryGetValue(field, out wanted);
        if (!has && value.Kept?.ContainsKey(field) != true)
        {
            return value;
        }
        var fields = value.Kept is null ? new KeptFields() : new KeptFields(value.Kept);
        if (has)
        {
            fields[field] = wanted;
        }
        else
        {
            fields.Remove(field);
        }
        return value with { Kept = fields };
    }
}

/// <summary>The strategy of a kind that has a record: the same methods, typed.</summary>
internal abstract class KindStrategy<T> : KindStrategy
    where T : ApiObject, new()
{
    private static readonly T blank = new();

    public override bool HasGeneration(Kind kind) => Desired(blank) is not null;

    public sealed override ApiObject Default(ApiObject value) => Default((T)value);

    public sealed override ApiObject PrepareCreate(ApiObject value) => PrepareCreate((T)value);

    public sealed override ApiObject PrepareUpdate(ApiObject now, ApiObject old) =>
        KeepOnUpdate((T)now, (T)old);

    public override ApiObject PrepareStatus(ApiObject now, ApiObject old) =>
        WithStatusOf((T)old, (T)now) with { Metadata = now.Metadata };

    public sealed override bool SameDesired(ApiObject now, ApiObject old) =>
        SameDesired((T)now, (T)old);

    public sealed override void Validate(ApiObject value, FieldErrors errors) =>
        Validate((T)value, errors);

    public sealed override void ValidateUpdate(ApiObject now, ApiObject old, FieldErrors errors) =>
        ValidateUpdate((T)now, (T)old, errors);

    protected virtual T Default(T value) => value;

    protected virtual T PrepareCreate(T value) => WithStatusOf(value, blank);

    /// <summary>The first object with the status of the second; kinds without a status of its own
    /// give the first back.</summary>
    protected virtual T WithStatusOf(T value, T source) => value;

    /// <summary>A replacement with what it may not change taken from the stored object.</summary>
    protected virtual T KeepOnUpdate(T now, T old) => WithStatusOf(now, old);

    /// <summary>The part whose changes the generation counts; null for kinds that count
    /// none.</summary>
    protected virtual ApiPart? Desired(T value) => null;

    protected virtual bool SameDesired(T now, T old) => Equals(Desired(now), Desired(old));

    protected virtual void Validate(T value, FieldErrors errors)
    {
    }

    protected virtual void ValidateUpdate(T now, T old, FieldErrors errors)
    {
    }
}
