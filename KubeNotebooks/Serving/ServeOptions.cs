using System.Globalization;

namespace KubeNotebooks;

/// <summary>How a cluster is served.</summary>
public sealed record ServeOptions
{
    /// <summary>The port; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>The address to listen on: this machine alone unless another is said.</summary>
    public string Listen { get; init; } = "127.0.0.1";

    /// <summary>How virtual time goes on: <c>paused</c>, <c>1x</c>, <c>10x</c>,
    /// <c>max</c>.</summary>
    public string Speed { get; init; } = "paused";

    /// <summary>Where the kubeconfig is written; null for <c>.kubenotebooks/kubeconfig</c> in the
    /// current folder.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>True to write over a kubeconfig that is not from here.</summary>
    public bool Force { get; init; }

    /// <summary>A bearer token that counts as the administrator; null for none.</summary>
    public string? Token { get; init; }

    /// <summary>Takes a line for each request that was answered; null for none.</summary>
    public TextWriter? AccessLog { get; init; }

    /// <summary>How many requests may be under way at once; more are answered 429.</summary>
    public int MostRequests { get; init; } = 4000;

    /// <summary>How many watches and followed logs may be open; more are answered 429.</summary>
    public int MostWatches { get; init; } = 10_000;

    /// <summary>How long a request may wait for its answer before it is told 504.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the reader of a watch may leave everything unread before it is
    /// dropped.</summary>
    public TimeSpan SlowReader { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>How many seconds of the cluster pass in one of ours. 0 is paused. Infinity is as fast
/// as can be while there is something to bring on, and like ours when there is not: a cluster at
/// rest that grew old by hours a second would be of no use.</summary>
internal readonly record struct Speed(double Factor)
{
    public static Speed Paused => new(0);

    public bool IsMax => double.IsPositiveInfinity(Factor);

    /// <exception cref="ArgumentException">It is no speed.</exception>
    public static Speed Parse(string text) => text switch
    {
        "paused" => Paused,
        "max" => new(double.PositiveInfinity),
        [.. var number, 'x'] when double.TryParse(number, NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture, out var factor) && factor is > 0 and <= 1e6 =>
            new(factor),
        _ => throw new ArgumentException(
            $"\"{text}\" is no speed; write paused, 1x, 10x or max"),
    };

    public override string ToString() => Factor == 0 ? "paused" : IsMax ? "max"
        : Factor.ToString(CultureInfo.InvariantCulture) + "x";
}
