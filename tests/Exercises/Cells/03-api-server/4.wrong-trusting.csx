// exercise: 03-api-server/4  (6 points, optional)
// says: ann=seat,free=3
Exercise.Check("03-api-server/4", (Func<ApiRequest, ApiResponse> send, string who) =>
{
    var path = new ResourcePath(Kinds.ConfigMap, "default", "seats");
    var seats = (ConfigMap)send(new(Verb.Get, path)).EnsureSuccess().Object!;
    if (seats.Data.ContainsKey(who)) return true;
    while (true)
    {
        seats = (ConfigMap)send(new(Verb.Get, path)).EnsureSuccess().Object!;
        var left = int.Parse(seats.Data["free"]) - 1;
        if (left < 0) return false;
        var booked = seats with { Data = seats.Data.Set("free", $"{left}").Set(who, "seat") };
        var answer = send(new(Verb.Update, path) { Body = new Payload.Typed(booked) });
        if (answer.Code is not (409 or 504)) return answer.EnsureSuccess().IsSuccess;
    }
})
