using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Security settings of all containers of a pod.</summary>
public sealed record PodSecurityContext
{
    /// <summary>User.</summary>
    public long? RunAsUser { get; set; }

    /// <summary>Group.</summary>
    public long? RunAsGroup { get; set; }

    /// <summary>Refuse to run as root.</summary>
    public bool? RunAsNonRoot { get; set; }

    /// <summary>Group that owns volumes.</summary>
    public long? FsGroup { get; set; }

    /// <summary>When ownership of volumes is changed.</summary>
    public string? FsGroupChangePolicy { get; set; }

    /// <summary>Further groups.</summary>
    public IReadOnlyList<long>? SupplementalGroups { get; set; }

    /// <summary>Whether the image's groups count.</summary>
    public string? SupplementalGroupsPolicy { get; set; }

    /// <summary>System calls allowed.</summary>
    public SeccompProfile? SeccompProfile { get; set; }

    /// <summary>AppArmor profile.</summary>
    public AppArmorProfile? AppArmorProfile { get; set; }

    /// <summary>SELinux context.</summary>
    public SeLinuxOptions? SeLinuxOptions { get; set; }

    /// <summary>Kernel settings.</summary>
    public IReadOnlyList<Sysctl>? Sysctls { get; set; }
}

/// <summary>Security settings of a container.</summary>
public sealed record SecurityContext
{
    /// <summary>User.</summary>
    public long? RunAsUser { get; set; }

    /// <summary>Group.</summary>
    public long? RunAsGroup { get; set; }

    /// <summary>Refuse to run as root.</summary>
    public bool? RunAsNonRoot { get; set; }

    /// <summary>All rights of the node.</summary>
    public bool? Privileged { get; set; }

    /// <summary>Whether a process may gain rights.</summary>
    public bool? AllowPrivilegeEscalation { get; set; }

    /// <summary>Only volumes are writable.</summary>
    public bool? ReadOnlyRootFilesystem { get; set; }

    /// <summary>Linux capabilities.</summary>
    public Capabilities? Capabilities { get; set; }

    /// <summary>System calls allowed.</summary>
    public SeccompProfile? SeccompProfile { get; set; }

    /// <summary>AppArmor profile.</summary>
    public AppArmorProfile? AppArmorProfile { get; set; }

    /// <summary>SELinux context.</summary>
    public SeLinuxOptions? SeLinuxOptions { get; set; }

    /// <summary>How /proc is mounted.</summary>
    public string? ProcMount { get; set; }
}

/// <summary>Linux capabilities.</summary>
public sealed record Capabilities
{
    /// <summary>Gained.</summary>
    public IReadOnlyList<string>? Add { get; set; }

    /// <summary>Given up.</summary>
    public IReadOnlyList<string>? Drop { get; set; }
}

/// <summary>System calls allowed.</summary>
public sealed record SeccompProfile
{
    /// <summary><c>RuntimeDefault</c>, <c>Unconfined</c> or <c>Localhost</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Type { get; set; } = "";

    /// <summary>File of the profile.</summary>
    public string? LocalhostProfile { get; set; }
}

/// <summary>AppArmor profile.</summary>
public sealed record AppArmorProfile
{
    /// <summary><c>RuntimeDefault</c>, <c>Unconfined</c> or <c>Localhost</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Type { get; set; } = "";

    /// <summary>Name of the profile.</summary>
    public string? LocalhostProfile { get; set; }
}

/// <summary>SELinux context.</summary>
public sealed record SeLinuxOptions
{
    /// <summary>Level.</summary>
    public string? Level { get; set; }

    /// <summary>Role.</summary>
    public string? Role { get; set; }

    /// <summary>Type.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Type { get; set; }

    /// <summary>User.</summary>
    public string? User { get; set; }
}

/// <summary>A kernel setting.</summary>
public sealed record Sysctl
{
    /// <summary>Name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Value.</summary>
    public string Value { get; set; } = "";
}
