using System.Globalization;
using LlmOperator.Api;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Engines;

namespace LlmOperator.Planning.Tracing;

/// <summary>
/// The container that stands between clients and the engine of its pod: a native sidecar, started before the engine and ended after it. The engine listens on loopback and is reached through it alone;
/// also the engine's own probes go through, so that a pod is ready when the whole way to an answer is.
/// </summary>
internal static class PromptTraceSidecar
{
    public const string Name = "prompt-trace";
    public const string MetricsPortName = "metrics";

    /// <summary>Most bytes of the spool of an exporter.</summary>
    public const long SpoolBytes = 256L << 20;

    /// <summary>Running answers have ended with the engine by the time the sidecar is told to end: this is for what is still on its way to a client.</summary>
    public const int GraceSeconds = 5;

    /// <summary>Time the spools get to empty in the end.</summary>
    public const int FlushSeconds = 10;

    private const string ConfigurationVolume = "prompt-trace";
    private const string ConfigurationPath = "/etc/prompt-trace";
    private const string SpoolVolume = "prompt-trace-spool";
    private const string SpoolPath = "/var/spool/prompt-trace";

    /// <summary>Bytes of the spool's volume beyond the spools themselves: a volume that is full ends the pod.</summary>
    private const long SpoolHeadroom = 64L << 20;

    public static bool IsWanted(EndpointSettings settings) => settings.Spec.PromptTrace?.Enabled ?? true;

    /// <summary>Port clients reach the pod at: the sidecar's, which gives way to an engine's that is the same, or the engine's where there is no sidecar.</summary>
    public static int PodPort(EndpointSettings settings) => IsWanted(settings) ? Beside(settings, 8080) : EngineFacts.Port(settings);

    /// <summary>Ports at which pods with the same engine are reached, with and without the sidecar.</summary>
    public static IReadOnlyList<int> PodPorts(EndpointSettings settings) => [Beside(settings, 8080), EngineFacts.Port(settings)];

    /// <summary>Port of health and metrics.</summary>
    public static int MetricsPort(EndpointSettings settings) => Beside(settings, 9464);

    /// <summary>Time after the engine's end that the pod goes on for.</summary>
    public static int EndSeconds(EndpointSettings settings) => IsWanted(settings) ? GraceSeconds + FlushSeconds : 0;

    public static Container Container(EndpointSettings settings) => new()
    {
        Name = Name,
        Image = settings.DataPath.PromptTraceImage,
        RestartPolicy = "Always",
        Ports =
        [
            new() { Name = EngineContainer.PortName, Port = PodPort(settings), Protocol = "TCP" },
            new() { Name = MetricsPortName, Port = MetricsPort(settings), Protocol = "TCP" },
        ],
        Env =
        [
            new() { Name = "PROMPT_TRACE_CONFIG", Value = $"{ConfigurationPath}/{PromptTraceConfiguration.FileName}" },
            Field("POD_NAME", "metadata.name"),

            // Not in the file: the revision is a digest of all else, the file's name among it.
            Field("ENDPOINT_REVISION", $"metadata.labels['{ApiGroup.RevisionLabel}']"),
            new() { Name = "DOTNET_EnableDiagnostics", Value = "0" }, // It would want a folder to write to.
            .. TraceExporters.Of(settings).SelectMany(TraceExporters.Secrets),
        ],
        Resources = new()
        {
            Requests = new SortedDictionary<string, Quantity>(StringComparer.Ordinal) { ["cpu"] = Quantity.Parse("100m"), ["memory"] = Quantity.Parse("128Mi") },
            Limits = new SortedDictionary<string, Quantity>(StringComparer.Ordinal) { ["memory"] = Quantity.Parse("512Mi") },
        },
        VolumeMounts =
        [
            new() { Name = ConfigurationVolume, MountPath = ConfigurationPath, ReadOnly = true },
            new() { Name = SpoolVolume, MountPath = SpoolPath },
        ],

        // The engine is started once this one has started, so it cannot wait for what needs the engine.
        StartupProbe = Probe("/healthz", periodSeconds: 1, failureThreshold: 60),
        ReadinessProbe = Probe("/readyz", periodSeconds: 5, failureThreshold: 3),
        LivenessProbe = Probe("/healthz", periodSeconds: 10, failureThreshold: 3),
        SecurityContext = EngineContainer.Security(readOnlyRoot: true),
    };

    public static IEnumerable<Volume> Volumes(EndpointSettings settings) =>
    [
        new() { Name = ConfigurationVolume, ConfigMap = new() { Name = PromptTraceConfiguration.NameOf(settings) } },
        new() { Name = SpoolVolume, EmptyDir = new() { SizeLimit = Mebibytes((TraceExporters.Of(settings).Count * SpoolBytes) + SpoolHeadroom) } },
    ];

    private static int Beside(EndpointSettings settings, int port) => EngineFacts.Port(settings) == port ? port + 1 : port;

    private static Quantity Mebibytes(long bytes) => Quantity.Parse($"{(bytes >> 20).ToString(CultureInfo.InvariantCulture)}Mi");

    private static EnvVar Field(string variable, string path) => new() { Name = variable, ValueFrom = new() { FieldRef = new() { FieldPath = path } } };

    private static Probe Probe(string path, int periodSeconds, int failureThreshold) => new()
    {
        HttpGet = new() { Path = path, Port = MetricsPortName },
        PeriodSeconds = periodSeconds,
        TimeoutSeconds = 2,
        FailureThreshold = failureThreshold,
    };
}
