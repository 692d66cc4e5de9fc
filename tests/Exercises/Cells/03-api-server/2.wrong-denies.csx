// exercise: 03-api-server/2  (4 points)
// says: Your webhook refuses the Pod: no proxy
Exercise.Check("03-api-server/2", (AdmissionReview review) =>
{
    var pod = (Pod)review.Object!;
    var proxy = new Container { Name = "proxy", Image = "proxy:1.0" };
    if (pod.Metadata.Annotations.Get("proxy") == "no") return WebhookAnswer.Allow;
    return WebhookAnswer.Deny("no proxy");
})
