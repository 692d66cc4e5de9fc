using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace KubeNotebooks;

/// <summary>A web server inside this program: it reads no settings, logs nothing, and leaves
/// Ctrl+C to whoever it serves.</summary>
internal static class WebHost
{
    /// <summary>Listens until it is disposed.</summary>
    /// <param name="at">Where; port 0 takes a free one.</param>
    /// <param name="limit">What clients may do.</param>
    /// <param name="https">The certificates; plain HTTP when null.</param>
    /// <param name="answer">Who answers.</param>
    /// <exception cref="IOException">The port cannot be had.</exception>
    public static WebApplication Start(IPEndPoint at, Action<KestrelServerOptions> limit,
        Action<HttpsConnectionAdapterOptions>? https, Action<WebApplication> answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            limit(kestrel);
            kestrel.Listen(at, listen =>
            {
                if (https is not null)
                {
                    listen.UseHttps(https);
                }
            });
        });
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        var app = builder.Build();
        answer(app);
        try
        {
            app.StartAsync().GetAwaiter().GetResult();
        }
        catch (IOException e)
        {
            ((IDisposable)app).Dispose();
            throw new IOException(
                $"port {at.Port} of {at.Address} cannot be had: {e.Message}", e);
        }
        return app;
    }

    /// <summary>Where a client of this machine finds it.</summary>
    public static Uri AddressOf(WebApplication app) =>
        new(app.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.First()
            .Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)
            .Replace("[::]", "127.0.0.1", StringComparison.Ordinal));

    // Ctrl+C is the notebook program's, or the command's.
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
