// exercise: 03-api-server/4  (6 points, optional)
// says: Both must have their seat. The ConfigMap holds ann=seat,free=4
Exercise.Check("03-api-server/4", (Func<ApiRequest, ApiResponse> send, string who) =>
{
    var path = new ResourcePath(Kinds.ConfigMap, "default", "seats");
    while (true)
    {
        var seats = (ConfigMap)send(new(Verb.Get, path)).EnsureSuccess().Object!;
        if (seats.Data.ContainsKey(who)) return true;
        var left = int.Parse(seats.Data["free"]) - 1;
        if (left < 0) return false;
        seats = seats with { Metadata = seats.Metadata with { ResourceVersion = default } };
        var booked = seats with { Data = seats.Data.Set("free", $"{left}").Set(who, "seat") };
        var answer = send(new(Verb.Update, path) { Body = new Payload.Typed(booked) });
        if (answer.Code is not (409 or 504)) return answer.EnsureSuccess().IsSuccess;
    }
})
