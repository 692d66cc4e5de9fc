// exercise: 00-first-deployment/3  (3 points)
// says: You count 4 on node-1, and 2 of the 2 Pods there are Ready
Exercise.Check("00-first-deployment/3", (Cluster c, string node) =>
  c.List<Pod>().Count(p => p.IsReady))
