// exercise: 02-etcd/1  (4 points)
// says: whoever called you must learn of it
Exercise.Check("02-etcd/1", (Func<ConfigMap> read, Action<ConfigMap> write) =>
{
    for (var i = 0; i < 10; i++)
    {
        try
        {
            var map = read();
            var count = int.Parse(map.Data["count"]) + 1;
            write(map with { Data = map.Data.Set("count", $"{count}") });
            return;
        }
        catch (ApiException) { }
    }
})
