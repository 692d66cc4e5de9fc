using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>The order of <c>--sort-by</c>: numbers by value, quantities by value, all else by its
/// text with the numbers in it by value; objects without the field come first.</summary>
/// <remarks>Models staging/src/k8s.io/kubectl/pkg/cmd/get/sorter.go.</remarks>
internal static class Sorter
{
    public static List<ApiObject> Sort(List<ApiObject> objects, string field)
    {
        var path = JsonPath.ParseRelaxed(field);
        var keyed = objects.Select(o => (Object: o, Key: Key(path, o))).ToList();
        if (keyed.Count > 0 && keyed.TrueForAll(k => k.Key is null))
        {
            throw new KubectlException($"couldn't find any field with path "
                + $"\"{JsonPath.Relax(field)}\" in the list of objects");
        }
        return [.. keyed.OrderBy(k => k.Key, Comparer<JsonNode?>.Create(Compare))
            .Select(k => k.Object)];
    }

    private static JsonNode? Key(JsonPath path, ApiObject o) =>
        path.Find(Json.Encode(o)) is [var first, ..] ? first : null;

    private static int Compare(JsonNode? left, JsonNode? right)
    {
        if (left is null || right is null)
        {
            return (left is null ? 0 : 1) - (right is null ? 0 : 1);
        }
        if (left.GetValueKind() == JsonValueKind.Number
            && right.GetValueKind() == JsonValueKind.Number)
        {
            return Number(left).CompareTo(Number(right));
        }
        var (a, b) = (left.ToString(), right.ToString());
        return Quantity.TryParse(a, out var x, out _) && Quantity.TryParse(b, out var y, out _)
            ? x.CompareTo(y) : Natural(a, b);
    }

    private static double Number(JsonNode node) =>
        double.Parse(node.ToString(), CultureInfo.InvariantCulture);

    /// <summary>web-9 before web-10.</summary>
    private static int Natural(string left, string right)
    {
        var (i, j) = (0, 0);
        while (i < left.Length && j < right.Length)
        {
            if (char.IsAsciiDigit(left[i]) && char.IsAsciiDigit(right[j]))
            {
                var (a, b) = (Digits(left, ref i), Digits(right, ref j));
                var order = a.Length != b.Length ? a.Length.CompareTo(b.Length)
                    : string.CompareOrdinal(a, b);
                if (order != 0)
                {
                    return order;
                }
            }
            else if (left[i] != right[j])
            {
                return left[i].CompareTo(right[j]);
            }
            else
            {
                (i, j) = (i + 1, j + 1);
            }
        }
        return (left.Length - i).CompareTo(right.Length - j);
    }

    private static string Digits(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }
        return text[start..at].TrimStart('0');
    }
}
