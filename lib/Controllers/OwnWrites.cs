namespace KubeSim;

/// <summary>What a controller has just written, until its watch shows it: a binding is four writes
/// to two objects, and whoever forgets the first before it sees it makes it twice.</summary>
/// <remarks>Models the local cache of pkg/controller/volume/persistentvolume.</remarks>
internal sealed class OwnWrites
{
    private readonly Dictionary<ObjectKey, ApiObject> written = [];

    /// <summary>The newer of what the watch shows and what was written.</summary>
    public T Latest<T>(T seen)
        where T : ApiObject
    {
        if (!written.TryGetValue(seen.Key, out var own) || own.Metadata.Uid != seen.Metadata.Uid)
        {
            return seen;
        }
        if (own.Metadata.ResourceVersion.Value > seen.Metadata.ResourceVersion.Value)
        {
            return (T)own;
        }
        written.Remove(seen.Key);
        return seen;
    }

    /// <summary>Keeps what the API server answered to a write.</summary>
    public T Keep<T>(T answer)
        where T : ApiObject
    {
        written[answer.Key] = answer;
        return answer;
    }

    /// <summary>The object is gone.</summary>
    public void Forget(ObjectKey key) => written.Remove(key);
}
