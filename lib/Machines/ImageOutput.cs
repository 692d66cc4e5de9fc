using System.Globalization;

namespace KubeSim;

/// <summary>What the programs of known images print when they start. Of lines that tell versions
/// and machines only those are here that are the same everywhere.</summary>
/// <remarks>Models github.com/nginxinc/docker-nginx and
/// github.com/redis/docker-library-redis.</remarks>
internal static class ImageOutput
{
    private const string Entry = "/docker-entrypoint";
    private const string Ipv6 = "10-listen-on-ipv6-by-default.sh";

    private static readonly string[] Nginx =
    [
        $"{Entry}.sh: {Entry}.d/ is not empty, will attempt to perform configuration",
        $"{Entry}.sh: Looking for shell scripts in {Entry}.d/",
        $"{Entry}.sh: Launching {Entry}.d/{Ipv6}",
        $"{Ipv6}: info: Getting the checksum of /etc/nginx/conf.d/default.conf",
        $"{Ipv6}: info: Enabled listen on IPv6 in /etc/nginx/conf.d/default.conf",
        $"{Entry}.sh: Sourcing {Entry}.d/15-local-resolvers.envsh",
        $"{Entry}.sh: Launching {Entry}.d/20-envsubst-on-templates.sh",
        $"{Entry}.sh: Launching {Entry}.d/30-tune-worker-processes.sh",
        $"{Entry}.sh: Configuration complete; ready for start up",
    ];

    /// <summary>The lines of an image's own program; none when it is not known.</summary>
    /// <param name="image">Its name in full, as <c>docker.io/library/nginx:1.27</c>.</param>
    /// <param name="start">When it started.</param>
    public static List<LogLine> Of(string image, DateTime start)
    {
        var name = image.Split('@')[0];
        var lines = name[..Math.Max(name.LastIndexOf(':'), 0)] switch
        {
            "docker.io/library/nginx" => OfNginx(start),
            "docker.io/library/redis" => OfRedis(start),
            _ => [],
        };
        return lines.Select(text => new LogLine(start, text)).ToList();
    }

    private static IEnumerable<string> OfNginx(DateTime start)
    {
        var head = start.ToString("yyyy/MM/dd HH:mm:ss", CultureInfo.InvariantCulture)
            + " [notice] 1#1: ";
        return Nginx.Concat(
            [head + "using the \"epoll\" event method", head + "start worker processes"]);
    }

    private static IEnumerable<string> OfRedis(DateTime start)
    {
        var at = start.ToString("dd MMM yyyy HH:mm:ss.fff", CultureInfo.InvariantCulture);
        return
        [
            $"1:C {at} * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
            $"1:M {at} * Server initialized", $"1:M {at} * Ready to accept connections tcp",
        ];
    }
}
