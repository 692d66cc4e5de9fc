// why: it counts what serves; Pods that only run, or that are going, are there and do not help
// exercise: 00-first-deployment/2  (3 points)
Exercise.Check("00-first-deployment/2", (Cluster c) => c.List<Pod>().Count(p => p.IsReady) >= 3)
