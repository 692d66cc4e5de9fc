// exercise: 04-control-loop/4  (3 points, optional)
// says: it has no node yet, so nobody uses it
Exercise.Check("04-control-loop/4", (Pod a, Pod b) =>
  b.Metadata.CreationTimestamp!.Value.CompareTo(a.Metadata.CreationTimestamp!.Value))
