// exercise: 00-first-deployment/3  (3 points)
// How many Pods on the node are ready to serve?
Exercise.Check("00-first-deployment/3", (Cluster c, string node) =>
  Todo.Of<int>())   // YOUR CODE
