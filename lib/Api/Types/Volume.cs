namespace KubeSim;

/// <summary>A directory or device of a pod; one source is set.</summary>
public sealed record Volume : ApiPart
{
    /// <summary>The name that mounts refer to.</summary>
    public string Name { get; init; } = "";
    /// <summary>An empty directory that goes with the pod.</summary>
    public EmptyDirVolumeSource? EmptyDir { get; init; }
    /// <summary>A path of the node.</summary>
    public HostPathVolumeSource? HostPath { get; init; }
    /// <summary>The keys of a ConfigMap as files.</summary>
    public ConfigMapVolumeSource? ConfigMap { get; init; }
    /// <summary>The keys of a Secret as files.</summary>
    public SecretVolumeSource? Secret { get; init; }
    /// <summary>Several sources in one directory.</summary>
    public ProjectedVolumeSource? Projected { get; init; }
    /// <summary>Fields of the pod as files.</summary>
    public DownwardAPIVolumeSource? DownwardAPI { get; init; }
    /// <summary>The volume that a claim is bound to.</summary>
    public PersistentVolumeClaimVolumeSource? PersistentVolumeClaim { get; init; }
    /// <summary>A claim made for this pod alone.</summary>
    public EphemeralVolumeSource? Ephemeral { get; init; }
    /// <summary>A volume that a driver makes for this pod.</summary>
    public CSIVolumeSource? Csi { get; init; }
    /// <summary>A directory of an NFS server.</summary>
    public NFSVolumeSource? Nfs { get; init; }
}

/// <summary>An empty directory that goes with the pod.</summary>
public sealed record EmptyDirVolumeSource : ApiPart
{
    /// <summary>Memory for a RAM disk; null for the node's disk.</summary>
    public string? Medium { get; init; }
    /// <summary>The most that may be in it.</summary>
    public Quantity? SizeLimit { get; init; }
}

/// <summary>A path of the node.</summary>
public sealed record HostPathVolumeSource : ApiPart
{
    /// <summary>The path.</summary>
    public string Path { get; init; } = "";
    /// <summary>What must be there, such as DirectoryOrCreate.</summary>
    public string? Type { get; init; }
}

/// <summary>The keys of a ConfigMap as files.</summary>
public sealed record ConfigMapVolumeSource : ApiPart
{
    /// <summary>The ConfigMap.</summary>
    public string? Name { get; init; }
    /// <summary>The keys to take; unset means all.</summary>
    public Seq<KeyToPath> Items { get; init; }
    /// <summary>The permissions of the files, as a number; 420 is 0644.</summary>
    public int? DefaultMode { get; init; }
    /// <summary>True: it may be missing.</summary>
    public bool? Optional { get; init; }
}

/// <summary>The keys of a Secret as files.</summary>
public sealed record SecretVolumeSource : ApiPart
{
    /// <summary>The Secret.</summary>
    public string? SecretName { get; init; }
    /// <summary>The keys to take; unset means all.</summary>
    public Seq<KeyToPath> Items { get; init; }
    /// <summary>The permissions of the files, as a number; 420 is 0644.</summary>
    public int? DefaultMode { get; init; }
    /// <summary>True: it may be missing.</summary>
    public bool? Optional { get; init; }
}

/// <summary>A key and the file it becomes.</summary>
public sealed record KeyToPath : ApiPart
{
    /// <summary>The key.</summary>
    public string Key { get; init; } = "";
    /// <summary>The path of the file in the volume.</summary>
    public string Path { get; init; } = "";
    /// <summary>The permissions of the file.</summary>
    public int? Mode { get; init; }
}

/// <summary>Several sources in one directory.</summary>
public sealed record ProjectedVolumeSource : ApiPart
{
    /// <summary>The sources.</summary>
    public Seq<VolumeProjection> Sources { get; init; }
    /// <summary>The permissions of the files, as a number; 420 is 0644.</summary>
    public int? DefaultMode { get; init; }
}

/// <summary>A source of a projected volume; one is set.</summary>
public sealed record VolumeProjection : ApiPart
{
    /// <summary>Keys of a ConfigMap.</summary>
    public ConfigMapProjection? ConfigMap { get; init; }
    /// <summary>Keys of a Secret.</summary>
    public SecretProjection? Secret { get; init; }
    /// <summary>Fields of the pod.</summary>
    public DownwardAPIProjection? DownwardAPI { get; init; }
    /// <summary>A token of the pod's account.</summary>
    public ServiceAccountTokenProjection? ServiceAccountToken { get; init; }
}

/// <summary>Keys of a ConfigMap in a projected volume.</summary>
public sealed record ConfigMapProjection : ApiPart
{
    /// <summary>The ConfigMap.</summary>
    public string? Name { get; init; }
    /// <summary>The keys to take; unset means all.</summary>
    public Seq<KeyToPath> Items { get; init; }
    /// <summary>True: it may be missing.</summary>
    public bool? Optional { get; init; }
}

/// <summary>Keys of a Secret in a projected volume.</summary>
public sealed record SecretProjection : ApiPart
{
    /// <summary>The Secret.</summary>
    public string? Name { get; init; }
    /// <summary>The keys to take; unset means all.</summary>
    public Seq<KeyToPath> Items { get; init; }
    /// <summary>True: it may be missing.</summary>
    public bool? Optional { get; init; }
}

/// <summary>Fields of the pod in a projected volume.</summary>
public sealed record DownwardAPIProjection : ApiPart
{
    /// <summary>The files.</summary>
    public Seq<DownwardAPIVolumeFile> Items { get; init; }
}

/// <summary>A token of the pod's account.</summary>
public sealed record ServiceAccountTokenProjection : ApiPart
{
    /// <summary>The path of the file in the volume.</summary>
    public string Path { get; init; } = "";
    /// <summary>Whom the token is for; the API server by default.</summary>
    public string? Audience { get; init; }
    /// <summary>How long it lasts, in seconds; 3600 by default.</summary>
    public long? ExpirationSeconds { get; init; }
}

/// <summary>Fields of the pod as files.</summary>
public sealed record DownwardAPIVolumeSource : ApiPart
{
    /// <summary>The files.</summary>
    public Seq<DownwardAPIVolumeFile> Items { get; init; }
    /// <summary>The permissions of the files, as a number; 420 is 0644.</summary>
    public int? DefaultMode { get; init; }
}

/// <summary>A file with a field of the pod.</summary>
public sealed record DownwardAPIVolumeFile : ApiPart
{
    /// <summary>The path of the file in the volume.</summary>
    public string Path { get; init; } = "";
    /// <summary>The field.</summary>
    public ObjectFieldSelector? FieldRef { get; init; }
    /// <summary>The request or limit, instead of a field.</summary>
    public ResourceFieldSelector? ResourceFieldRef { get; init; }
    /// <summary>The permissions of the file.</summary>
    public int? Mode { get; init; }
}

/// <summary>The volume that a claim is bound to.</summary>
public sealed record PersistentVolumeClaimVolumeSource : ApiPart
{
    /// <summary>The claim, in the pod's namespace.</summary>
    public string ClaimName { get; init; } = "";
    /// <summary>True: every mount is read-only.</summary>
    public bool? ReadOnly { get; init; }
}

/// <summary>A claim made for one pod, named POD-VOLUME.</summary>
public sealed record EphemeralVolumeSource : ApiPart
{
    /// <summary>What the claim is made from.</summary>
    public PersistentVolumeClaimTemplate? VolumeClaimTemplate { get; init; }
}

/// <summary>What a claim is made from.</summary>
public sealed record PersistentVolumeClaimTemplate : ApiPart
{
    /// <summary>Labels and annotations of the claim.</summary>
    public ObjectMeta Metadata { get; init; } = ObjectMeta.None;
    /// <summary>The spec of the claim.</summary>
    public PersistentVolumeClaimSpec Spec { get; init; } = PersistentVolumeClaimSpec.None;
}

/// <summary>A volume that a driver makes for one pod.</summary>
public sealed record CSIVolumeSource : ApiPart
{
    /// <summary>The driver.</summary>
    public string Driver { get; init; } = "";
    /// <summary>The file system.</summary>
    public string? FsType { get; init; }
    /// <summary>True: it cannot be written.</summary>
    public bool? ReadOnly { get; init; }
    /// <summary>What the driver is told.</summary>
    public Map<string> VolumeAttributes { get; init; }
}

/// <summary>A directory of an NFS server.</summary>
public sealed record NFSVolumeSource : ApiPart
{
    /// <summary>The server.</summary>
    public string Server { get; init; } = "";
    /// <summary>The directory it exports.</summary>
    public string Path { get; init; } = "";
    /// <summary>True: it cannot be written.</summary>
    public bool? ReadOnly { get; init; }
}
