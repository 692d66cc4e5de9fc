// exercise: 11-when-things-go-wrong/5  (7 points, optional)
// Nobody gets an answer from Service shop (Pods of Deployment shop, container app). Why: "image",
// "crash", "memory", "probe" (liveness kills it), "schedule", "selector", or "port" (targetPort)?
Exercise.Check("11-when-things-go-wrong/5", (Cluster c) =>
{
    return Todo.Text();   // YOUR CODE
})
