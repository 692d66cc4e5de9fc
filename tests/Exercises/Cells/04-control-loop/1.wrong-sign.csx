// exercise: 04-control-loop/1  (2 points)
// says: You answer delete 2; it should be create 2
Exercise.Check("04-control-loop/1", (int wanted, Seq<Pod> pods) =>
  pods.Count(p => p.IsActive) - wanted)
