// exercise: 02-etcd/1  (4 points)
// says: Somebody's count was overwritten
Exercise.Check("02-etcd/1", (Func<ConfigMap> read, Action<ConfigMap> write) =>
{
    var map = read();
    var count = int.Parse(map.Data["count"]) + 1;
    write(map with
    {
        Metadata = map.Metadata with { ResourceVersion = default },
        Data = map.Data.Set("count", $"{count}"),
    });
})
