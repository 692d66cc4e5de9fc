using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KubeSim;

/// <summary>
/// Ranges that are leased in etcd, as flanneld has them with --etcd-endpoints: no Kubernetes is
/// needed. Somebody writes the network to <c>/coreos.com/network/config</c>; each flanneld picks
/// one of the free ranges and writes who has it to <c>/coreos.com/network/subnets/</c>, tied to a
/// lease of etcd of 24 hours. All watch these keys.
/// <para>Worked: 10.244.0.0/16 in ranges of 24 bits is 10.244.1.0 to 10.244.255.0. The first
/// hundred that nobody has are the candidates and chance picks one: <c>10.244.57.0-24</c> holds
/// <c>{"PublicIP":"172.18.0.2","PublicIPv6":null,"BackendType":"vxlan",…}</c>. After 23 hours it is
/// written again under a new lease; the old one runs out an hour later, with no key left. When
/// etcd does not answer, it tries again each minute. A node that is dead for a day loses its
/// range, and the others take away the way to it.</para>
/// <para>A flanneld that starts takes the range that stands under its address; else the one of its
/// subnet.env if nobody has it. When its key goes while it runs, it shuts down, and whoever keeps
/// it running starts it anew.</para>
/// Models github.com/flannel-io/flannel pkg/subnet/etcd.
/// </summary>
internal sealed class EtcdSubnets(string node) : ISubnetManager
{
    private const string Prefix = "/coreos.com/network/";
    private const string Leases = Prefix + "subnets/";
    private const int Candidates = 100;

    // --subnet-lease-renew-margin
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(60);
    private static readonly TimeSpan Ttl = TimeSpan.FromHours(24);

    private FlannelConfig? config;
    private Ipv4Range? own;
    private DateTime expires;
    private Revision written;
    private bool complained;

    /// <summary>Where the network stands.</summary>
    public const string ConfigKey = Prefix + "config";

    public static Seq<Watched> Watches(string node, bool isMany) =>
    [
        Watched.OnNode<Node>(),
        new(EtcdKeys.Raw)
        {
            OnDemand = isMany,
            KeyOf = o => o.Metadata.Name.StartsWith(Leases, StringComparison.Ordinal)
                ? new(Kinds.Node, "", node) : null,
        },
    ];

    public FlannelConfig Config(ReconcileContext api) => config!;

    public Ipv4Range? Own(Node self, ReconcileContext api) => own;

    public IEnumerable<FlannelLease> Others(Node self, ReconcileContext api) =>
        api.List(EtcdKeys.Raw, null).Select(o => Read(o.Metadata.Name, EtcdKeys.Encode(o)))
            .OfType<FlannelLease>().Where(l => l.Range != own);

    public Result? Acquire(Node self, ReconcileContext api)
    {
        if (own is null)
        {
            return Take(self, api);
        }
        if (api.Cursor(EtcdKeys.Raw) >= written
            && api.Get(new ObjectKey(EtcdKeys.Raw, "", KeyOf(own.Value))) is null)
        {
            own = null;
            api.Did("Lease has been revoked. Shutting down daemon.");
            api.After(TimeSpan.FromSeconds(1), self.Key);
            return Result.Done;
        }
        return null;
    }

    public bool Complete(Node self, ReconcileContext api)
    {
        if (api.Now < expires - Margin)
        {
            return false;
        }
        try
        {
            Write(own!.Value, self, api, isNew: false);
            api.Did("renewed the lease of {0}", $"{own}");
        }
        catch (EtcdException refusal)
        {
            api.Did("Error renewing lease (trying again in 1 min): {0}", refusal.Message);
            api.After(TimeSpan.FromMinutes(1), self.Key, Pace.Retry);
        }
        return true;
    }

    private Result? Take(Node self, ReconcileContext api)
    {
        var error = api.EtcdRange(ConfigKey) is [var text, ..]
            ? FlannelConfig.Read(text.Value, out config)
            : "flannel config not found in etcd store. Did you create your config using etcdv3 "
                + "API?";
        if (error is not null)
        {
            api.After(TimeSpan.FromSeconds(1), self.Key, Pace.Background);
            api.Did("Couldn't fetch network config: {0}", error);
            (var again, complained) = (complained, true);
            return again ? Result.Idle : Result.Done;
        }
        var taken = api.EtcdRange(Leases).Select(kv => Read(kv.Key, kv.Value))
            .OfType<FlannelLease>().ToList();
        var reused = taken.Find(l => l.PublicIp == self.Address && config!.Takes(l.Range))?.Range;
        var range = reused ?? Previous(api, taken) ?? Pick(taken, api.Random);
        if (range is not { } found)
        {
            return Result.Retry("failed to acquire lease: out of subnets");
        }
        if (!Write(found, self, api, isNew: reused is null))
        {
            return Result.Retry("failed to acquire lease: subnet already exists");
        }
        own = found;
        api.Did(reused is null ? "leased {0} for {1}" : "found the lease of {0} for {1}", $"{own}",
            self.Address);
        return null;
    }

    private Ipv4Range? Previous(ReconcileContext api, List<FlannelLease> taken) =>
        api.World.Machine(node).Kernel<MachineNetwork>().Leased is { } last
            && config!.Takes(last) && !taken.Exists(l => l.Range == last) ? last : null;

    private Ipv4Range? Pick(List<FlannelLease> taken, Prng random)
    {
        var free = config!.All.Where(r => !taken.Exists(l =>
            l.Range.Contains(r.First) || r.Contains(l.Range.First))).Take(Candidates).ToArray();
        return free.Length == 0 ? null : free[random.Next(free.Length)];
    }

    // A lease of its own each time; the one before runs out with no key.
    private bool Write(Ipv4Range range, Node self, ReconcileContext api, bool isNew)
    {
        var key = KeyOf(range);
        var lease = api.EtcdGrant(Ttl);
        var done = api.EtcdTxn(isNew ? [new(key, 0)] : [],
            [EtcdOp.Put(key, ValueOf(self)) with { Lease = lease }]);
        if (!done.Succeeded)
        {
            api.EtcdRevoke(lease);
            return false;
        }
        (expires, written) = (api.Now + Ttl, new(done.Responses[0]!.ModRevision));
        api.After(Ttl - Margin, self.Key, Pace.Background);
        return true;
    }

    private string ValueOf(Node self)
    {
        var data = config!.Backend != "vxlan" ? ""
            : $$$""","BackendData":{"VNI":1,"VtepMAC":"{{{Flannel.MacOf(node)}}}"}""";
        return $$$"""{"PublicIP":"{{{self.Address}}}","PublicIPv6":null,"BackendType":"""
            + $"\"{config.Backend}\"{data}}}";
    }

    private static string KeyOf(Ipv4Range range) => string.Create(CultureInfo.InvariantCulture,
        $"{Leases}{range.At(0)}-{range.Length}");

    // What cannot be read is passed over, as flanneld does with a warning.
    private static FlannelLease? Read(string key, string value)
    {
        try
        {
            return key.StartsWith(Leases, StringComparison.Ordinal)
                && Ipv4Range.TryParse(key[Leases.Length..].Replace('-', '/'), out var range)
                && JsonNode.Parse(value) is JsonObject attributes
                && (string?)attributes["PublicIP"] is { } address
                ? new(key, address, range, (string?)attributes["BackendType"] ?? "", address,
                    (string?)attributes["BackendData"]?["VtepMAC"] ?? "") : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
