using System.Globalization;

namespace KubeSim;

/// <summary>A time in an API object: whole seconds, UTC, as Kubernetes' <c>metav1.Time</c>. What is
/// finer is cut off on the way in, as the real API does.</summary>
public readonly record struct Time(long UnixSeconds) : IComparable<Time>
{
    /// <summary>The same instant as a date and time in UTC.</summary>
    public DateTime DateTime => DateTime.UnixEpoch.AddSeconds(UnixSeconds);

    /// <summary>Cuts an instant down to whole seconds.</summary>
    public static implicit operator Time(DateTime instant) =>
        new((instant.Ticks / TimeSpan.TicksPerSecond)
            - (DateTime.UnixEpoch.Ticks / TimeSpan.TicksPerSecond));

    /// <summary>The time that passed between two.</summary>
    public static TimeSpan operator -(Time later, Time earlier) =>
        TimeSpan.FromSeconds(later.UnixSeconds - earlier.UnixSeconds);

    /// <summary>The time a span later, cut down to seconds.</summary>
    public static Time operator +(Time time, TimeSpan span) => time.DateTime + span;

    /// <inheritdoc/>
    public int CompareTo(Time other) => UnixSeconds.CompareTo(other.UnixSeconds);

    /// <summary>Earlier.</summary>
    public static bool operator <(Time left, Time right) => left.UnixSeconds < right.UnixSeconds;

    /// <summary>Later.</summary>
    public static bool operator >(Time left, Time right) => left.UnixSeconds > right.UnixSeconds;

    /// <summary>Earlier or the same.</summary>
    public static bool operator <=(Time left, Time right) => left.UnixSeconds <= right.UnixSeconds;

    /// <summary>Later or the same.</summary>
    public static bool operator >=(Time left, Time right) => left.UnixSeconds >= right.UnixSeconds;

    /// <summary>RFC 3339 with whole seconds: <c>2025-01-01T00:00:00Z</c>.</summary>
    public override string ToString() =>
        DateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}

/// <summary>A time in an API object with microseconds: Kubernetes'
/// <c>metav1.MicroTime</c>.</summary>
public readonly record struct MicroTime(DateTime Instant)
{
    /// <summary>Cuts an instant down to microseconds.</summary>
    public static implicit operator MicroTime(DateTime instant) =>
        new(new DateTime(
            instant.Ticks - (instant.Ticks % TimeSpan.TicksPerMicrosecond), DateTimeKind.Utc));

    /// <summary>RFC 3339 with six decimals: <c>2025-01-01T00:00:00.250000Z</c>.</summary>
    public override string ToString() =>
        Instant.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
}
