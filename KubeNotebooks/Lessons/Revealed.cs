namespace KubeNotebooks;

/// <summary>A prediction beside what came. It shows itself in a notebook.</summary>
/// <param name="Prediction">What was predicted; null when nothing was.</param>
/// <param name="Came">What came.</param>
public sealed record Revealed(string? Prediction, object? Came)
{
    private string Predicted => Prediction ?? "(no prediction: run the Predict cell first)";

    /// <summary>Both in plain text.</summary>
    public override string ToString() =>
        $"You predicted: {Predicted}\nIt came: {Shown.Text(Came)}";

    /// <summary>Both as a notebook shows them.</summary>
    public string ToHtml() => $"<p><b>You predicted:</b> {Markup.Escape(Predicted)}</p>"
        + $"<p><b>It came:</b></p><div>{Snapshot.Of(Came)?.Html}</div>";
}
