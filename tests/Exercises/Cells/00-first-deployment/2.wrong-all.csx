// exercise: 00-first-deployment/2  (3 points)
// says: nothing is wrong there
Exercise.Check("00-first-deployment/2", (Cluster c) => c.List<Pod>().All(p => p.IsReady))
