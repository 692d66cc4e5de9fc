using System.Text.Json;

namespace KubeSim;

/// <summary>Fields of an object that no property stands for, by JSON name. They survive a round
/// trip and compare by value; never change one that an object holds.</summary>
public sealed class KeptFields : Dictionary<string, JsonElement>, IEquatable<KeptFields>
{
    /// <summary>An empty set of fields.</summary>
    public KeptFields()
        : base(StringComparer.Ordinal)
    {
    }

    /// <summary>A copy of a set of fields, to change before an object holds it.</summary>
    public KeptFields(KeptFields fields)
        : base(fields, StringComparer.Ordinal)
    {
    }

    /// <summary>Equal when the same names have deeply equal values.</summary>
    public bool Equals(KeptFields? other) => ReferenceEquals(this, other)
        || (other is not null && Count == other.Count && this.All(field =>
            other.TryGetValue(field.Key, out var value)
            && JsonElement.DeepEquals(field.Value, value)));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as KeptFields);

    /// <inheritdoc/>
    public override int GetHashCode() => Count;
}
