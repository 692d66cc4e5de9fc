// exercise: 04-control-loop/4  (3 points, optional)
// says: it is not ready, so it serves nobody
Exercise.Check("04-control-loop/4", (Pod a, Pod b) =>
  a.IsScheduled.CompareTo(b.IsScheduled) is var n and not 0 ? n
  : -(a.IsReady.CompareTo(b.IsReady) is var r and not 0 ? r : 0))
