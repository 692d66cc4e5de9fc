// exercise: 04-control-loop/1  (2 points)
// says: one of them terminating
Exercise.Check("04-control-loop/1", (int wanted, Seq<Pod> pods) =>
  wanted - pods.Count)
