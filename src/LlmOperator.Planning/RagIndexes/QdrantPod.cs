using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using LlmOperator.Api;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.PodTemplates;

namespace LlmOperator.Planning.RagIndexes;

/// <summary>The pods of a managed Qdrant: under the restricted Pod Security Standard, without a token of the API server.</summary>
internal static class QdrantPod
{
    public const string Container = "qdrant";
    public const string HttpPortName = "http";
    public const string StorageVolume = "storage";
    public const string SnapshotVolume = "snapshots";

    /// <summary>Version the operator is tested with.</summary>
    public const string Version = "v1.19.0";

    private const string InitVolume = "init";

    // Those of the official image that needs no root.
    private const long User = 1000;
    private const long Group = 2000;
    private const long FileGroup = 3000;

    /// <summary>Annotation that changes with the API key, which a server reads when it starts and never again.</summary>
    private const string KeyAnnotation = ApiGroup.Name + "/api-key-hash";

    public static string Image(ManagedQdrant managed, string repository) =>
        managed.Image ?? $"{repository}:v{(managed.Version ?? Version).TrimStart('v')}-unprivileged";

    public static PodTemplateSpec Template(RagIndex index, ManagedQdrant managed, string repository, byte[] key) => TemplateOverride.Apply(managed.PodTemplate, new()
    {
        Metadata = new()
        {
            Labels = QdrantNames.Labels(index),
            Annotations = new SortedDictionary<string, string>(StringComparer.Ordinal) { [KeyAnnotation] = Convert.ToHexStringLower(SHA256.HashData(key))[..10] },
        },
        Spec = Spec(index, managed, repository),
    });

    private static PodSpec Spec(RagIndex index, ManagedQdrant managed, string repository)
    {
        var scheduling = managed.Scheduling;
        return new()
        {
            AutomountServiceAccountToken = false,
            EnableServiceLinks = false,
            TerminationGracePeriodSeconds = 60,
            Affinity = Apart(index, managed),
            NodeSelector = scheduling?.NodeSelector,
            Tolerations = scheduling?.Tolerations is { Count: > 0 } tolerations
                ? [.. tolerations.Select(toleration => new Toleration { Key = toleration.Key, Operator = toleration.Operator, Value = toleration.Value, Effect = toleration.Effect, TolerationSeconds = toleration.TolerationSeconds })]
                : null,
            PriorityClassName = scheduling?.PriorityClassName,
            RuntimeClassName = scheduling?.RuntimeClassName,
            SchedulerName = scheduling?.SchedulerName,
            ImagePullSecrets = managed.ImagePullSecrets is { Count: > 0 } secrets ? [.. secrets.Select(secret => new LocalObjectReference { Name = secret.Name })] : null,
            SecurityContext = new()
            {
                RunAsNonRoot = true,
                RunAsUser = User,
                RunAsGroup = Group,
                FsGroup = FileGroup,
                FsGroupChangePolicy = "OnRootMismatch",
                SeccompProfile = new() { Type = "RuntimeDefault" },
            },
            Containers = [Server(index, managed, repository)],
            Volumes = [new() { Name = InitVolume, EmptyDir = new() }],
        };
    }

    private static Container Server(RagIndex index, ManagedQdrant managed, string repository) => new()
    {
        Name = Container,
        Image = Image(managed, repository),
        Command = ["/bin/bash", "-c", Start(index.Metadata.Name!)],
        Ports =
        [
            new() { Name = HttpPortName, Port = QdrantNames.HttpPort, Protocol = "TCP" },
            new() { Name = "grpc", Port = QdrantNames.GrpcPort, Protocol = "TCP" },
            new() { Name = "p2p", Port = QdrantNames.PeerPort, Protocol = "TCP" },
        ],
        Env = [.. Environment(index, managed.Config)],
        Resources = new()
        {
            Requests = Quantities(managed.Requests, new() { ["cpu"] = Quantity.Parse("500m"), ["memory"] = Quantity.Parse("1Gi") }),
            Limits = managed.Limits is { Count: > 0 } limits ? Quantities(limits, []) : null,
        },
        VolumeMounts =
        [
            new() { Name = StorageVolume, MountPath = "/qdrant/storage", SubPath = "storage" },
            managed.Storage?.Snapshots is null
                ? new() { Name = StorageVolume, MountPath = "/qdrant/snapshots", SubPath = "snapshots" }
                : new() { Name = SnapshotVolume, MountPath = "/qdrant/snapshots" },
            new() { Name = InitVolume, MountPath = "/qdrant/init" },
        ],

        // Loading a large store takes as long as it takes before the server listens, so nothing restarts it for being slow: it only gets no requests.
        ReadinessProbe = new() { HttpGet = new() { Path = "/readyz", Port = HttpPortName }, InitialDelaySeconds = 2, PeriodSeconds = 5, TimeoutSeconds = 2, FailureThreshold = 6 },

        // The last words of a server that ends with an error are in the pod's status: one whose volume was lost says there that it is not let in.
        TerminationMessagePolicy = "FallbackToLogsOnError",
        Lifecycle = new() { PreStop = new() { Sleep = new() { Seconds = 3 } } },
        SecurityContext = EngineContainer.Security(readOnlyRoot: true),
    };

    /// <summary>
    /// The first pod founds the cluster and the others join it; a pod that has joined ignores where from. A first pod that lost its disk while others answer joins them: it would found a second cluster otherwise.
    /// </summary>
    private static string Start(string index)
    {
        var (name, headless) = (QdrantNames.Of(index), QdrantNames.Headless(index));
        return $"""
            ulimit -n "$(ulimit -Hn)"
            own="http://$POD_NAME.{headless}:{QdrantNames.PeerPort}"
            first="http://{name}-0.{headless}:{QdrantNames.PeerPort}"
            if [ "$own" != "$first" ]; then
              exec ./entrypoint.sh --uri "$own" --bootstrap "$first"
            elif [ ! -e ./storage/raft_state.json ] && timeout 3 bash -c "</dev/tcp/{name}/{QdrantNames.HttpPort}" 2>/dev/null; then
              exec ./entrypoint.sh --uri "$own" --bootstrap "http://{name}:{QdrantNames.PeerPort}"
            else
              exec ./entrypoint.sh --uri "$own"
            fi

            """.ReplaceLineEndings("\n");
    }

    private static IEnumerable<EnvVar> Environment(RagIndex index, QdrantConfig? config)
    {
        yield return new() { Name = "POD_NAME", ValueFrom = new() { FieldRef = new() { FieldPath = "metadata.name" } } };
        yield return FromKeys("QDRANT__SERVICE__API_KEY", QdrantNames.Key(index.Metadata.Name!));
        yield return FromKeys("QDRANT__SERVICE__READ_ONLY_API_KEY", QdrantNames.ReadOnlyKey(index.Metadata.Name!));
        yield return new() { Name = "QDRANT__CLUSTER__ENABLED", Value = "true" };
        yield return new() { Name = "QDRANT__CLUSTER__P2P__PORT", Value = QdrantNames.PeerPort.ToString(CultureInfo.InvariantCulture) };
        yield return new() { Name = "QDRANT__CLUSTER__CONSENSUS__TICK_PERIOD_MS", Value = "100" };
        yield return new() { Name = "QDRANT__TELEMETRY_DISABLED", Value = "true" };
        yield return new() { Name = "QDRANT_INIT_FILE_PATH", Value = "/qdrant/init/.qdrant-initialized" };
        yield return new() { Name = "QDRANT_ALLOW_RECOVERY_MODE", Value = "true" };
        (string Name, string? Value)[] settings =
        [
            ("QDRANT__LOG_LEVEL", config?.LogLevel),
            ("QDRANT__SERVICE__MAX_REQUEST_SIZE_MB", config?.MaxRequestSizeMb?.ToString(CultureInfo.InvariantCulture)),
            ("QDRANT__STORAGE__PERFORMANCE__MAX_SEARCH_THREADS", config?.MaxSearchThreads?.ToString(CultureInfo.InvariantCulture)),
            ("QDRANT__STORAGE__PERFORMANCE__OPTIMIZER_CPU_BUDGET", config?.OptimizerCpuBudget?.ToString(CultureInfo.InvariantCulture)),
        ];
        foreach (var (name, value) in settings.Where(setting => setting.Value is not null))
        {
            yield return new() { Name = name, Value = value };
        }
    }

    private static EnvVar FromKeys(string variable, string key) => new() { Name = variable, ValueFrom = new() { SecretKeyRef = new() { Name = QdrantNames.Keys, Key = key } } };

    private static Affinity? Apart(RagIndex index, ManagedQdrant managed)
    {
        var term = new PodAffinityTerm { TopologyKey = "kubernetes.io/hostname", LabelSelector = new() { MatchLabels = QdrantNames.Selector(index) } };
        return managed.AntiAffinity switch
        {
            "Required" => new() { PodAntiAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = [term] } },
            "None" => null,
            _ => new()
            {
                PodAntiAffinity = new()
                {
                    PreferredDuringSchedulingIgnoredDuringExecution =
                    [
                        new() { Weight = 100, PodAffinityTerm = term },
                        new() { Weight = 50, PodAffinityTerm = term with { TopologyKey = "topology.kubernetes.io/zone" } },
                    ],
                },
            },
        };
    }

    private static SortedDictionary<string, Quantity> Quantities(IReadOnlyDictionary<string, Quantity>? own, Dictionary<string, Quantity> usual)
    {
        var all = new SortedDictionary<string, Quantity>(usual, StringComparer.Ordinal);
        foreach (var (resource, quantity) in own ?? new Dictionary<string, Quantity>())
        {
            all[resource] = quantity;
        }

        return all;
    }
}
