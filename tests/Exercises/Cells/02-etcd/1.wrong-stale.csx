// exercise: 02-etcd/1  (4 points)
// says: Writing the same again cannot help: read again first.
Exercise.Check("02-etcd/1", (Func<ConfigMap> read, Action<ConfigMap> write) =>
{
    var map = read();
    var count = int.Parse(map.Data["count"]) + 1;
    while (true)
    {
        try { write(map with { Data = map.Data.Set("count", $"{count}") }); return; }
        catch (ApiException e) when (e.IsConflict) { }
    }
})
