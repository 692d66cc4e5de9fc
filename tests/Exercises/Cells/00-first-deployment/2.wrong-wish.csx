// exercise: 00-first-deployment/2  (3 points)
// says: it would let this pass
Exercise.Check("00-first-deployment/2", (Cluster c) => c.Get<Deployment>("web").Spec.Replicas == 3)
