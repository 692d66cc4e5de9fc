// exercise: 08-self-healing/3  (5 points)
// Deployment web of 6. Which is dead: deployment-controller, replicaset-controller,
// default-scheduler, or kubelet/NODE?
Exercise.Check("08-self-healing/3", (Cluster c) =>
{
    return Todo.Text();   // YOUR CODE
})
