// why: only what this manifest once said may be taken away; what it never named is not its to judge
// exercise: 03-api-server/3  (3 points)
Exercise.Check("03-api-server/3", (Map<string> last, Map<string> manifest, Map<string> live) =>
  last.Keys.Aggregate(live, (map, key) => map.Remove(key)).SetAll(manifest))
