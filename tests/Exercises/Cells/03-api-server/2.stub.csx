// exercise: 03-api-server/2  (4 points)
// Adds a container proxy of the image proxy:1.0 to a Pod that has none,
// unless its annotation proxy says "no".
Exercise.Check("03-api-server/2", (AdmissionReview review) =>
{
    var pod = (Pod)review.Object!;
    var proxy = new Container { Name = "proxy", Image = "proxy:1.0" };
    return Todo.Of<WebhookAnswer>();   // YOUR CODE
})
