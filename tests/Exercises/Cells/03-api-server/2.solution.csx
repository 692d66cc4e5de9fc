// why: it looks at the Pod as it is, not at how often it was asked, so a second call changes nothing
// exercise: 03-api-server/2  (4 points)
Exercise.Check("03-api-server/2", (AdmissionReview review) =>
{
    var pod = (Pod)review.Object!;
    var proxy = new Container { Name = "proxy", Image = "proxy:1.0" };
    if (pod.Metadata.Annotations.Get("proxy") == "no") return WebhookAnswer.Allow;
    if (pod.Spec.Containers.Any(c => c.Name == "proxy")) return WebhookAnswer.Allow;
    return WebhookAnswer.Change(pod with
    {
        Spec = pod.Spec with { Containers = [.. pod.Spec.Containers, proxy] },
    });
})
