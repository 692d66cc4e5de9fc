// why: the condition Ready is what the control plane keeps true; the phase is what a kubelet last said
// exercise: 00-first-deployment/3  (3 points)
Exercise.Check("00-first-deployment/3", (Cluster c, string node) =>
  c.List<Pod>().Count(p => p.Spec.NodeName == node && p.IsReady))
