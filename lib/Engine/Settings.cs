using System.Globalization;

namespace KubeSim;

/// <summary>A flag of a real component that the simulator gives effect to.</summary>
/// <param name="Component">The binary: <c>kube-controller-manager</c>.</param>
/// <param name="Name">Without its dashes: <c>node-monitor-grace-period</c>.</param>
/// <param name="Default">As the binary's <c>--help</c> prints it.</param>
public abstract record Setting(string Component, string Name, string Default)
{
    /// <summary>What it takes: <c>a duration such as 40s</c>.</summary>
    public abstract string Takes { get; }

    /// <summary>The value that a text means; null when it means none.</summary>
    internal abstract object? Read(string text);

    /// <summary><c>kube-controller-manager.node-monitor-grace-period</c>.</summary>
    public sealed override string ToString() => $"{Component}.{Name}";
}

/// <summary>A flag with values of a type.</summary>
/// <param name="Component">The binary.</param>
/// <param name="Name">Without its dashes.</param>
/// <param name="Default">As the binary's <c>--help</c> prints it.</param>
/// <param name="Takes">What it takes.</param>
/// <param name="Parse">The value of a text, or null.</param>
public sealed record Setting<T>(string Component, string Name, string Default, string Takes,
    Func<string, object?> Parse) : Setting(Component, Name, Default)
{
    /// <inheritdoc/>
    public override string Takes { get; } = Takes;

    /// <summary>What the flag is when nobody sets it.</summary>
    public T Usual { get; } = (T)Parse(Default)!;

    internal override object? Read(string text) => Parse(text);
}

/// <summary>By what kube-proxy makes Services work (--proxy-mode).</summary>
public enum ProxyMode
{
    /// <summary>Rules of the packet filter that pick an endpoint by chance: the default.</summary>
    Iptables,

    /// <summary>Virtual servers of the kernel. Deprecated since 1.35.</summary>
    Ipvs,

    /// <summary>kube-proxy itself takes each connection and opens another. History: removed in
    /// 1.26.</summary>
    Userspace,
}

/// <summary>Which container runtime a kubelet has (--container-runtime-endpoint).</summary>
public enum RuntimeKind
{
    /// <summary>containerd, by its own CRI plugin: the default.</summary>
    Containerd,

    /// <summary>CRI-O.</summary>
    CriO,

    /// <summary>Docker Engine behind cri-dockerd: what dockershim was inside the kubelet before
    /// 1.24.</summary>
    Docker,
}

/// <summary>
/// The flags of the real components, one table: a flag is set as the binary takes it and has the
/// effect that it has there. What has no flag but a field of a configuration file (the scheduler's)
/// has the field's name.
/// <para>Worked: <c>kube-controller-manager.node-monitor-grace-period</c> is 50 s, so that a node
/// that dies is NotReady 40 to 55 s later; set to 20s, 10 to 25 s later.</para>
/// </summary>
public static class KnownFlags
{
    private const string Manager = "kube-controller-manager";
    private const string CloudManager = "cloud-controller-manager";
    private const string Gate = "MaxUnavailableStatefulSet=";

    /// <summary>How often the node life-cycle controller looks.</summary>
    public static Setting<TimeSpan> NodeMonitorPeriod { get; } =
        Span(Manager, "node-monitor-period", "5s", positive: true);

    /// <summary>How long a node may be silent before it is NotReady.</summary>
    public static Setting<TimeSpan> NodeMonitorGracePeriod { get; } =
        Span(Manager, "node-monitor-grace-period", "50s");

    /// <summary>How long a node that was never heard of may be silent.</summary>
    public static Setting<TimeSpan> NodeStartupGracePeriod { get; } =
        Span(Manager, "node-startup-grace-period", "1m0s");

    /// <summary>How many nodes a second of a healthy zone may be emptied.</summary>
    public static Setting<double> NodeEvictionRate { get; } =
        Number(Manager, "node-eviction-rate", "0.1");

    /// <summary>The same for a zone that is largely lost, in a large cluster.</summary>
    public static Setting<double> SecondaryNodeEvictionRate { get; } =
        Number(Manager, "secondary-node-eviction-rate", "0.01");

    /// <summary>The share of lost nodes from which a zone counts as largely lost.</summary>
    public static Setting<double> UnhealthyZoneThreshold { get; } =
        Number(Manager, "unhealthy-zone-threshold", "0.55");

    /// <summary>Up to how many nodes a cluster is small: a zone that is largely lost is then not
    /// emptied at all.</summary>
    public static Setting<int> LargeClusterSizeThreshold { get; } =
        Count(Manager, "large-cluster-size-threshold", "50");

    /// <summary>The range of all pods' addresses: of 10.244.0.0/16 each node gets a /24. A cluster
    /// of more nodes than that has room for is given a wider one, unless somebody set it.</summary>
    public static Setting<string> ClusterCidr { get; } =
        Range(Manager, "cluster-cidr", "10.244.0.0/16");

    /// <summary>The length of the range of each node's pods.</summary>
    public static Setting<int> NodeCidrMaskSize { get; } =
        Count(Manager, "node-cidr-mask-size", "24", 8, 30);

    /// <summary>The most endpoints in an EndpointSlice.</summary>
    public static Setting<int> MaxEndpointsPerSlice { get; } =
        Count(Manager, "max-endpoints-per-slice", "100", 1, 1000);

    /// <summary>Whether volumes stay with a node that is not ready until somebody vouches that it
    /// is off; else they are taken from it after six minutes.</summary>
    public static Setting<bool> DisableForceDetach { get; } =
        Switch(Manager, "disable-force-detach-on-timeout", "false");

    /// <summary>How often autoscalers are looked at.</summary>
    public static Setting<TimeSpan> HpaSyncPeriod { get; } =
        Span(Manager, "horizontal-pod-autoscaler-sync-period", "15s", positive: true);

    /// <summary>For how long back the highest proposal of an autoscaler counts.</summary>
    public static Setting<TimeSpan> HpaDownscaleStabilization { get; } =
        Span(Manager, "horizontal-pod-autoscaler-downscale-stabilization", "5m0s");

    /// <summary>By which share a metric may be off its target.</summary>
    public static Setting<double> HpaTolerance { get; } =
        Number(Manager, "horizontal-pod-autoscaler-tolerance", "0.1");

    /// <summary>For how long after its start a pod's CPU counts only while it is
    /// ready.</summary>
    public static Setting<TimeSpan> HpaCpuInitialization { get; } =
        Span(Manager, "horizontal-pod-autoscaler-cpu-initialization-period", "5m0s");

    /// <summary>Until when after its start a pod that is not ready is taken never to have been
    /// so.</summary>
    public static Setting<TimeSpan> HpaInitialReadiness { get; } =
        Span(Manager, "horizontal-pod-autoscaler-initial-readiness-delay", "30s");

    /// <summary>How many keys a controller works on at a time, by controller.</summary>
    public static Map<Setting<int>> ConcurrentSyncs { get; } = Map.Of(
        ("deployment-controller", Syncs("concurrent-deployment-syncs", "5")),
        ("replicaset-controller", Syncs("concurrent-replicaset-syncs", "5")),
        ("job-controller", Syncs("concurrent-job-syncs", "5")),
        ("cronjob-controller", Syncs("concurrent-cron-job-syncs", "5")),
        ("ttl-after-finished-controller", Syncs("concurrent-ttl-after-finished-syncs", "5")),
        ("horizontal-pod-autoscaler-controller",
            Syncs("concurrent-horizontal-pod-autoscaler-syncs", "5")),
        ("endpoint-controller", Syncs("concurrent-endpoint-syncs", "5")),
        ("endpointslice-controller", Syncs("concurrent-service-endpoint-syncs", "5")),
        ("generic-garbage-collector", Syncs("concurrent-gc-syncs", "20")),
        ("namespace-controller", Syncs("concurrent-namespace-syncs", "10")),
        ("service-lb-controller", Syncs("concurrent-service-syncs", "1")));

    /// <summary>How long a pod waits for a change before the scheduler tries it anyway.</summary>
    public static Setting<TimeSpan> PodMaxUnschedulable { get; } = Span("kube-scheduler",
        "pod-max-in-unschedulable-pods-duration", "5m0s");

    /// <summary>The scheduler's back-off after the first failure of a pod, in seconds.</summary>
    public static Setting<int> PodInitialBackoff { get; } =
        Count("kube-scheduler", "podInitialBackoffSeconds", "1", 1);

    /// <summary>The scheduler's longest back-off, in seconds.</summary>
    public static Setting<int> PodMaxBackoff { get; } =
        Count("kube-scheduler", "podMaxBackoffSeconds", "10", 1);

    /// <summary>How much of a large cluster the scheduler looks at; 0: it decides.</summary>
    public static Setting<int> PercentageOfNodesToScore { get; } =
        Count("kube-scheduler", "percentageOfNodesToScore", "0", 0, 100);

    /// <summary>How often the cloud is asked about nodes that are not ready.</summary>
    public static Setting<TimeSpan> CloudNodeMonitorPeriod { get; } =
        Span(CloudManager, "node-monitor-period", "5s", positive: true);

    /// <summary>How often the nodes' addresses are compared with the cloud's.</summary>
    public static Setting<TimeSpan> CloudNodeStatusFrequency { get; } =
        Span(CloudManager, "node-status-update-frequency", "5m0s", positive: true);

    /// <summary>How often the cloud's routes are compared with the nodes.</summary>
    public static Setting<TimeSpan> RouteReconciliationPeriod { get; } =
        Span(CloudManager, "route-reconciliation-period", "10s", positive: true);

    /// <summary><c>external</c>: the nodes are machines of the cloud, whose controllers and driver
    /// for disks run.</summary>
    public static Setting<string> CloudProvider { get; } = new("kubelet", "cloud-provider", "",
        "external, or nothing", text => text is "" or "external" ? text : null);

    /// <summary>How many pods a node takes.</summary>
    public static Setting<int> MaxPods { get; } = Count("kubelet", "max-pods", "110");

    /// <summary>Whether a kubelet pulls one image after the other.</summary>
    public static Setting<bool> SerializeImagePulls { get; } =
        Switch("kubelet", "serialize-image-pulls", "true");

    /// <summary>How many images a kubelet that does not pull them one by one pulls at a time; 0:
    /// any number.</summary>
    public static Setting<int> MaxParallelImagePulls { get; } =
        Count("kubelet", "maxParallelImagePulls", "0");

    /// <summary>How many pulls a second a kubelet asks its runtime for; 0: any number.</summary>
    public static Setting<int> RegistryQps { get; } = Count("kubelet", "registry-qps", "5");

    /// <summary>How many pulls it may ask for at once, if it has asked for none before.</summary>
    public static Setting<int> RegistryBurst { get; } =
        Count("kubelet", "registry-burst", "10", 1);

    /// <summary>Whether a pod must show that it may pull an image which is there already.</summary>
    public static Setting<string> ImagePullCredentialsVerification { get; } = new("kubelet",
        "imagePullCredentialsVerificationPolicy", "NeverVerifyPreloadedImages",
        "NeverVerify, NeverVerifyPreloadedImages or AlwaysVerify (NeverVerifyAllowlistedImages is "
        + "not simulated)", text => text is "NeverVerify" or "NeverVerifyPreloadedImages"
            or "AlwaysVerify" ? text : null);

    /// <summary>By which socket a kubelet reaches its container runtime, and so which it
    /// is.</summary>
    public static Setting<RuntimeKind> ContainerRuntimeEndpoint { get; } = new("kubelet",
        "container-runtime-endpoint", "unix:///run/containerd/containerd.sock",
        "unix:///run/containerd/containerd.sock, unix:///var/run/crio/crio.sock or "
        + "unix:///var/run/cri-dockerd.sock (dockershim went with Kubernetes 1.24)",
        text => (text.StartsWith("unix://", StringComparison.Ordinal) ? text[7..] : text) switch
        {
            "/run/containerd/containerd.sock" => RuntimeKind.Containerd,
            "/var/run/crio/crio.sock" => RuntimeKind.CriO,
            "/var/run/cri-dockerd.sock" => RuntimeKind.Docker,
            _ => null,
        });

    /// <summary>How full a disk gets, in per cent, before images are removed.</summary>
    public static Setting<int> ImageGcHighThreshold { get; } =
        Count("kubelet", "image-gc-high-threshold", "85", 0, 100);

    /// <summary>How full a disk may be, in per cent, after images were removed.</summary>
    public static Setting<int> ImageGcLowThreshold { get; } =
        Count("kubelet", "image-gc-low-threshold", "80", 0, 100);

    /// <summary>How long an image stays before it may be removed.</summary>
    public static Setting<TimeSpan> MinimumImageTtl { get; } =
        Span("kubelet", "minimum-image-ttl-duration", "2m0s");

    /// <summary>After how long an image that nobody uses is removed, however empty the disk; 0:
    /// never.</summary>
    public static Setting<TimeSpan> ImageMaximumGcAge { get; } =
        Span("kubelet", "imageMaximumGCAge", "0s");

    /// <summary>What is kept for the kubelet and the runtime, as
    /// <c>cpu=100m,memory=256Mi</c>.</summary>
    public static Setting<Map<Quantity>> KubeReserved { get; } = Reserved("kube-reserved");

    /// <summary>What is kept for other daemons.</summary>
    public static Setting<Map<Quantity>> SystemReserved { get; } = Reserved("system-reserved");

    /// <summary>Below which amounts pods are evicted at once. The binary's own default is
    /// <c>imagefs.available&lt;15%,memory.available&lt;100Mi,nodefs.available&lt;10%,
    /// nodefs.inodesFree&lt;5%</c>; the nodes here have none, as kind's have.</summary>
    public static Setting<Map<EvictionAmount>> EvictionHard { get; } =
        Thresholds("eviction-hard", '<');

    /// <summary>Below which amounts pods are evicted after a grace period.</summary>
    public static Setting<Map<EvictionAmount>> EvictionSoft { get; } =
        Thresholds("eviction-soft", '<');

    /// <summary>The grace periods of the soft thresholds.</summary>
    public static Setting<Map<TimeSpan>> EvictionSoftGracePeriod { get; } = new("kubelet",
        "eviction-soft-grace-period", "", "spans such as memory.available=30s",
        text => EvictionThresholds.Spans(text));

    /// <summary>How much more than a threshold is to be available again.</summary>
    public static Setting<Map<EvictionAmount>> EvictionMinimumReclaim { get; } =
        Thresholds("eviction-minimum-reclaim", '=');

    /// <summary>For how long a pressure is told after it was seen last.</summary>
    public static Setting<TimeSpan> EvictionPressureTransition { get; } =
        Span("kubelet", "eviction-pressure-transition-period", "5m0s");

    /// <summary>The seconds that a pod has to end when a soft threshold evicts it.</summary>
    public static Setting<int> EvictionMaxPodGrace { get; } =
        Count("kubelet", "eviction-max-pod-grace-period", "0");

    /// <summary>Above how many bytes the log of a container is turned over.</summary>
    public static Setting<long> ContainerLogMaxSize { get; } = new("kubelet",
        "container-log-max-size", "10Mi", "a quantity such as 10Mi", text =>
            Quantity.TryParse(text, out var size, out _) && size.ToDouble() > 0
                ? (long)size.ToDouble() : null);

    /// <summary>How many files the log of a container has at most.</summary>
    public static Setting<int> ContainerLogMaxFiles { get; } =
        Count("kubelet", "container-log-max-files", "5", 2);

    /// <summary>Where containers are told to ask for names.</summary>
    public static Setting<string> ClusterDns { get; } = new("kubelet", "cluster-dns", "10.96.0.10",
        "an IP address", text => Addresses.Ip(text).IsEmpty ? text : null);

    /// <summary>The domain of the cluster's names.</summary>
    public static Setting<string> ClusterDomain { get; } = new("kubelet", "cluster-domain",
        "cluster.local", "a domain name",
        text => Names.Dns1123Subdomain(text).IsEmpty ? text : null);

    /// <summary>What kube-proxy takes for the range of pods; unset, as
    /// <see cref="ClusterCidr"/>.</summary>
    public static Setting<string> ProxyClusterCidr { get; } =
        Range("kube-proxy", "cluster-cidr", "");

    /// <summary>By what kube-proxy makes Services work.</summary>
    public static Setting<ProxyMode> ProxyMode { get; } = new("kube-proxy", "proxy-mode",
        "iptables", "iptables, ipvs or userspace (nftables is not simulated yet)",
        text => text switch
        {
            "iptables" => KubeSim.ProxyMode.Iptables,
            "ipvs" => KubeSim.ProxyMode.Ipvs,
            "userspace" => KubeSim.ProxyMode.Userspace,
            _ => null,
        });

    /// <summary>How a virtual server of mode ipvs picks the server of a connection.</summary>
    public static Setting<string> IpvsScheduler { get; } = new("kube-proxy", "ipvs-scheduler",
        "rr", "rr, wrr, lc, wlc, sed, nq, sh or dh (lblc, lblcr and mh are not simulated yet)",
        text => text is "rr" or "wrr" or "lc" or "wlc" or "sed" or "nq" or "sh" or "dh"
            ? text : null);

    /// <summary>Whether all that goes to a cluster IP is masqueraded.</summary>
    public static Setting<bool> MasqueradeAll { get; } =
        Switch("kube-proxy", "masquerade-all", "false");

    /// <summary>Whether node ports answer on 127.0.0.1 too.</summary>
    public static Setting<bool> LocalhostNodePorts { get; } =
        Switch("kube-proxy", "iptables-localhost-nodeports", "true");

    /// <summary>The shortest time between two writes of a node's rules.</summary>
    public static Setting<TimeSpan> MinSyncPeriod { get; } =
        Span("kube-proxy", "iptables-min-sync-period", "1s");

    /// <summary>How Flannel joins the nodes: <c>vxlan</c> or <c>host-gw</c>, the field of its
    /// net-conf.json. Unset, the cluster has no Flannel: its machines and their router have the
    /// routes of all pods.</summary>
    public static Setting<string> FlannelBackend { get; } = new("flanneld", "Backend.Type", "",
        "vxlan or host-gw", text => text is "" or "vxlan" or "host-gw" ? text : null);

    /// <summary>Whether flanneld has what leaves the pods' network masqueraded; kube-flannel.yml
    /// says so, the binary alone does not.</summary>
    public static Setting<bool> FlannelMasquerade { get; } = Switch("flanneld", "ip-masq", "true");

    /// <summary>Whether flanneld takes the range of its node from the Node, as kube-flannel.yml
    /// says; without it, it leases one in etcd.</summary>
    public static Setting<bool> KubeSubnetManager { get; } =
        Switch("flanneld", "kube-subnet-mgr", "true");

    /// <summary>Whether kube-router enforces NetworkPolicies on every node, beside any network, as
    /// k3s has it. Its own default is true, but a cluster does not run it unless told so: then
    /// policies are kept and have no effect.</summary>
    public static Setting<bool> RunFirewall { get; } =
        Switch("kube-router", "run-firewall", "false");

    /// <summary>How long an event is kept.</summary>
    public static Setting<TimeSpan> EventTtl { get; } =
        Span("kube-apiserver", "event-ttl", "1h0m0s", positive: true);

    /// <summary>How long a pod that says nothing stays on a node that is not ready.</summary>
    public static Setting<int> NotReadyToleration { get; } =
        Count("kube-apiserver", "default-not-ready-toleration-seconds", "300");

    /// <summary>How long a pod that says nothing stays on a node that is unreachable.</summary>
    public static Setting<int> UnreachableToleration { get; } =
        Count("kube-apiserver", "default-unreachable-toleration-seconds", "300");

    /// <summary>The one feature gate that can be switched: whether a StatefulSet's
    /// <c>maxUnavailable</c> counts.</summary>
    public static Setting<bool> MaxUnavailableStatefulSet { get; } = new("kube-apiserver",
        "feature-gates", Gate + "false", $"{Gate}true or {Gate}false",
        text => !text.StartsWith(Gate, StringComparison.Ordinal) ? null
            : bool.TryParse(text[Gate.Length..], out var on) ? on : null);

    /// <summary>All of them, by component.</summary>
    public static Seq<Setting> All { get; } =
    [
        EventTtl, NotReadyToleration, UnreachableToleration, MaxUnavailableStatefulSet,
        NodeMonitorPeriod, NodeMonitorGracePeriod, NodeStartupGracePeriod, NodeEvictionRate,
        SecondaryNodeEvictionRate, UnhealthyZoneThreshold, LargeClusterSizeThreshold, ClusterCidr,
        NodeCidrMaskSize, HpaSyncPeriod, HpaDownscaleStabilization, HpaTolerance,
        HpaCpuInitialization, HpaInitialReadiness, MaxEndpointsPerSlice, DisableForceDetach,
        .. ConcurrentSyncs.Select(f => f.Value),
        PodMaxUnschedulable, PodInitialBackoff, PodMaxBackoff, PercentageOfNodesToScore,
        CloudNodeMonitorPeriod, CloudNodeStatusFrequency, RouteReconciliationPeriod,
        MaxPods, ClusterDns, ClusterDomain, CloudProvider, SerializeImagePulls,
        MaxParallelImagePulls, RegistryQps, RegistryBurst, ImagePullCredentialsVerification,
        ContainerRuntimeEndpoint,
        ImageGcHighThreshold, ImageGcLowThreshold, MinimumImageTtl, ImageMaximumGcAge,
        ContainerLogMaxSize, ContainerLogMaxFiles,
        KubeReserved, SystemReserved, EvictionHard, EvictionSoft, EvictionSoftGracePeriod,
        EvictionMinimumReclaim, EvictionPressureTransition, EvictionMaxPodGrace,
        FlannelBackend, FlannelMasquerade, KubeSubnetManager,
        ProxyMode, IpvsScheduler, ProxyClusterCidr, MasqueradeAll, LocalhostNodePorts,
        MinSyncPeriod, RunFirewall,
    ];

    private static Setting<TimeSpan> Span(
        string component, string name, string usual, bool positive = false) =>
        new(component, name, usual, "a duration such as 40s", text =>
            GoDuration.TryParse(text, out var span)
            && (positive ? span > TimeSpan.Zero : span >= TimeSpan.Zero) ? span : null);

    private static Setting<int> Count(string component, string name, string usual, int least = 0,
        int most = int.MaxValue) => new(component, name, usual,
            most == int.MaxValue ? $"a whole number from {least} on"
                : $"a whole number from {least} to {most}",
            text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n)
                && n >= least && n <= most ? n : null);

    private static Setting<int> Syncs(string name, string usual) => Count(Manager, name, usual, 1);

    private static Setting<double> Number(string component, string name, string usual) =>
        new(component, name, usual, "a number such as 0.1", text => double.TryParse(text,
            NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var n) ? n : null);

    private static Setting<Map<EvictionAmount>> Thresholds(string name, char sign) =>
        new("kubelet", name, "", $"amounts such as memory.available{sign}100Mi",
            text => EvictionThresholds.Amounts(text, sign));

    private static Setting<Map<Quantity>> Reserved(string name) =>
        new("kubelet", name, "", "amounts such as cpu=100m,memory=256Mi", text =>
        {
            var all = default(Map<Quantity>);
            foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
            {
                var words = part.Split('=', 2);
                if (words is not [("cpu" or "memory" or "ephemeral-storage" or "pid") and var of,
                    var much] || !Quantity.TryParse(much, out var amount, out _) || amount.Sign < 0)
                {
                    return null;
                }
                all = all.Set(of, amount);
            }
            return all;
        });

    private static Setting<bool> Switch(string component, string name, string usual) =>
        new(component, name, usual, "true or false",
            text => bool.TryParse(text, out var on) ? on : null);

    private static Setting<string> Range(string component, string name, string usual) =>
        new(component, name, usual, "a range such as 10.244.0.0/16", text => text.Length == 0
            || (System.Net.IPNetwork.TryParse(text, out var range) && range.PrefixLength <= 30
                && !text.Contains(':', StringComparison.Ordinal)) ? text : null);
}

/// <summary>The flags that somebody set; all others have their usual values.</summary>
/// <example><code>
/// Settings.Default.With("kube-controller-manager.node-monitor-grace-period", "40s")
/// </code></example>
public sealed record Settings
{
    /// <summary>Every flag as the binaries have it.</summary>
    public static Settings Default { get; } = new();

    /// <summary>What was set, by <c>COMPONENT.FLAG</c>, as it was written.</summary>
    public Map<string> Values { get; private init; }

    private Map<object> Read { get; init; }

    /// <summary>The value of a flag.</summary>
    public T Get<T>(Setting<T> flag)
    {
        ArgumentNullException.ThrowIfNull(flag);
        return !Read.IsEmpty && Read.TryGetValue(flag.ToString(), out var value)
            ? (T)value : flag.Usual;
    }

    /// <summary>True when the nodes are machines of the simulated cloud.</summary>
    public bool HasCloud => Get(KnownFlags.CloudProvider) == "external";

    /// <summary>The thresholds of the kubelets, from five flags together.</summary>
    /// <exception cref="ArgumentException">A soft one has no grace period.</exception>
    public Seq<EvictionThreshold> Thresholds => EvictionThresholds.Of(
        Get(KnownFlags.EvictionHard), Get(KnownFlags.EvictionSoft),
        Get(KnownFlags.EvictionSoftGracePeriod), Get(KnownFlags.EvictionMinimumReclaim));

    /// <summary>True when somebody set a flag.</summary>
    public bool Has(Setting flag) => Values.ContainsKey($"{flag}");

    /// <summary>The settings with one more.</summary>
    /// <param name="flag"><c>COMPONENT.FLAG</c>, with or without the flag's dashes.</param>
    /// <param name="value">As the binary takes it.</param>
    /// <exception cref="ArgumentException">There is no such component or flag (the message names
    /// the nearest), or the flag takes no such value.</exception>
    public Settings With(string flag, string value)
    {
        ArgumentNullException.ThrowIfNull(flag);
        ArgumentNullException.ThrowIfNull(value);
        var dot = flag.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0)
        {
            throw new ArgumentException($"\"{flag}\" is no COMPONENT.FLAG, such as "
                + KnownFlags.NodeMonitorGracePeriod);
        }
        var (component, name) = (flag[..dot], flag[(dot + 1)..].TrimStart('-'));
        var own = KnownFlags.All.Where(f => f.Component == component).ToList();
        if (own.Count == 0)
        {
            throw new ArgumentException($"unknown component \"{component}\""
                + Meant(component, KnownFlags.All.Select(f => f.Component).Distinct()));
        }
        if (own.Find(f => f.Name == name) is not { } known)
        {
            throw new ArgumentException($"{component}: unknown flag \"{name}\""
                + Meant(name, own.Select(f => f.Name)));
        }
        var read = known.Read(value) ?? throw new ArgumentException(
            $"{known}: \"{value}\" is not {known.Takes}");
        return new()
        {
            Values = Values.Set($"{known}", value), Read = Read.Set($"{known}", read),
        };
    }

    private static string Meant(string word, IEnumerable<string> known)
    {
        var all = known.ToArray();
        return Nearest.To(word, all) is { } meant ? $", did you mean \"{meant}\"?"
            : $"; known are {string.Join(", ", all)}";
    }
}
