// exercise: 03-api-server/3  (3 points)
// The new state, from what was applied last, what the manifest says now, and what is there.
Exercise.Check("03-api-server/3", (Map<string> last, Map<string> manifest, Map<string> live) =>
  Todo.Of<Map<string>>())   // YOUR CODE
