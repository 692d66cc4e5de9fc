// exercise: 00-first-deployment/3  (3 points)
// says: Their phases: Running, Running
Exercise.Check("00-first-deployment/3", (Cluster c, string node) =>
  c.List<Pod>().Count(p => p.Spec.NodeName == node && p.Status.Phase == "Running"))
