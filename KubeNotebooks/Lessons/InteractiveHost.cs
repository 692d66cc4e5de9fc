using System.Reflection;

namespace KubeNotebooks;

/// <summary>.NET Interactive (Polyglot Notebooks, Jupyter), when a cell runs in it. It is found by
/// name: it brings itself, and nothing here needs it elsewhere.</summary>
internal sealed class InteractiveHost : INotebookHost
{
    private const string Kernel = "Microsoft.DotNet.Interactive.";

    private readonly object context;
    private readonly MethodInfo display;

    private InteractiveHost(object context, MethodInfo display) =>
        (this.context, this.display) = (context, display);

    public string Name => ".NET Interactive";

    public string? NotebookPath => null;

    /// <summary>The host, when a cell runs in it now; null elsewhere.</summary>
    public static InteractiveHost? Find()
    {
        foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies())
        {
            if (assembly.GetType($"{Kernel}KernelInvocationContext") is { } type
                && type.GetProperty("Current")?.GetValue(null) is { } context
                && assembly.GetType($"{Kernel}KernelInvocationContextExtensions")?.GetMethod(
                    "Display", [type, typeof(object), typeof(string[])]) is { } display)
            {
                return new(context, display);
            }
        }
        return null;
    }

    public IShownValue Show(object? value) =>
        new ShownValue(display.Invoke(null, [context, value, Array.Empty<string>()])!);

    private sealed class ShownValue(object displayed) : IShownValue
    {
        public void Update(object? value) =>
            displayed.GetType().GetMethod("Update", [typeof(object)])!.Invoke(displayed, [value]);
    }
}
