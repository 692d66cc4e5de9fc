// exercise: 00-first-deployment/2  (3 points)
// True as long as at least 3 Pods are ready to serve.
Exercise.Check("00-first-deployment/2", (Cluster c) => Todo.Bool())   // YOUR CODE
