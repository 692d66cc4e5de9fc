// why: a Pod that is on its way out is no replica any more: it counts for neither bound
// exercise: 05-rolling-update/4  (3 points)
// True as long as Deployment web keeps between its floor and its ceiling.
Exercise.Check("05-rolling-update/4", (Cluster c) =>
  c.Get<Deployment>("web") is var web
  && c.List<Pod>().Count(p => p.IsActive && p.IsReady) >= web.MinAvailable
  && c.List<Pod>().Count(p => p.IsActive) <= web.Wanted + web.MaxSurge)
