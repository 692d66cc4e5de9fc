// exercise: 02-etcd/1  (4 points)
// says: Operation cannot be fulfilled on configmaps "counter"
Exercise.Check("02-etcd/1", (Func<ConfigMap> read, Action<ConfigMap> write) =>
{
    var map = read();
    var count = int.Parse(map.Data["count"]) + 1;
    write(map with { Data = map.Data.Set("count", $"{count}") });
})
