namespace KubeSim;

/// <summary>The kinds that a cluster knows.</summary>
public sealed class KindRegistry
{
}
