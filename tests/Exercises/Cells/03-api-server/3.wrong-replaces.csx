// exercise: 03-api-server/3  (3 points)
// says: Somebody has added reviewed, which no manifest ever named.
Exercise.Check("03-api-server/3", (Map<string> last, Map<string> manifest, Map<string> live) =>
  manifest)
