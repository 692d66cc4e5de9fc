// exercise: 05-rolling-update/4  (3 points)
// says: not those that are on their way out
// True as long as Deployment web keeps between its floor and its ceiling.
Exercise.Check("05-rolling-update/4", (Cluster c) =>
  c.Get<Deployment>("web") is var web
  && c.List<Pod>().Count(p => p.IsReady) >= web.MinAvailable
  && c.List<Pod>().Count <= web.Wanted + web.MaxSurge)
