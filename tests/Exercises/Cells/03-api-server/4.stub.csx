// exercise: 03-api-server/4  (6 points, optional)
// In data of ConfigMap seats: one less is free, and who=seat stands there. True when who has one.
// send answers with a code: 409 conflict, 504 nobody knows, anything else above 400 is final.
Exercise.Check("03-api-server/4", (Func<ApiRequest, ApiResponse> send, string who) =>
{
    var path = new ResourcePath(Kinds.ConfigMap, "default", "seats");
    var seats = (ConfigMap)send(new(Verb.Get, path)).EnsureSuccess().Object!;
    // YOUR CODE: decide, write with new ApiRequest(Verb.Update, path) { Body = new Payload.Typed(…) }
    return Todo.Bool();
})
