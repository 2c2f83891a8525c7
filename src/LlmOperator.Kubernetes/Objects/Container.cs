using System.Text.Json.Serialization;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A container of a pod.</summary>
public sealed record Container
{
    /// <summary>Name, unique in the pod.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get; set; } = "";

    /// <summary>Image.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Image { get; set; }

    /// <summary><c>Always</c>, <c>IfNotPresent</c> or <c>Never</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? ImagePullPolicy { get; set; }

    /// <summary>Entry point instead of the image's.</summary>
    [JsonConverter(typeof(PooledListConverter))]
    public IReadOnlyList<string>? Command { get; set; }

    /// <summary>Arguments instead of the image's.</summary>
    [JsonConverter(typeof(PooledListConverter))]
    public IReadOnlyList<string>? Args { get; set; }

    /// <summary>Working directory.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? WorkingDir { get; set; }

    /// <summary>Ports that are served.</summary>
    public IReadOnlyList<ContainerPort>? Ports { get; set; }

    /// <summary>Objects whose keys all become environment variables.</summary>
    public IReadOnlyList<EnvFromSource>? EnvFrom { get; set; }

    /// <summary>Environment variables.</summary>
    public IReadOnlyList<EnvVar>? Env { get; set; }

    /// <summary>Resources asked for and allowed.</summary>
    public ResourceRequirements? Resources { get; set; }

    /// <summary>Mounted volumes.</summary>
    public IReadOnlyList<VolumeMount>? VolumeMounts { get; set; }

    /// <summary>Block devices.</summary>
    public IReadOnlyList<VolumeDevice>? VolumeDevices { get; set; }

    /// <summary>Failing restarts the container.</summary>
    public Probe? LivenessProbe { get; set; }

    /// <summary>Failing takes the pod out of its services.</summary>
    public Probe? ReadinessProbe { get; set; }

    /// <summary>Holds back the other probes until it succeeds.</summary>
    public Probe? StartupProbe { get; set; }

    /// <summary>Hooks after start and before stop.</summary>
    public Lifecycle? Lifecycle { get; set; }

    /// <summary>File whose content explains the end.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? TerminationMessagePath { get; set; }

    /// <summary>Whether the log may explain it instead.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? TerminationMessagePolicy { get; set; }

    /// <summary>Security settings.</summary>
    public SecurityContext? SecurityContext { get; set; }

    /// <summary>On an init container <c>Always</c> makes it a sidecar.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? RestartPolicy { get; set; }

    /// <summary>Keep standard input open.</summary>
    public bool? Stdin { get; set; }

    /// <summary>Close it after the first client.</summary>
    public bool? StdinOnce { get; set; }

    /// <summary>Allocate a terminal.</summary>
    public bool? Tty { get; set; }
}

/// <summary>A port a container serves.</summary>
public sealed record ContainerPort
{
    /// <summary>Name.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Name { get; set; }

    /// <summary>Number.</summary>
    [JsonPropertyName("containerPort")]
    public int? Port { get; set; }

    /// <summary>Port on the node.</summary>
    public int? HostPort { get; set; }

    /// <summary>Address on the node.</summary>
    public string? HostIP { get; set; }

    /// <summary><c>TCP</c>, <c>UDP</c> or <c>SCTP</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? Protocol { get; set; }
}

/// <summary>Resources of a container.</summary>
public sealed record ResourceRequirements
{
    /// <summary>Reserved by the scheduler.</summary>
    [JsonConverter(typeof(QuantityMapConverter))]
    public IReadOnlyDictionary<string, Quantity>? Requests { get; set; }

    /// <summary>Never exceeded.</summary>
    [JsonConverter(typeof(QuantityMapConverter))]
    public IReadOnlyDictionary<string, Quantity>? Limits { get; set; }

    /// <summary>Device claims used.</summary>
    public IReadOnlyList<ResourceClaim>? Claims { get; set; }
}

/// <summary>A device claim a container uses.</summary>
public sealed record ResourceClaim
{
    /// <summary>Claim of the pod.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get; set; } = "";

    /// <summary>One request in it.</summary>
    public string? Request { get; set; }
}

/// <summary>A volume in a container's file system.</summary>
public sealed record VolumeMount
{
    /// <summary>Volume.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get; set; } = "";

    /// <summary>Path in the container.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string MountPath { get; set; } = "";

    /// <summary>Path in the volume.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? SubPath { get; set; }

    /// <summary>Path in the volume with environment variables expanded.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? SubPathExpr { get; set; }

    /// <summary>Not writable.</summary>
    public bool? ReadOnly { get; set; }

    /// <summary>Whether nested mounts are read-only too.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? RecursiveReadOnly { get; set; }

    /// <summary>Whether later mounts are seen.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? MountPropagation { get; set; }
}

/// <summary>A block device in a container.</summary>
public sealed record VolumeDevice
{
    /// <summary>Volume.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Name { get; set; } = "";

    /// <summary>Path of the device.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string DevicePath { get; set; } = "";
}

/// <summary>Hooks of a container.</summary>
public sealed record Lifecycle
{
    /// <summary>Right after start.</summary>
    public LifecycleHandler? PostStart { get; set; }

    /// <summary>Before the stop signal.</summary>
    public LifecycleHandler? PreStop { get; set; }

    /// <summary>Signal instead of the image's.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string? StopSignal { get; set; }
}

/// <summary>What a hook does; one of them.</summary>
public sealed record LifecycleHandler
{
    /// <summary>Run a command.</summary>
    public ExecAction? Exec { get; set; }

    /// <summary>Send a request.</summary>
    public HttpGetAction? HttpGet { get; set; }

    /// <summary>Wait.</summary>
    public SleepAction? Sleep { get; set; }

    /// <summary>Open a connection.</summary>
    public TcpSocketAction? TcpSocket { get; set; }
}

/// <summary>A pause.</summary>
public sealed record SleepAction
{
    /// <summary>Length.</summary>
    public long Seconds { get; set; }
}
