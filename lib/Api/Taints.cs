using System.Globalization;

namespace KubeSim;

/// <summary>What a node wears to keep pods away that do not tolerate it.</summary>
public sealed record Taint : ApiPart
{
    /// <summary>The key, such as <c>node.kubernetes.io/not-ready</c>.</summary>
    public string Key { get; init; } = "";

    /// <summary>The value that belongs to the key.</summary>
    public string? Value { get; init; }

    /// <summary>NoSchedule, PreferNoSchedule or NoExecute.</summary>
    public string Effect { get; init; } = "";

    /// <summary>When it was put on; tolerations of NoExecute count from here.</summary>
    public Time? TimeAdded { get; init; }

    /// <summary>True when both have the same key and effect, which makes them one taint.</summary>
    public bool IsSameAs(Taint other) => Key == other.Key && Effect == other.Effect;

    /// <summary>As kubectl writes it: <c>key=value:NoSchedule</c>, <c>key:NoExecute</c>.</summary>
    public override string ToString() => string.IsNullOrEmpty(Effect)
        ? string.IsNullOrEmpty(Value) ? Key : $"{Key}={Value}:"
        : string.IsNullOrEmpty(Value) ? $"{Key}:{Effect}" : $"{Key}={Value}:{Effect}";
}

/// <summary>What a pod carries to bear taints.</summary>
public sealed record Toleration : ApiPart
{
    /// <summary>The key of the taints; unset for every key.</summary>
    public string? Key { get; init; }

    /// <summary>Equal (the default), Exists, or Gt and Lt for taints whose value is a
    /// number.</summary>
    public string? Operator { get; init; }

    /// <summary>The value to compare with.</summary>
    public string? Value { get; init; }

    /// <summary>The effect of the taints; unset for every effect.</summary>
    public string? Effect { get; init; }

    /// <summary>How many seconds it bears a NoExecute taint; unset for ever, 0 or less for
    /// none.</summary>
    public long? TolerationSeconds { get; init; }

    /// <summary>True when the toleration bears a taint: effect, key and value fit.</summary>
    public bool Tolerates(Taint taint)
    {
        if (!string.IsNullOrEmpty(Effect) && Effect != taint.Effect)
        {
            return false;
        }
        if (!string.IsNullOrEmpty(Key) && Key != taint.Key)
        {
            return false;
        }
        return Operator switch
        {
            null or "" or "Equal" => (Value ?? "") == (taint.Value ?? ""),
            "Exists" => true,
            "Gt" => Compare(taint) > 0,
            "Lt" => Compare(taint) < 0,
            _ => false,
        };
    }

    // The order of the taint's number to this one; 0 when one is no number.
    private int Compare(Taint taint) =>
        TryNumber(taint.Value, out var theirs) && TryNumber(Value, out var own)
            ? theirs.CompareTo(own)
            : 0;

    private static bool TryNumber(string? text, out long number) => long.TryParse(
        text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
}

/// <summary>The effects of taints that a question is about.</summary>
[Flags]
public enum TaintEffects
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>New pods stay away.</summary>
    NoSchedule = 1,

    /// <summary>New pods go elsewhere if they can.</summary>
    PreferNoSchedule = 2,

    /// <summary>New pods stay away, and running ones leave.</summary>
    NoExecute = 4,

    /// <summary>What keeps a pod from a node: NoSchedule and NoExecute.</summary>
    Forbidding = NoSchedule | NoExecute,

    /// <summary>Every effect.</summary>
    All = NoSchedule | PreferNoSchedule | NoExecute,
}

/// <summary>Questions about taints and tolerations.</summary>
/// <remarks>Models staging/src/k8s.io/component-helpers/scheduling/corev1/helpers.go.</remarks>
public static class Taints
{
    extension(Seq<Taint> taints)
    {
        /// <summary>The first taint of some effects that no toleration bears; null when all are
        /// borne.</summary>
        public Taint? FirstUntolerated(Seq<Toleration> tolerations, TaintEffects effects)
        {
            foreach (var taint in taints.AsSpan())
            {
                if ((EffectOf(taint) & effects) != 0 && !tolerations.Tolerate(taint))
                {
                    return taint;
                }
            }
            return null;
        }
    }

    private static TaintEffects EffectOf(Taint taint) => taint.Effect switch
    {
        "NoSchedule" => TaintEffects.NoSchedule,
        "PreferNoSchedule" => TaintEffects.PreferNoSchedule,
        "NoExecute" => TaintEffects.NoExecute,
        _ => TaintEffects.None,
    };
}

/// <summary>Questions about tolerations.</summary>
public static class Tolerations
{
    extension(Seq<Toleration> tolerations)
    {
        /// <summary>True when one of the tolerations bears a taint.</summary>
        public bool Tolerate(Taint taint)
        {
            foreach (var toleration in tolerations.AsSpan())
            {
                if (toleration.Tolerates(taint))
                {
                    return true;
                }
            }
            return false;
        }
    }
}
