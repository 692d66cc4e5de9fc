// exercise: 04-control-loop/1  (2 points)
// Above 0: create so many. Below 0: delete so many.
Exercise.Check("04-control-loop/1", (int wanted, Seq<Pod> pods) =>
  Todo.Of<int>())   // YOUR CODE
