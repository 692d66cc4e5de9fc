// exercise: 11-when-things-go-wrong/5  (7 points, optional)
// says: ask how its container ended the last time
// Nobody gets an answer from Service shop (Pods of Deployment shop, container app). Why: "image",
// "crash", "memory", "probe" (liveness kills it), "schedule", "selector", or "port" (targetPort)?
Exercise.Check("11-when-things-go-wrong/5", (Cluster c) =>
{
    var pods = c.List<Pod>().Where(p => p.ControllerOwner is not null).ToList();
    if (pods.Any(p => !p.IsScheduled)) return "schedule";
    foreach (var app in pods.Select(p => p.StatusOf("app")))
    {
        if (app?.State.Waiting?.Reason is "ErrImagePull" or "ImagePullBackOff") return "image";
        var end = app?.State.Terminated;
        if (end is not null)
            return end.Reason == "OOMKilled" ? "memory" : end.ExitCode == 137 ? "probe" : "crash";
    }
    return c.List<EndpointSlice>().Where(s => s.IsOf("shop")).Any(s => s.Endpoints.Count > 0)
        ? "port" : "selector";
})
