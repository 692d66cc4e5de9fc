// exercise: 03-api-server/3  (3 points)
// says: The manifest has said size before, and says it no longer
Exercise.Check("03-api-server/3", (Map<string> last, Map<string> manifest, Map<string> live) =>
  live.SetAll(manifest))
