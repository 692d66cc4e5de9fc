// exercise: 03-api-server/2  (4 points)
// says: The Pod is stored with the containers proxy.
Exercise.Check("03-api-server/2", (AdmissionReview review) =>
{
    var pod = (Pod)review.Object!;
    var proxy = new Container { Name = "proxy", Image = "proxy:1.0" };
    if (pod.Metadata.Annotations.Get("proxy") == "no") return WebhookAnswer.Allow;
    if (pod.Spec.Containers.Any(c => c.Name == "proxy")) return WebhookAnswer.Allow;
    return WebhookAnswer.Change(pod with
    {
        Spec = pod.Spec with { Containers = [proxy] },
    });
})
