namespace KubeNotebooks;

/// <summary>The start of every notebook.</summary>
public static class Notebook
{
    /// <summary>Makes values show themselves as pictures, and says that all is ready.</summary>
    public static string Start()
    {
        Shown.Register();
        var version = typeof(Notebook).Assembly.GetName().Version!.ToString(3);
        return $"KubeNotebooks {version} is ready: Kubernetes 1.36, simulated.";
    }
}
