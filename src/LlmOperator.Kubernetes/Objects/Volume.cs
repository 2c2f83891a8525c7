using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A volume of a pod; exactly one source.</summary>
public sealed record Volume
{
    /// <summary>Name containers mount it by.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get; set; } = "";

    /// <summary>Scratch space that goes with the pod.</summary>
    public EmptyDirVolumeSource? EmptyDir { get; set; }

    /// <summary>Keys of a ConfigMap as files.</summary>
    public ConfigMapVolumeSource? ConfigMap { get; set; }

    /// <summary>Keys of a Secret as files.</summary>
    public SecretVolumeSource? Secret { get; set; }

    /// <summary>A claimed volume.</summary>
    public PersistentVolumeClaimVolumeSource? PersistentVolumeClaim { get; set; }

    /// <summary>Several sources in one folder.</summary>
    public ProjectedVolumeSource? Projected { get; set; }

    /// <summary>Fields of the pod as files.</summary>
    public DownwardAPIVolumeSource? DownwardAPI { get; set; }

    /// <summary>Content of an OCI artifact.</summary>
    public ImageVolumeSource? Image { get; set; }

    /// <summary>A folder of the node.</summary>
    public HostPathVolumeSource? HostPath { get; set; }

    /// <summary>An inline CSI volume.</summary>
    public CsiVolumeSource? Csi { get; set; }

    /// <summary>A claim that goes with the pod.</summary>
    public EphemeralVolumeSource? Ephemeral { get; set; }

    /// <summary>A directory of an NFS server.</summary>
    public NfsVolumeSource? Nfs { get; set; }
}

/// <summary>A directory of an NFS server.</summary>
public sealed record NfsVolumeSource
{
    /// <summary>Host name or address.</summary>
    public string Server { get; set; } = "";

    /// <summary>Directory exported.</summary>
    public string Path { get; set; } = "";

    /// <summary>Whether it is mounted for reading only.</summary>
    public bool? ReadOnly { get; set; }
}

/// <summary>Scratch space.</summary>
public sealed record EmptyDirVolumeSource
{
    /// <summary><c>Memory</c> for tmpfs.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Medium { get; set; }

    /// <summary>Largest size.</summary>
    public Quantity? SizeLimit { get; set; }
}

/// <summary>A key and the file it becomes.</summary>
public sealed record KeyToPath
{
    /// <summary>Key.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Key { get; set; } = "";

    /// <summary>File.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Path { get; set; } = "";

    /// <summary>Permission bits.</summary>
    public int? Mode { get; set; }
}

/// <summary>Keys of a ConfigMap as files.</summary>
public sealed record ConfigMapVolumeSource
{
    /// <summary>ConfigMap.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Name { get; set; }

    /// <summary>Only these keys.</summary>
    public IReadOnlyList<KeyToPath>? Items { get; set; }

    /// <summary>Permission bits.</summary>
    public int? DefaultMode { get; set; }

    /// <summary>Start without it.</summary>
    public bool? Optional { get; set; }
}

/// <summary>Keys of a Secret as files.</summary>
public sealed record SecretVolumeSource
{
    /// <summary>Secret.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? SecretName { get; set; }

    /// <summary>Only these keys.</summary>
    public IReadOnlyList<KeyToPath>? Items { get; set; }

    /// <summary>Permission bits.</summary>
    public int? DefaultMode { get; set; }

    /// <summary>Start without it.</summary>
    public bool? Optional { get; set; }
}

/// <summary>A claimed volume.</summary>
public sealed record PersistentVolumeClaimVolumeSource
{
    /// <summary>Claim.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string ClaimName { get; set; } = "";

    /// <summary>Not writable.</summary>
    public bool? ReadOnly { get; set; }
}

/// <summary>Several sources in one folder.</summary>
public sealed record ProjectedVolumeSource
{
    /// <summary>Sources.</summary>
    public IReadOnlyList<VolumeProjection>? Sources { get; set; }

    /// <summary>Permission bits.</summary>
    public int? DefaultMode { get; set; }
}

/// <summary>A source of a projected volume; one of them.</summary>
public sealed record VolumeProjection
{
    /// <summary>Keys of a ConfigMap.</summary>
    public ConfigMapProjection? ConfigMap { get; set; }

    /// <summary>Keys of a Secret.</summary>
    public SecretProjection? Secret { get; set; }

    /// <summary>Fields of the pod.</summary>
    public DownwardAPIProjection? DownwardAPI { get; set; }

    /// <summary>A token for an audience.</summary>
    public ServiceAccountTokenProjection? ServiceAccountToken { get; set; }
}

/// <summary>Keys of a ConfigMap in a projected volume.</summary>
public sealed record ConfigMapProjection
{
    /// <summary>ConfigMap.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Name { get; set; }

    /// <summary>Only these keys.</summary>
    public IReadOnlyList<KeyToPath>? Items { get; set; }

    /// <summary>Start without it.</summary>
    public bool? Optional { get; set; }
}

/// <summary>Keys of a Secret in a projected volume.</summary>
public sealed record SecretProjection
{
    /// <summary>Secret.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Name { get; set; }

    /// <summary>Only these keys.</summary>
    public IReadOnlyList<KeyToPath>? Items { get; set; }

    /// <summary>Start without it.</summary>
    public bool? Optional { get; set; }
}

/// <summary>Fields of the pod in a projected volume.</summary>
public sealed record DownwardAPIProjection
{
    /// <summary>Files.</summary>
    public IReadOnlyList<DownwardAPIVolumeFile>? Items { get; set; }
}

/// <summary>A token of the pod's identity.</summary>
public sealed record ServiceAccountTokenProjection
{
    /// <summary>Who should accept it.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Audience { get; set; }

    /// <summary>Life of the token.</summary>
    public long? ExpirationSeconds { get; set; }

    /// <summary>File.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Path { get; set; } = "";
}

/// <summary>Fields of the pod as files.</summary>
public sealed record DownwardAPIVolumeSource
{
    /// <summary>Files.</summary>
    public IReadOnlyList<DownwardAPIVolumeFile>? Items { get; set; }

    /// <summary>Permission bits.</summary>
    public int? DefaultMode { get; set; }
}

/// <summary>A field of the pod as a file.</summary>
public sealed record DownwardAPIVolumeFile
{
    /// <summary>File.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Path { get; set; } = "";

    /// <summary>Field.</summary>
    public ObjectFieldSelector? FieldRef { get; set; }

    /// <summary>Resource of a container.</summary>
    public ResourceFieldSelector? ResourceFieldRef { get; set; }

    /// <summary>Permission bits.</summary>
    public int? Mode { get; set; }
}

/// <summary>Content of an OCI artifact, read-only.</summary>
public sealed record ImageVolumeSource
{
    /// <summary>Image reference.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Reference { get; set; }

    /// <summary>When it is pulled.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? PullPolicy { get; set; }
}

/// <summary>A folder or file of the node.</summary>
public sealed record HostPathVolumeSource
{
    /// <summary>Path.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Path { get; set; } = "";

    /// <summary>What must be there.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Type { get; set; }
}

/// <summary>An inline volume of a CSI driver.</summary>
public sealed record CsiVolumeSource
{
    /// <summary>Driver.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Driver { get; set; } = "";

    /// <summary>File system.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? FsType { get; set; }

    /// <summary>Not writable.</summary>
    public bool? ReadOnly { get; set; }

    /// <summary>Settings of the driver.</summary>
    public IReadOnlyDictionary<string, string>? VolumeAttributes { get; set; }

    /// <summary>Secret handed to the driver.</summary>
    public LocalObjectReference? NodePublishSecretRef { get; set; }
}

/// <summary>A claim made for the pod.</summary>
public sealed record EphemeralVolumeSource
{
    /// <summary>The claim.</summary>
    public PersistentVolumeClaimTemplate? VolumeClaimTemplate { get; set; }
}

/// <summary>A claim as a template.</summary>
public sealed record PersistentVolumeClaimTemplate
{
    /// <summary>Labels and annotations.</summary>
    public ObjectMeta? Metadata { get; set; }

    /// <summary>What is claimed.</summary>
    public PersistentVolumeClaimSpec? Spec { get; set; }
}
