using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace KubeSim;

/// <summary>What <c>etcdutl snapshot status</c> tells of a snapshot.</summary>
public sealed record EtcdSnapshotStatus(string Hash, long Revision, int TotalKeys, int TotalSize);

/// <summary>
/// A snapshot of etcd as bytes: the keys with their values at one revision, and the SHA-256 of all
/// that at the end, so that a damaged copy is found before anything is overwritten with it. The
/// real file is the database itself; here it is a line of JSON a key.
/// <para>A snapshot is a backup of what people wanted, not of what runs: whatever was done since is
/// forgotten by the cluster and not undone in the world. Hence the order in life: stop every API
/// server, restore, start etcd, then the API servers, then restart all that keeps a cache. A cache
/// that is not thrown away believes in a future that never was: therefore
/// <c>--bump-revision --mark-compacted</c>, which makes every old watch fail and list anew.</para>
/// Models server/storage/backend and etcdutl/snapshot/v3_snapshot.go.
/// </summary>
internal static class EtcdSnapshot
{
    // Written before the keys; a key's line is its EtcdKeyValue.
    private sealed record Header(long Revision, int Keys);

    public static byte[] Save(EtcdStore store)
    {
        var keys = store.Range("");
        var text = new StringBuilder();
        text.Append(Line(new Header(store.Head.Value, keys.Count)));
        foreach (var key in keys)
        {
            text.Append(Line(key));
        }
        var bytes = Encoding.UTF8.GetBytes(text.ToString());
        return [.. bytes, .. SHA256.HashData(bytes)];
    }

    /// <summary>The keys of a snapshot, once its hash is right.</summary>
    /// <exception cref="EtcdException">The bytes are not what was saved.</exception>
    public static (EtcdSnapshotStatus Status, Seq<EtcdKeyValue> Keys) Read(byte[] snapshot)
    {
        if (snapshot.Length <= SHA256.HashSizeInBytes)
        {
            throw new EtcdException("snapshot missing hash but --skip-hash-check=false");
        }
        var body = snapshot.AsSpan(0, snapshot.Length - SHA256.HashSizeInBytes);
        var hash = SHA256.HashData(body);
        var told = snapshot[body.Length..];
        if (!told.AsSpan().SequenceEqual(hash))
        {
            throw new EtcdException(
                $"expected sha256 [{string.Join(' ', told)}], got [{string.Join(' ', hash)}]");
        }
        var lines = Encoding.UTF8.GetString(body)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var header = JsonSerializer.Deserialize<Header>(lines[0], Json.Options)!;
        var status = new EtcdSnapshotStatus(Convert.ToHexStringLower(hash.AsSpan(0, 4)),
            header.Revision, header.Keys, snapshot.Length);
        return (status, lines.Skip(1)
            .Select(line => JsonSerializer.Deserialize<EtcdKeyValue>(line, Json.Options)!).ToSeq());
    }

    private static string Line<T>(T value) => JsonSerializer.Serialize(value, Json.Options) + "\n";
}
