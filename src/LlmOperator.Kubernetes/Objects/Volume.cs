using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A volume of a pod; exactly one source.</summary>
public sealed record Volume
{
    /// <summary>Name containers mount it by.</summary>
    public required string Name { get; init; }

    /// <summary>Scratch space that goes with the pod.</summary>
    public EmptyDirVolumeSource? EmptyDir { get; init; }

    /// <summary>Keys of a ConfigMap as files.</summary>
    public ConfigMapVolumeSource? ConfigMap { get; init; }

    /// <summary>Keys of a Secret as files.</summary>
    public SecretVolumeSource? Secret { get; init; }

    /// <summary>A claimed volume.</summary>
    public PersistentVolumeClaimVolumeSource? PersistentVolumeClaim { get; init; }

    /// <summary>Several sources in one folder.</summary>
    public ProjectedVolumeSource? Projected { get; init; }

    /// <summary>Fields of the pod as files.</summary>
    public DownwardAPIVolumeSource? DownwardAPI { get; init; }

    /// <summary>Content of an OCI artifact.</summary>
    public ImageVolumeSource? Image { get; init; }

    /// <summary>A folder of the node.</summary>
    public HostPathVolumeSource? HostPath { get; init; }

    /// <summary>An inline CSI volume.</summary>
    public CsiVolumeSource? Csi { get; init; }

    /// <summary>A claim that goes with the pod.</summary>
    public EphemeralVolumeSource? Ephemeral { get; init; }

    /// <summary>A directory of an NFS server.</summary>
    public NfsVolumeSource? Nfs { get; init; }
}

/// <summary>A directory of an NFS server.</summary>
public sealed record NfsVolumeSource
{
    /// <summary>Host name or address.</summary>
    public required string Server { get; init; }

    /// <summary>Directory exported.</summary>
    public required string Path { get; init; }

    /// <summary>Whether it is mounted for reading only.</summary>
    public bool? ReadOnly { get; init; }
}

/// <summary>Scratch space.</summary>
public sealed record EmptyDirVolumeSource
{
    /// <summary><c>Memory</c> for tmpfs.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Medium { get; init; }

    /// <summary>Largest size.</summary>
    public Quantity? SizeLimit { get; init; }
}

/// <summary>A key and the file it becomes.</summary>
public sealed record KeyToPath
{
    /// <summary>Key.</summary>
    public required string Key { get; init; }

    /// <summary>File.</summary>
    public required string Path { get; init; }

    /// <summary>Permission bits.</summary>
    public int? Mode { get; init; }
}

/// <summary>Keys of a ConfigMap as files.</summary>
public sealed record ConfigMapVolumeSource
{
    /// <summary>ConfigMap.</summary>
    public string? Name { get; init; }

    /// <summary>Only these keys.</summary>
    public IReadOnlyList<KeyToPath>? Items { get; init; }

    /// <summary>Permission bits.</summary>
    public int? DefaultMode { get; init; }

    /// <summary>Start without it.</summary>
    public bool? Optional { get; init; }
}

/// <summary>Keys of a Secret as files.</summary>
public sealed record SecretVolumeSource
{
    /// <summary>Secret.</summary>
    public string? SecretName { get; init; }

    /// <summary>Only these keys.</summary>
    public IReadOnlyList<KeyToPath>? Items { get; init; }

    /// <summary>Permission bits.</summary>
    public int? DefaultMode { get; init; }

    /// <summary>Start without it.</summary>
    public bool? Optional { get; init; }
}

/// <summary>A claimed volume.</summary>
public sealed record PersistentVolumeClaimVolumeSource
{
    /// <summary>Claim.</summary>
    public required string ClaimName { get; init; }

    /// <summary>Not writable.</summary>
    public bool? ReadOnly { get; init; }
}

/// <summary>Several sources in one folder.</summary>
public sealed record ProjectedVolumeSource
{
    /// <summary>Sources.</summary>
    public IReadOnlyList<VolumeProjection>? Sources { get; init; }

    /// <summary>Permission bits.</summary>
    public int? DefaultMode { get; init; }
}

/// <summary>A source of a projected volume; one of them.</summary>
public sealed record VolumeProjection
{
    /// <summary>Keys of a ConfigMap.</summary>
    public ConfigMapProjection? ConfigMap { get; init; }

    /// <summary>Keys of a Secret.</summary>
    public SecretProjection? Secret { get; init; }

    /// <summary>Fields of the pod.</summary>
    public DownwardAPIProjection? DownwardAPI { get; init; }

    /// <summary>A token for an audience.</summary>
    public ServiceAccountTokenProjection? ServiceAccountToken { get; init; }
}

/// <summary>Keys of a ConfigMap in a projected volume.</summary>
public sealed record ConfigMapProjection
{
    /// <summary>ConfigMap.</summary>
    public string? Name { get; init; }

    /// <summary>Only these keys.</summary>
    public IReadOnlyList<KeyToPath>? Items { get; init; }

    /// <summary>Start without it.</summary>
    public bool? Optional { get; init; }
}

/// <summary>Keys of a Secret in a projected volume.</summary>
public sealed record SecretProjection
{
    /// <summary>Secret.</summary>
    public string? Name { get; init; }

    /// <summary>Only these keys.</summary>
    public IReadOnlyList<KeyToPath>? Items { get; init; }

    /// <summary>Start without it.</summary>
    public bool? Optional { get; init; }
}

/// <summary>Fields of the pod in a projected volume.</summary>
public sealed record DownwardAPIProjection
{
    /// <summary>Files.</summary>
    public IReadOnlyList<DownwardAPIVolumeFile>? Items { get; init; }
}

/// <summary>A token of the pod's identity.</summary>
public sealed record ServiceAccountTokenProjection
{
    /// <summary>Who should accept it.</summary>
    public string? Audience { get; init; }

    /// <summary>Life of the token.</summary>
    public long? ExpirationSeconds { get; init; }

    /// <summary>File.</summary>
    public required string Path { get; init; }
}

/// <summary>Fields of the pod as files.</summary>
public sealed record DownwardAPIVolumeSource
{
    /// <summary>Files.</summary>
    public IReadOnlyList<DownwardAPIVolumeFile>? Items { get; init; }

    /// <summary>Permission bits.</summary>
    public int? DefaultMode { get; init; }
}

/// <summary>A field of the pod as a file.</summary>
public sealed record DownwardAPIVolumeFile
{
    /// <summary>File.</summary>
    public required string Path { get; init; }

    /// <summary>Field.</summary>
    public ObjectFieldSelector? FieldRef { get; init; }

    /// <summary>Resource of a container.</summary>
    public ResourceFieldSelector? ResourceFieldRef { get; init; }

    /// <summary>Permission bits.</summary>
    public int? Mode { get; init; }
}

/// <summary>Content of an OCI artifact, read-only.</summary>
public sealed record ImageVolumeSource
{
    /// <summary>Image reference.</summary>
    public string? Reference { get; init; }

    /// <summary>When it is pulled.</summary>
    public string? PullPolicy { get; init; }
}

/// <summary>A folder or file of the node.</summary>
public sealed record HostPathVolumeSource
{
    /// <summary>Path.</summary>
    public required string Path { get; init; }

    /// <summary>What must be there.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Type { get; init; }
}

/// <summary>An inline volume of a CSI driver.</summary>
public sealed record CsiVolumeSource
{
    /// <summary>Driver.</summary>
    public required string Driver { get; init; }

    /// <summary>File system.</summary>
    public string? FsType { get; init; }

    /// <summary>Not writable.</summary>
    public bool? ReadOnly { get; init; }

    /// <summary>Settings of the driver.</summary>
    public IReadOnlyDictionary<string, string>? VolumeAttributes { get; init; }

    /// <summary>Secret handed to the driver.</summary>
    public LocalObjectReference? NodePublishSecretRef { get; init; }
}

/// <summary>A claim made for the pod.</summary>
public sealed record EphemeralVolumeSource
{
    /// <summary>The claim.</summary>
    public PersistentVolumeClaimTemplate? VolumeClaimTemplate { get; init; }
}

/// <summary>A claim as a template.</summary>
public sealed record PersistentVolumeClaimTemplate
{
    /// <summary>Labels and annotations.</summary>
    public ObjectMeta? Metadata { get; init; }

    /// <summary>What is claimed.</summary>
    public PersistentVolumeClaimSpec? Spec { get; init; }
}
