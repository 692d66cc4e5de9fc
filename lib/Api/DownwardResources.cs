using System.Globalization;

namespace KubeSim;

/// <summary>Resource amounts as a container reads them from its environment or a file
/// (<c>resourceFieldRef</c>): whole numbers of a divisor, rounded up.</summary>
/// <remarks>1200m CPU with the divisor 100m is 12; 1 is counted without one: 100Mi is 104857600.
/// <para>Models pkg/api/v1/resource/helpers.go.</para></remarks>
public static class DownwardResources
{
    /// <summary>The text for a field such as <c>limits.cpu</c>; false for a field that there is
    /// not.
    /// Where limits are unset, give the container those of its node first.</summary>
    public static bool TryRead(
        Container container, string field, Quantity divisor, out string value)
    {
        value = "";
        var dot = field.IndexOf('.', StringComparison.Ordinal);
        var (list, resource) = dot < 0 ? ("", "") : (field[..dot], field[(dot + 1)..]);
        if (list is not ("limits" or "requests") || !IsReadable(resource))
        {
            return false;
        }
        var amounts = list == "limits" ? container.Resources.Limits : container.Resources.Requests;
        var amount = amounts.Get(resource);
        divisor = divisor.IsZero ? new Quantity(1) : divisor;
        var count = resource == "cpu"
            ? DivideUp(amount.MilliValue, divisor.MilliValue)
            : DivideUp(amount.Value, divisor.Value);
        value = count.ToString(CultureInfo.InvariantCulture);
        return true;
    }

    private static bool IsReadable(string resource) =>
        resource is "cpu" or "memory" or "ephemeral-storage"
        || resource.StartsWith("hugepages-", StringComparison.Ordinal);

    private static long DivideUp(long amount, long divisor) =>
        (amount / divisor) + (amount % divisor > 0 ? 1 : 0);
}
