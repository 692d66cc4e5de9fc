using System.Globalization;
using System.Text;

namespace KubeSim;

/// <summary>The log of a container over HTTP. The API server finds the pod's node and asks its
/// kubelet; a pod that is on none has no log yet, which is no error.</summary>
/// <remarks>Models pkg/registry/core/pod/rest/log.go, pkg/registry/core/pod/strategy.go and
/// pkg/apis/core/validation (ValidatePodLogOptions).</remarks>
internal static class HttpLogs
{
    private sealed record Options(string Container, bool Previous, bool Timestamps, DateTime Since)
    {
        public long Tail { get; init; } = -1;

        public long Bytes { get; init; } = long.MaxValue;
    }

    /// <summary>The log so far, or as it grows.</summary>
    /// <exception cref="ApiException">There is none to show.</exception>
    public static HttpAnswer Read(Cluster cluster, in ResourcePath path, HttpOptions asked)
    {
        if (cluster.Find<Pod>(path.Namespace, path.Name) is not { } pod)
        {
            throw ApiErrors.NotFound(Kinds.Pod, path.Name);
        }
        var options = Read(asked, pod, cluster.Now);
        if (!pod.IsScheduled)
        {
            return HttpAnswer.Plain(200, "");
        }
        var logs = new Cluster.KubectlServer(cluster, cluster.Handle).Logs;
        if (logs is null || !logs.Reaches(pod))
        {
            throw LogsCommand.Unreachable(pod, options.Container);
        }
        var id = LogsCommand.RunOf(pod, options.Container, options.Previous);
        if (logs.Read(pod, options.Container, id) is not { } lines)
        {
            return HttpAnswer.Plain(200, LogsCommand.Gone(id));
        }
        return asked.Is("follow")
            ? HttpAnswer.Plain(200, "") with
            {
                Body = null, Log = new Tail(cluster, pod, id, options),
            }
            : HttpAnswer.Plain(200, string.Concat(
                Shown([.. lines.Skip(logs.TurnedOver(pod, id))], options)));
    }

    private static IEnumerable<string> Shown(IReadOnlyList<LogLine> lines, Options options) =>
        LogsCommand.Shown(lines, options.Since, options.Tail, options.Bytes, options.Timestamps);

    private static Options Read(HttpOptions asked, Pod pod, DateTime now)
    {
        if ((asked.Number("tailLines", out var tail) ?? asked.Number("limitBytes", out var bytes)
            ?? asked.Number("sinceSeconds", out var seconds)) is { } unreadable)
        {
            throw new ApiException(unreadable);
        }
        asked.Number("limitBytes", out bytes);
        asked.Number("sinceSeconds", out seconds);
        var errors = new FieldErrors();
        if (tail < 0)
        {
            errors.Invalid("tailLines", tail.Value, "must be greater than or equal to 0");
        }
        if (bytes < 1)
        {
            errors.Invalid("limitBytes", bytes.Value, "must be greater than 0");
        }
        var time = asked["sinceTime"];
        if (time is not null && seconds is not null)
        {
            errors.Forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified");
        }
        else if (seconds < 1)
        {
            errors.Invalid("sinceSeconds", seconds.Value, "must be greater than 0");
        }
        if (errors.Any)
        {
            throw new ApiException(errors.ToStatus("PodLogOptions", "", pod.Metadata.Name));
        }
        return new(ContainerOf(pod, asked["container"]), asked.Is("previous"),
            asked.Is("timestamps"), seconds is { } span
                ? now - TimeSpan.FromSeconds(Math.Min(span, int.MaxValue)) : TimeOf(time))
        {
            Tail = tail ?? -1, Bytes = bytes ?? long.MaxValue,
        };
    }

    private static DateTime TimeOf(string? text) => text is null ? DateTime.MinValue
        : DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal,
            out var time) ? time
        : throw ApiErrors.BadRequest($"parsing time {FieldErrors.Quote(text)} as "
            + "\"2006-01-02T15:04:05Z07:00\": cannot parse "
            + $"{FieldErrors.Quote(text)} as \"2006\"");

    private static string ContainerOf(Pod pod, string? asked)
    {
        var (main, init) = (pod.Spec.Containers, pod.Spec.InitContainers);
        var name = pod.Metadata.Name;
        if (asked is { Length: > 0 })
        {
            return main.Concat(init).Any(c => c.Name == asked) ? asked
                : throw ApiErrors.BadRequest($"container {asked} is not valid for pod {name}");
        }
        if (main.Count == 1)
        {
            return main[0].Name;
        }
        var others = init.IsEmpty ? ""
            : $" or one of the init containers: [{string.Join(' ', init.Select(c => c.Name))}]";
        throw ApiErrors.BadRequest($"a container name must be specified for pod {name}, choose one "
            + $"of: [{string.Join(' ', main.Select(c => c.Name))}]{others}");
    }

    // Reads anew what has come since, until the run is over.
    private sealed class Tail(Cluster cluster, Pod pod, string id, Options options) : LogTail
    {
        private int read;
        private Options left = options;

        public override bool Ended => left.Bytes <= 0 || Lines() is not { } lines
            || (lines.Count <= read && !Runs());

        public override string Take()
        {
            if (Lines() is not { } lines)
            {
                return "";
            }
            var text = new StringBuilder().AppendJoin("", Shown([.. lines.Skip(read)], left));
            read = lines.Count;
            left = left with
            {
                Tail = -1, Bytes = left.Bytes - Encoding.UTF8.GetByteCount($"{text}"),
            };
            return $"{text}";
        }

        private IReadOnlyList<LogLine>? Lines() =>
            new Cluster.KubectlServer(cluster, cluster.Handle).Logs is { } logs
            && logs.Reaches(pod) ? logs.Read(pod, left.Container, id) : null;

        private bool Runs() =>
            cluster.Find<Pod>(pod.Metadata.Namespace, pod.Metadata.Name) is { } now
            && now.Metadata.Uid == pod.Metadata.Uid
            && now.StatusOf(left.Container) is { State.Running: not null } status
            && status.ContainerID == id;
    }
}
