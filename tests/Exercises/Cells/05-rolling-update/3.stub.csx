// exercise: 05-rolling-update/3  (4 points)
// Deployment web: back to the newest version that still has available Pods.
Exercise.Check("05-rolling-update/3", (Cluster c) =>
{
    Todo.Here();   // YOUR CODE
})
