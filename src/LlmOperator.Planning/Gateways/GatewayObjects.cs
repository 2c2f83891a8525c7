using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Gateways;

/// <summary>The objects of a gateway: the one address of a namespace's endpoints.</summary>
public static class GatewayObjects
{
    /// <summary>Name of all of them.</summary>
    public const string Name = "llm-gateway";

    /// <summary>Value of the component label.</summary>
    public const string Component = "gateway";

    /// <summary>Name of the role, and of its binding, that lets the gateway read the Secrets of exporters.</summary>
    public const string ExporterRights = Name + "-exporters";

    /// <summary>Secret with the keys of callers, which the users make.</summary>
    internal const string ApiKeys = "llm-gateway-api-keys";

    private const string HttpPort = "http";
    private const string MetricsPort = "metrics";
    private const string SpoolVolume = "spool";
    private const long User = 65532;

    /// <summary>Room for the spools of fifteen receivers at 256 MiB each, and some: a volume that is full ends the pod.</summary>
    private static readonly Quantity SpoolLimit = Quantity.Parse("4Gi");

    /// <summary>Time after SIGTERM in which requests are still taken (5 s), running answers end (60 s) and spools empty (5 s), and the process goes.</summary>
    private const int GraceSeconds = 5 + 60 + 5 + 10;

    /// <summary>Label selector of the objects, in text form.</summary>
    public static string Selector { get; } = $"{ObjectNames.ManagedBySelector},{ObjectNames.ComponentLabel}={Component}";

    /// <summary>Address inside the cluster.</summary>
    public static string Url(string? ns) => $"http://{Name}.{ns}.svc/v1";

    internal static ServiceAccount ServiceAccount(string ns) => new() { Metadata = Metadata(ns), AutomountServiceAccountToken = false };

    internal static Service Service(string ns) => new()
    {
        Metadata = Metadata(ns),
        Spec = new()
        {
            Type = "ClusterIP",
            Selector = ObjectNames.GatewayPods,
            Ports = [new() { Name = HttpPort, Port = EndpointObjects.ServicePort, TargetPort = HttpPort, Protocol = "TCP", AppProtocol = "http" }],
        },
    };

    internal static PodDisruptionBudget DisruptionBudget(string ns) => new()
    {
        Metadata = Metadata(ns),
        Spec = new() { Selector = new() { MatchLabels = ObjectNames.GatewayPods }, MaxUnavailable = 1, UnhealthyPodEvictionPolicy = "AlwaysAllow" },
    };

    internal static Deployment Deployment(string ns, DataPathOptions options) => new()
    {
        Metadata = Metadata(ns),
        Spec = new()
        {
            Replicas = options.GatewayReplicas,
            Selector = new() { MatchLabels = ObjectNames.GatewayPods },
            Strategy = new() { Type = "RollingUpdate", RollingUpdate = new() { MaxSurge = 1, MaxUnavailable = 0 } },
            Template = new()
            {
                Metadata = new() { Labels = new SortedDictionary<string, string>(ObjectNames.GatewayPods.ToDictionary(), StringComparer.Ordinal) { ["app.kubernetes.io/name"] = Name } },
                Spec = Pod(options),
            },
        },
    };

    internal static ObjectMeta Metadata(string ns) => new()
    {
        Name = Name,
        Namespace = ns,
        Labels = new SortedDictionary<string, string>(ObjectNames.GatewayPods.ToDictionary(), StringComparer.Ordinal)
        {
            ["app.kubernetes.io/managed-by"] = ObjectNames.ManagedBy,
            ["app.kubernetes.io/name"] = Name,
        },
    };

    private static PodSpec Pod(DataPathOptions options) => new()
    {
        ServiceAccountName = Name,
        AutomountServiceAccountToken = true,
        EnableServiceLinks = false,
        TerminationGracePeriodSeconds = GraceSeconds,
        TopologySpreadConstraints =
        [
            .. ((string[])["kubernetes.io/hostname", "topology.kubernetes.io/zone"]).Select(area => new TopologySpreadConstraint
            {
                MaxSkew = 1,
                TopologyKey = area,
                WhenUnsatisfiable = "ScheduleAnyway",
                LabelSelector = new() { MatchLabels = ObjectNames.GatewayPods },
            }),
        ],
        SecurityContext = new() { RunAsNonRoot = true, RunAsUser = User, RunAsGroup = User, FsGroup = User, SeccompProfile = new() { Type = "RuntimeDefault" } },
        Containers =
        [
            new()
            {
                Name = "gateway",
                Image = options.GatewayImage,
                Args = ["--namespace=$(POD_NAMESPACE)", .. options.TraceEndpoint is { } receiver ? [$"--trace-endpoint={receiver.AbsoluteUri}"] : Array.Empty<string>()],
                Ports = [new() { Name = HttpPort, Port = 8080, Protocol = "TCP" }, new() { Name = MetricsPort, Port = 9464, Protocol = "TCP" }],
                Env =
                [
                    Field("POD_NAME", "metadata.name"),
                    Field("POD_NAMESPACE", "metadata.namespace"),
                    new() { Name = "DOTNET_EnableDiagnostics", Value = "0" }, // It would want a folder to write to.
                ],
                Resources = new()
                {
                    Requests = new SortedDictionary<string, Quantity>(StringComparer.Ordinal) { ["cpu"] = Quantity.Parse("100m"), ["memory"] = Quantity.Parse("256Mi") },
                    Limits = new SortedDictionary<string, Quantity>(StringComparer.Ordinal) { ["memory"] = Quantity.Parse("2Gi") },
                },
                VolumeMounts = [new() { Name = SpoolVolume, MountPath = "/var/spool/llm-gateway" }],
                ReadinessProbe = Probe("/readyz", periodSeconds: 5),
                LivenessProbe = Probe("/healthz", periodSeconds: 10),
                SecurityContext = EngineContainer.Security(readOnlyRoot: true),
            },
        ],
        Volumes = [new() { Name = SpoolVolume, EmptyDir = new() { SizeLimit = SpoolLimit } }],
    };

    private static EnvVar Field(string variable, string path) => new() { Name = variable, ValueFrom = new() { FieldRef = new() { FieldPath = path } } };

    private static Probe Probe(string path, int periodSeconds) => new() { HttpGet = new() { Path = path, Port = MetricsPort }, PeriodSeconds = periodSeconds, TimeoutSeconds = 2, FailureThreshold = 3 };
}
