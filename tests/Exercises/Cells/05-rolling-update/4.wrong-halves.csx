// exercise: 05-rolling-update/4  (3 points)
// says: and your claim still holds
// True as long as Deployment web keeps between its floor and its ceiling.
Exercise.Check("05-rolling-update/4", (Cluster c) =>
  c.List<Pod>().Count(p => p.IsActive) is >= 8 and <= 13)
