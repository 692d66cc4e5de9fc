using System.Text;

namespace KubeSim;

/// <summary>What is wrong with an object, field by field. Validation goes on after an error, so
/// that a person sees all of them at once; <c>ToStatus</c> makes the one 422 of them.</summary>
/// <remarks>Models staging/src/k8s.io/apimachinery/pkg/util/validation/field/errors.go.</remarks>
internal sealed class FieldErrors
{
    private List<StatusCause>? causes;

    public bool Any => causes is not null;

    public int Count => causes?.Count ?? 0;

    public void Required(string field, string detail = "") =>
        Add("FieldValueRequired", field, detail.Length == 0
            ? "Required value"
            : $"Required value: {detail}");

    /// <summary>The value as Kubernetes shows it: texts go through <see cref="Quote"/>
    /// first.</summary>
    public void Invalid(string field, string shown, string detail) =>
        Add("FieldValueInvalid", field, $"Invalid value: {shown}: {detail}");

    public void Invalid(string field, long value, string detail) =>
        Invalid(field, value.ToString(System.Globalization.CultureInfo.InvariantCulture), detail);

    public void InvalidText(string field, string? value, string detail) =>
        Invalid(field, Quote(value ?? ""), detail);

    public void Duplicate(string field, string value) =>
        Add("FieldValueDuplicate", field, $"Duplicate value: {Quote(value)}");

    public void NotFound(string field, string value) =>
        Add("FieldValueNotFound", field, $"Not found: {Quote(value)}");

    public void Forbidden(string field, string detail) =>
        Add("FieldValueForbidden", field, $"Forbidden: {detail}");

    public void TooLong(string field, int most) =>
        Add("FieldValueTooLong", field, $"Too long: may not be more than {most} bytes");

    public void NotSupported(string field, string shown, params ReadOnlySpan<string> supported)
    {
        var text = new StringBuilder("Unsupported value: ").Append(shown).Append(": supported "
            + "values: ");
        for (var i = 0; i < supported.Length; i++)
        {
            text.Append(i == 0 ? "" : ", ").Append(Quote(supported[i]));
        }
        Add("FieldValueNotSupported", field, text.ToString());
    }

    /// <summary>Complains of a value that is none of the given ones; unset is not looked
    /// at.</summary>
    public void OneOf(string field, string? value, params ReadOnlySpan<string> supported)
    {
        if (value is not null && !supported.Contains(value))
        {
            NotSupported(field, Quote(value), supported);
        }
    }

    public void NotNegative(string field, long? value)
    {
        if (value < 0)
        {
            Invalid(field, value.Value, "must be greater than or equal to 0");
        }
    }

    public void Immutable(string field, string shown) =>
        Invalid(field, shown, "field is immutable");

    /// <summary>The errors as a refusal: the same sentence is said once, but counted each
    /// time.</summary>
    public Status ToStatus(Kind kind, string name) => ToStatus(kind.Name, kind.Group, name);

    public Status ToStatus(string kind, string group, string name)
    {
        var sentences = new List<string>(Count);
        foreach (var cause in causes ?? [])
        {
            var sentence = $"{cause.Field}: {cause.Message}";
            if (!sentences.Contains(sentence))
            {
                sentences.Add(sentence);
            }
        }
        var all = sentences.Count == 1 ? sentences[0] : $"[{string.Join(", ", sentences)}]";
        var qualified = group.Length == 0 ? kind : $"{kind}.{group}";
        return ApiErrors.Of(422, "Invalid", $"{qualified} \"{name}\" is invalid: {all}", new()
        {
            Name = name.Length == 0 ? null : name,
            Group = group.Length == 0 ? null : group,
            Kind = kind,
            Causes = (causes ?? []).ToSeq(),
        }).Status;
    }

    /// <summary>A text in quotes, as Go writes it.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                '\n' => quoted.Append("\\n"),
                '\t' => quoted.Append("\\t"),
                '\r' => quoted.Append("\\r"),
                _ => quoted.Append(c),
            };
        }
        return quoted.Append('"').ToString();
    }

    private void Add(string reason, string field, string message) =>
        (causes ??= []).Add(new() { Reason = reason, Message = message, Field = field });
}
