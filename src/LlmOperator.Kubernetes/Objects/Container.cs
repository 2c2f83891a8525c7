using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A container of a pod.</summary>
public sealed record Container
{
    /// <summary>Name, unique in the pod.</summary>
    public required string Name { get; init; }

    /// <summary>Image.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Image { get; init; }

    /// <summary><c>Always</c>, <c>IfNotPresent</c> or <c>Never</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? ImagePullPolicy { get; init; }

    /// <summary>Entry point instead of the image's.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>Arguments instead of the image's.</summary>
    public IReadOnlyList<string>? Args { get; init; }

    /// <summary>Working directory.</summary>
    public string? WorkingDir { get; init; }

    /// <summary>Ports that are served.</summary>
    public IReadOnlyList<ContainerPort>? Ports { get; init; }

    /// <summary>Objects whose keys all become environment variables.</summary>
    public IReadOnlyList<EnvFromSource>? EnvFrom { get; init; }

    /// <summary>Environment variables.</summary>
    public IReadOnlyList<EnvVar>? Env { get; init; }

    /// <summary>Resources asked for and allowed.</summary>
    public ResourceRequirements? Resources { get; init; }

    /// <summary>Mounted volumes.</summary>
    public IReadOnlyList<VolumeMount>? VolumeMounts { get; init; }

    /// <summary>Block devices.</summary>
    public IReadOnlyList<VolumeDevice>? VolumeDevices { get; init; }

    /// <summary>Failing restarts the container.</summary>
    public Probe? LivenessProbe { get; init; }

    /// <summary>Failing takes the pod out of its services.</summary>
    public Probe? ReadinessProbe { get; init; }

    /// <summary>Holds back the other probes until it succeeds.</summary>
    public Probe? StartupProbe { get; init; }

    /// <summary>Hooks after start and before stop.</summary>
    public Lifecycle? Lifecycle { get; init; }

    /// <summary>File whose content explains the end.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? TerminationMessagePath { get; init; }

    /// <summary>Whether the log may explain it instead.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? TerminationMessagePolicy { get; init; }

    /// <summary>Security settings.</summary>
    public SecurityContext? SecurityContext { get; init; }

    /// <summary>On an init container <c>Always</c> makes it a sidecar.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? RestartPolicy { get; init; }

    /// <summary>Keep standard input open.</summary>
    public bool? Stdin { get; init; }

    /// <summary>Close it after the first client.</summary>
    public bool? StdinOnce { get; init; }

    /// <summary>Allocate a terminal.</summary>
    public bool? Tty { get; init; }
}

/// <summary>A port a container serves.</summary>
public sealed record ContainerPort
{
    /// <summary>Name.</summary>
    public string? Name { get; init; }

    /// <summary>Number.</summary>
    [JsonPropertyName("containerPort")]
    public int? Port { get; init; }

    /// <summary>Port on the node.</summary>
    public int? HostPort { get; init; }

    /// <summary>Address on the node.</summary>
    public string? HostIP { get; init; }

    /// <summary><c>TCP</c>, <c>UDP</c> or <c>SCTP</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Protocol { get; init; }
}

/// <summary>Resources of a container.</summary>
public sealed record ResourceRequirements
{
    /// <summary>Reserved by the scheduler.</summary>
    public IReadOnlyDictionary<string, Quantity>? Requests { get; init; }

    /// <summary>Never exceeded.</summary>
    public IReadOnlyDictionary<string, Quantity>? Limits { get; init; }

    /// <summary>Device claims used.</summary>
    public IReadOnlyList<ResourceClaim>? Claims { get; init; }
}

/// <summary>A device claim a container uses.</summary>
public sealed record ResourceClaim
{
    /// <summary>Claim of the pod.</summary>
    public required string Name { get; init; }

    /// <summary>One request in it.</summary>
    public string? Request { get; init; }
}

/// <summary>A volume in a container's file system.</summary>
public sealed record VolumeMount
{
    /// <summary>Volume.</summary>
    public required string Name { get; init; }

    /// <summary>Path in the container.</summary>
    public required string MountPath { get; init; }

    /// <summary>Path in the volume.</summary>
    public string? SubPath { get; init; }

    /// <summary>Path in the volume with environment variables expanded.</summary>
    public string? SubPathExpr { get; init; }

    /// <summary>Not writable.</summary>
    public bool? ReadOnly { get; init; }

    /// <summary>Whether nested mounts are read-only too.</summary>
    public string? RecursiveReadOnly { get; init; }

    /// <summary>Whether later mounts are seen.</summary>
    public string? MountPropagation { get; init; }
}

/// <summary>A block device in a container.</summary>
public sealed record VolumeDevice
{
    /// <summary>Volume.</summary>
    public required string Name { get; init; }

    /// <summary>Path of the device.</summary>
    public required string DevicePath { get; init; }
}

/// <summary>Hooks of a container.</summary>
public sealed record Lifecycle
{
    /// <summary>Right after start.</summary>
    public LifecycleHandler? PostStart { get; init; }

    /// <summary>Before the stop signal.</summary>
    public LifecycleHandler? PreStop { get; init; }

    /// <summary>Signal instead of the image's.</summary>
    public string? StopSignal { get; init; }
}

/// <summary>What a hook does; one of them.</summary>
public sealed record LifecycleHandler
{
    /// <summary>Run a command.</summary>
    public ExecAction? Exec { get; init; }

    /// <summary>Send a request.</summary>
    public HttpGetAction? HttpGet { get; init; }

    /// <summary>Wait.</summary>
    public SleepAction? Sleep { get; init; }

    /// <summary>Open a connection.</summary>
    public TcpSocketAction? TcpSocket { get; init; }
}

/// <summary>A pause.</summary>
public sealed record SleepAction
{
    /// <summary>Length.</summary>
    public required long Seconds { get; init; }
}
