using System.Runtime.CompilerServices;

namespace KubeSim;

/// <summary>Remembers what a function made of the last pod specs, by reference. The pods of a
/// ReplicaSet come with one spec in common: its defaults are filled in once, it is validated once,
/// and all its pods go on sharing it.</summary>
/// <remarks>The function must depend on nothing but the spec, so that forgetting never shows: which
/// specs are remembered hangs on where they lie in memory.</remarks>
internal sealed class PodSpecMemo(Func<PodSpec, PodSpec> function)
{
    private const int Size = 1024;

    private readonly (PodSpec? Key, PodSpec? Value)[] slots = new (PodSpec?, PodSpec?)[Size];

    public PodSpec this[PodSpec spec]
    {
        get
        {
            ref var slot = ref slots[RuntimeHelpers.GetHashCode(spec) & (Size - 1)];
            if (!ReferenceEquals(slot.Key, spec))
            {
                slot = (spec, function(spec));
            }
            return slot.Value!;
        }
    }

    public void Clear() => Array.Clear(slots);
}
