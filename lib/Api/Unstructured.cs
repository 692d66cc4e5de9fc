using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>An object of a kind without a record of its own: everything but its metadata lies in
/// <see cref="ApiPart.Kept"/>, by JSON name.</summary>
public sealed record Unstructured([property: JsonIgnore] Kind Of) : ApiObject
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override Kind Kind => Of;
}
