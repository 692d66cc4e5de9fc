// why: whoever read an old revision has computed from an old count; only a fresh read makes a
// why: second try worth anything. Every other refusal is for the caller to hear.
// exercise: 02-etcd/1  (4 points)
Exercise.Check("02-etcd/1", (Func<ConfigMap> read, Action<ConfigMap> write) =>
{
    while (true)
    {
        var map = read();
        var count = int.Parse(map.Data["count"]) + 1;
        try
        {
            write(map with { Data = map.Data.Set("count", $"{count}") });
            return;
        }
        catch (ApiException e) when (e.IsConflict) { }   // somebody was faster: once more
    }
})
