// exercise: 03-api-server/2  (4 points)
// says: has got a proxy all the same
Exercise.Check("03-api-server/2", (AdmissionReview review) =>
{
    var pod = (Pod)review.Object!;
    var proxy = new Container { Name = "proxy", Image = "proxy:1.0" };
    if (pod.Spec.Containers.Any(c => c.Name == "proxy")) return WebhookAnswer.Allow;
    return WebhookAnswer.Change(pod with
    {
        Spec = pod.Spec with { Containers = [.. pod.Spec.Containers, proxy] },
    });
})
