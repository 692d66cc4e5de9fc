// exercise: 03-api-server/3  (3 points)
// says: you make colour=red,size=large
Exercise.Check("03-api-server/3", (Map<string> last, Map<string> manifest, Map<string> live) =>
  manifest.SetAll(live))
