// exercise: 02-etcd/1  (4 points)
// Add 1 to data.count of the ConfigMap that read() gives, and write() it back.
// Others do the same, at the same time.
Exercise.Check("02-etcd/1", (Func<ConfigMap> read, Action<ConfigMap> write) =>
{
    Todo.Here();   // YOUR CODE
})
