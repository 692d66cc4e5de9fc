namespace KubeSim;

/// <summary>What the API server answers. A refusal is an answer too: <see cref="Status"/> says
/// why.</summary>
/// <param name="Code">The HTTP status code, such as 201.</param>
public sealed record ApiResponse(int Code)
{
    /// <summary>The object that was read, written or deleted; null when there is none to
    /// show.</summary>
    public ApiObject? Object { get; init; }

    /// <summary>The objects of a list, ordered by namespace and name; null for other
    /// answers.</summary>
    public IReadOnlyList<ApiObject>? Items { get; init; }

    /// <summary>Where a list stands and goes on; null for other answers.</summary>
    public ListMeta? List { get; init; }

    /// <summary>The watch to pull events from; null for other answers.</summary>
    public Watch? Watch { get; init; }

    /// <summary>Why a request was refused, or that it succeeded without an object to
    /// show.</summary>
    public Status? Status { get; init; }

    /// <summary>The revision of the write; 0 when nothing was written.</summary>
    public Revision Revision { get; init; }

    /// <summary>What the server wants the client to know although it obeyed.</summary>
    public Seq<string> Warnings { get; init; }

    /// <summary>True when the request was carried out.</summary>
    public bool IsSuccess => Code < 400;

    /// <summary>This answer when the request was carried out.</summary>
    /// <exception cref="ApiException">The request was refused.</exception>
    public ApiResponse EnsureSuccess() => IsSuccess ? this : throw new ApiException(Status!);

    /// <summary>The code and, of a refusal, why.</summary>
    public override string ToString() =>
        IsSuccess ? $"{Code}" : $"{Code} {Status?.Reason}: {Status?.Message}";

    /// <summary>A refusal as an answer.</summary>
    public static implicit operator ApiResponse(Status status) =>
        new(status.Code) { Status = status };

    /// <summary>A refusal, not thrown, as an answer.</summary>
    public static implicit operator ApiResponse(ApiException refusal) => refusal.Status;
}

/// <summary>What a list says of itself.</summary>
/// <param name="ResourceVersion">The revision that the list shows.</param>
/// <param name="Continue">Where to go on; null when the list is complete.</param>
/// <param name="RemainingItemCount">The objects to come; null when nobody counted.</param>
public sealed record ListMeta(
    Revision ResourceVersion, string? Continue = null, long? RemainingItemCount = null);
