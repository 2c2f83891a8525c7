using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Security settings of all containers of a pod.</summary>
public sealed record PodSecurityContext
{
    /// <summary>User.</summary>
    public long? RunAsUser { get; init; }

    /// <summary>Group.</summary>
    public long? RunAsGroup { get; init; }

    /// <summary>Refuse to run as root.</summary>
    public bool? RunAsNonRoot { get; init; }

    /// <summary>Group that owns volumes.</summary>
    public long? FsGroup { get; init; }

    /// <summary>When ownership of volumes is changed.</summary>
    public string? FsGroupChangePolicy { get; init; }

    /// <summary>Further groups.</summary>
    public IReadOnlyList<long>? SupplementalGroups { get; init; }

    /// <summary>Whether the image's groups count.</summary>
    public string? SupplementalGroupsPolicy { get; init; }

    /// <summary>System calls allowed.</summary>
    public SeccompProfile? SeccompProfile { get; init; }

    /// <summary>AppArmor profile.</summary>
    public AppArmorProfile? AppArmorProfile { get; init; }

    /// <summary>SELinux context.</summary>
    public SeLinuxOptions? SeLinuxOptions { get; init; }

    /// <summary>Kernel settings.</summary>
    public IReadOnlyList<Sysctl>? Sysctls { get; init; }
}

/// <summary>Security settings of a container.</summary>
public sealed record SecurityContext
{
    /// <summary>User.</summary>
    public long? RunAsUser { get; init; }

    /// <summary>Group.</summary>
    public long? RunAsGroup { get; init; }

    /// <summary>Refuse to run as root.</summary>
    public bool? RunAsNonRoot { get; init; }

    /// <summary>All rights of the node.</summary>
    public bool? Privileged { get; init; }

    /// <summary>Whether a process may gain rights.</summary>
    public bool? AllowPrivilegeEscalation { get; init; }

    /// <summary>Only volumes are writable.</summary>
    public bool? ReadOnlyRootFilesystem { get; init; }

    /// <summary>Linux capabilities.</summary>
    public Capabilities? Capabilities { get; init; }

    /// <summary>System calls allowed.</summary>
    public SeccompProfile? SeccompProfile { get; init; }

    /// <summary>AppArmor profile.</summary>
    public AppArmorProfile? AppArmorProfile { get; init; }

    /// <summary>SELinux context.</summary>
    public SeLinuxOptions? SeLinuxOptions { get; init; }

    /// <summary>How /proc is mounted.</summary>
    public string? ProcMount { get; init; }
}

/// <summary>Linux capabilities.</summary>
public sealed record Capabilities
{
    /// <summary>Gained.</summary>
    public IReadOnlyList<string>? Add { get; init; }

    /// <summary>Given up.</summary>
    public IReadOnlyList<string>? Drop { get; init; }
}

/// <summary>System calls allowed.</summary>
public sealed record SeccompProfile
{
    /// <summary><c>RuntimeDefault</c>, <c>Unconfined</c> or <c>Localhost</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public required string Type { get; init; }

    /// <summary>File of the profile.</summary>
    public string? LocalhostProfile { get; init; }
}

/// <summary>AppArmor profile.</summary>
public sealed record AppArmorProfile
{
    /// <summary><c>RuntimeDefault</c>, <c>Unconfined</c> or <c>Localhost</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public required string Type { get; init; }

    /// <summary>Name of the profile.</summary>
    public string? LocalhostProfile { get; init; }
}

/// <summary>SELinux context.</summary>
public sealed record SeLinuxOptions
{
    /// <summary>Level.</summary>
    public string? Level { get; init; }

    /// <summary>Role.</summary>
    public string? Role { get; init; }

    /// <summary>Type.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Type { get; init; }

    /// <summary>User.</summary>
    public string? User { get; init; }
}

/// <summary>A kernel setting.</summary>
public sealed record Sysctl
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Value.</summary>
    public required string Value { get; init; }
}
