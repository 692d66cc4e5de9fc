using System.Globalization;
using System.Text.Json.Serialization;

namespace KubeSim;

/// <summary>What somebody says of a registry, as a journal keeps it; what is unset stays as it
/// was.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RegistryChange
{
    /// <summary>Which: a host, with its port if it has one.</summary>
    public string Host { get; init; } = "";

    /// <summary>The repositories that it is about, by their beginning; unset: all.</summary>
    public string? Repository { get; init; }

    /// <summary>Megabytes a second for all who pull together; 0: as much as they take.</summary>
    public double? MegabytesPerSecond { get; init; }

    /// <summary>Seconds before each answer.</summary>
    public double? Delay { get; init; }

    /// <summary>What goes wrong from now on, as <see cref="RegistryFailure"/> names it.</summary>
    public string? Fail { get; init; }

    /// <summary>True: nothing goes wrong any more.</summary>
    public bool? Recover { get; init; }

    /// <summary>A user who may pull; whoever is none may not any more.</summary>
    public string? User { get; init; }

    /// <summary>The user's password.</summary>
    public string? Password { get; init; }

    /// <summary>How many pulls without a user it gives in six hours; 0: any number.</summary>
    public int? RateLimit { get; init; }

    /// <summary>An image that is pushed, by its name there, such as <c>team/shop:1.0</c>.</summary>
    public string? Push { get; init; }

    /// <summary>What is in it.</summary>
    public ImageRecipe? Recipe { get; init; }

    /// <summary>A tag that is deleted.</summary>
    public string? Delete { get; init; }
}

/// <summary>Something said of a registry.</summary>
public sealed record RegistryInput(RegistryChange Change) : Input
{
    /// <inheritdoc/>
    public override string Describe => $"registry {Change.Host}: " + (Change switch
    {
        { Push: { } image } => $"push {image}", { Delete: { } image } => $"delete {image}",
        { Fail: { } why } => why, { Recover: true } => "recover",
        { User: { } user } => $"user {user}",
        { RateLimit: { } limit } => Text($"{limit} pulls in six hours"),
        { Delay: { } delay } => Text($"delay {delay} s"),
        _ => Text($"{Change.MegabytesPerSecond} MB/s"),
    } + (Change.Repository is null ? "" : $" ({Change.Repository})"));

    /// <summary>Why it cannot be done; null when it can.</summary>
    internal string? Problem()
    {
        var image = Change.Push ?? Change.Delete;
        return Change.Host.Length == 0 ? "a registry has a host, such as registry.example.com"
            : image is not null && ImageReference.Problem($"{Change.Host}/{image}") is { } wrong
            ? $"\"{image}\": {wrong}"
            : Change.Fail is { } why && !Enum.TryParse<RegistryFailure>(why, out _)
            ? $"a registry does not fail by \"{why}\"; it fails by "
                + string.Join(", ", Enum.GetNames<RegistryFailure>())
            : Change.Delay < 0 || Change.MegabytesPerSecond < 0 || Change.RateLimit < 0
            ? "the numbers of a registry must not be negative" : null;
    }

    internal override bool Execute(Simulation simulation)
    {
        if (Problem() is not null)
        {
            return false;
        }
        var registries = ((World)simulation.World).Registries;
        var (registry, repository) = (registries.Of(Change.Host), Change.Repository ?? "");
        ImageReference NameOf(string image) => ImageReference.Parse($"{Change.Host}/{image}");
        registry.BytesPerSecond = Change.MegabytesPerSecond is not { } speed
            ? registry.BytesPerSecond : speed == 0 ? double.PositiveInfinity : speed * 1e6;
        registry.Delay = Change.Delay is { } delay
            ? TimeSpan.FromSeconds(delay) : registry.Delay;
        registry.RateLimit = Change.RateLimit is { } limit
            ? limit == 0 ? null : limit : registry.RateLimit;
        if (Change.Fail is { } why)
        {
            registry.Failures[repository] = Enum.Parse<RegistryFailure>(why);
        }
        if (Change.Recover == true)
        {
            registry.Failures.Clear();
        }
        if (Change.User is { } user)
        {
            registry.Users.Add((repository, new(user, Change.Password ?? "")));
        }
        if (Change.Push is { } pushed)
        {
            registries.Push(NameOf(pushed), Change.Recipe ?? new());
        }
        if (Change.Delete is { } deleted)
        {
            registry.Images[$"{NameOf(deleted)}"] = null;
        }
        return true;
    }

    private static string Text(FormattableString text) =>
        text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A registry that the machines pull from: how fast it is, who may pull, what is in it and
/// what is wrong with it. All that is said of it is part of the journal.</summary>
/// <example><code>
/// var registry = cluster.Registry("registry.example.com");
/// registry.Push("team/shop:1.0", new() { From = "debian:12", Ports = [8080] });
/// registry.Require("jane", "secret", "team");
/// registry.Fail(RegistryFailure.Timeout);
/// </code></example>
public sealed class ClusterRegistry
{
    private readonly Cluster cluster;

    internal ClusterRegistry(Cluster cluster, string host) =>
        (this.cluster, Host) = (cluster, host);

    /// <summary>Its host.</summary>
    public string Host { get; }

    /// <summary>Pushes an image: its tag points to it from now on, whatever it pointed to
    /// before.</summary>
    /// <param name="image">Its name there, such as <c>team/shop:1.0</c>.</param>
    /// <param name="recipe">What is in it; null: a server in one layer of 50 MB.</param>
    /// <exception cref="ArgumentException">No image can have such a name.</exception>
    public void Push(string image, ImageRecipe? recipe = null) =>
        Submit(new() { Push = image, Recipe = recipe ?? new() });

    /// <summary>Deletes a tag.</summary>
    /// <exception cref="ArgumentException">No image can have such a name.</exception>
    public void Delete(string image) => Submit(new() { Delete = image });

    /// <summary>Lets nobody pull any more but a user, from repositories that begin so; several
    /// users may be named one after the other.</summary>
    public void Require(string user, string password, string? repository = null) =>
        Submit(new() { User = user, Password = password, Repository = repository });

    /// <summary>Lets pulls fail from now on, of repositories that begin so.</summary>
    public void Fail(RegistryFailure failure, string? repository = null) =>
        Submit(new() { Fail = $"{failure}", Repository = repository });

    /// <summary>Lets all go well again.</summary>
    public void Recover() => Submit(new() { Recover = true });

    /// <summary>Gives all who pull together so much at most; 0: as much as they take.</summary>
    /// <exception cref="ArgumentException">The number is negative.</exception>
    public void Limit(double megabytesPerSecond) =>
        Submit(new() { MegabytesPerSecond = megabytesPerSecond });

    /// <summary>Waits so long before each of the three answers that a pull needs.</summary>
    /// <exception cref="ArgumentException">The time is negative.</exception>
    public void Delay(TimeSpan delay) => Submit(new() { Delay = delay.TotalSeconds });

    /// <summary>Gives so many pulls in six hours to those who do not say who they are, as Docker
    /// Hub does (100), for all machines together; 0: any number.</summary>
    /// <exception cref="ArgumentException">The number is negative.</exception>
    public void RateLimit(int pulls) => Submit(new() { RateLimit = pulls });

    private void Submit(RegistryChange change) =>
        cluster.SubmitRegistry(new(change with { Host = Host }));
}

/// <summary>The registries of a cluster.</summary>
public sealed partial class Cluster
{
    /// <summary>The registry of a host, such as <c>docker.io</c> or
    /// <c>registry.example.com</c>.</summary>
    public ClusterRegistry Registry(string host) => new(this, host);

    internal void SubmitRegistry(RegistryInput input)
    {
        using var own = Own();
        if (input.Problem() is { } problem)
        {
            throw new ArgumentException(problem);
        }
        simulation.Submit(input);
    }
}
