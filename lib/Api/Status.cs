namespace KubeSim;

/// <summary>What the API server answers when it does not answer with an object: success, or the
/// reason of a refusal, word for word as <c>metav1.Status</c>.</summary>
public sealed record Status : ApiPart
{
    /// <summary>The HTTP status code, such as 409.</summary>
    public int Code { get; init; }

    /// <summary>The reason as one word, such as <c>Conflict</c>; null for success.</summary>
    public string? Reason { get; init; }

    /// <summary>The sentence that kubectl prints.</summary>
    public string? Message { get; init; }

    /// <summary>The object and the causes, for programs.</summary>
    public StatusDetails? Details { get; init; }

    /// <summary>True when the request was carried out.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsSuccess => Code < 400;
}

/// <summary>What a refusal was about.</summary>
public sealed record StatusDetails : ApiPart
{
    /// <summary>The name of the object.</summary>
    public string? Name { get; init; }

    /// <summary>The API group of the resource.</summary>
    public string? Group { get; init; }

    /// <summary>The kind (of invalid objects) or resource (otherwise).</summary>
    public string? Kind { get; init; }

    /// <summary>The UID of the object.</summary>
    public string? Uid { get; init; }

    /// <summary>The single causes: a field error each.</summary>
    public Seq<StatusCause> Causes { get; init; }

    /// <summary>How long a client should wait before it tries again, in seconds.</summary>
    public int? RetryAfterSeconds { get; init; }
}

/// <summary>One cause of a refusal.</summary>
public sealed record StatusCause : ApiPart
{
    /// <summary>The reason as one word, such as <c>FieldValueInvalid</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>The sentence.</summary>
    public string? Message { get; init; }

    /// <summary>The path of the field, such as <c>spec.replicas</c>.</summary>
    public string? Field { get; init; }
}

/// <summary>A request that the API server refused, or that did not reach it. The status says why;
/// see <see cref="ApiErrors"/> for the well-known ones.</summary>
public sealed class ApiException(Status status) : Exception(status.Message)
{
    /// <summary>The refusal as the server worded it.</summary>
    public Status Status { get; } = status;

    /// <summary>The refusal as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);

    /// <summary>True for 404: there is no such object.</summary>
    public bool IsNotFound => Status.Code == 404;

    /// <summary>True for 409 AlreadyExists: the name is taken.</summary>
    public bool IsAlreadyExists => Status.Reason == "AlreadyExists";

    /// <summary>True for 409 Conflict: somebody wrote in between.</summary>
    public bool IsConflict => Status.Reason == "Conflict";
}
