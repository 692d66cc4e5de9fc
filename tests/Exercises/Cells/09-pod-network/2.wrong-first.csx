// exercise: 09-pod-network/2  (4 points)
// says: the one with the longest prefix
// The route of a packet to a destination; null when there is none.
Exercise.Check("09-pod-network/2", (Seq<NetRoute> routes, string destination) =>
  routes.FirstOrDefault(r => r.To.Contains(Ipv4Range.Parse(destination).First)))
