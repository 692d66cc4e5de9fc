// exercise: 05-rolling-update/4  (3 points)
// True as long as Deployment web keeps between its floor and its ceiling.
Exercise.Check("05-rolling-update/4", (Cluster c) =>
  Todo.Bool())   // YOUR CODE
