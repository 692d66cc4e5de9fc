namespace KubeSim;

/// <summary>How values of this library show themselves in a notebook. The library draws nothing:
/// whoever draws leaves a <c>Func&lt;object, string&gt;</c> in the data of the
/// <see cref="AppContext"/>; without one, HTML is the plain text as it is.</summary>
internal static class Html
{
    private const string Renderer = "KubeSim.Html";

    public static string Of(object value) =>
        AppContext.GetData(Renderer) is Func<object, string> render ? render(value)
            : $"<pre>{System.Net.WebUtility.HtmlEncode($"{value}")}</pre>";
}
