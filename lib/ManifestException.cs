namespace KubeSim;

/// <summary>A manifest that cannot be read: every error with its line and column.</summary>
public sealed class ManifestException : Exception
{
    internal ManifestException(Seq<ManifestError> errors)
        : base(string.Join("\n", errors)) => Errors = errors;

    /// <summary>The errors, in the order of the text.</summary>
    public Seq<ManifestError> Errors { get; }

    /// <summary>The errors as HTML, for a notebook.</summary>
    public string ToHtml() => Html.Of(this);
}
