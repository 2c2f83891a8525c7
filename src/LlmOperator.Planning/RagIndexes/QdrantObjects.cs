using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.RagIndexes;

/// <summary>The objects of a managed Qdrant.</summary>
internal static class QdrantObjects
{
    private const string NamespaceName = "kubernetes.io/metadata.name";

    public static StatefulSet StatefulSet(RagIndex index, ManagedQdrant managed, string repository, byte[] key, int replicas, IReadOnlyList<PersistentVolumeClaim> claims) => new()
    {
        Metadata = Metadata(index, QdrantNames.Of(index.Metadata.Name!)),
        Spec = new()
        {
            Replicas = replicas,
            Selector = new() { MatchLabels = QdrantNames.Selector(index) },
            ServiceName = QdrantNames.Headless(index.Metadata.Name!),

            // Peers find each other before they are ready, so one cannot wait for the other.
            PodManagementPolicy = "Parallel",
            UpdateStrategy = new() { Type = "RollingUpdate" },
            RevisionHistoryLimit = 10,
            PersistentVolumeClaimRetentionPolicy = new()
            {
                // Snapshots lie on the volumes: where they are to outlive the index, so do these.
                WhenDeleted = index.Spec!.DeletionPolicy == RagDeletionPolicy.Delete ? "Delete" : "Retain",

                // A peer that was removed from the cluster cannot come back with the state it had.
                WhenScaled = "Delete",
            },
            VolumeClaimTemplates = claims,
            Template = QdrantPod.Template(index, managed, repository, key),
        },
    };

    public static Service Service(RagIndex index) => new()
    {
        Metadata = Metadata(index, QdrantNames.Of(index.Metadata.Name!)),
        Spec = new() { Type = "ClusterIP", Selector = QdrantNames.Selector(index), Ports = Ports() },
    };

    public static Service Headless(RagIndex index) => new()
    {
        Metadata = Metadata(index, QdrantNames.Headless(index.Metadata.Name!), new() { [QdrantNames.MonitoredLabel] = "true" }),
        Spec = new() { Type = "ClusterIP", ClusterIP = "None", PublishNotReadyAddresses = true, Selector = QdrantNames.Selector(index), Ports = Ports() },
    };

    /// <summary>One node at a time may be evicted; one that does not answer always, or a machine with it could never be drained.</summary>
    public static PodDisruptionBudget DisruptionBudget(RagIndex index) => new()
    {
        Metadata = Metadata(index, QdrantNames.Of(index.Metadata.Name!)),
        Spec = new() { Selector = new() { MatchLabels = QdrantNames.Selector(index) }, MaxUnavailable = 1, UnhealthyPodEvictionPolicy = "AlwaysAllow" },
    };

    /// <summary>Metrics of every node, also of one that is not ready: that is when they are looked at. Read with the key that may only read, which the server asks for here too.</summary>
    public static ServiceMonitor ServiceMonitor(RagIndex index, IReadOnlyDictionary<string, string>? labels) => new()
    {
        Metadata = Metadata(index, QdrantNames.Of(index.Metadata.Name!), labels is null ? null : new(labels)),
        Spec = new()
        {
            JobLabel = "app.kubernetes.io/name",
            TargetLabels = [ApiGroup.RagIndexLabel],
            Selector = new() { MatchLabels = new SortedDictionary<string, string>(QdrantNames.Selector(index).ToDictionary(), StringComparer.Ordinal) { [QdrantNames.MonitoredLabel] = "true" } },
            Endpoints =
            [
                new()
                {
                    Port = QdrantPod.HttpPortName,
                    Path = "/metrics",
                    Scheme = "http",
                    Interval = "30s",
                    Authorization = new() { Type = "Bearer", Credentials = new() { Name = QdrantNames.Keys, Key = QdrantNames.ReadOnlyKey(index.Metadata.Name!) } },
                },
            ],
        },
    };

    /// <summary>In: the gateway, the operator, its own peers, monitoring and whom the spec names. Nothing is let in at the ports of peers and gRPC but peers and those the spec names.</summary>
    public static NetworkPolicy? NetworkPolicy(RagIndex index, ManagedQdrant managed, string? operatorNamespace) => managed.NetworkPolicy is { Enabled: false } ? null : new()
    {
        Metadata = Metadata(index, QdrantNames.Of(index.Metadata.Name!)),
        Spec = new()
        {
            PodSelector = new() { MatchLabels = QdrantNames.Selector(index) },
            PolicyTypes = ["Ingress"],
            Ingress =
            [
                new()
                {
                    Ports = [Tcp(QdrantNames.HttpPort)],
                    From =
                    [
                        new() { PodSelector = Labels(ObjectNames.GatewayPods) },
                        Operator(operatorNamespace),
                        new() { NamespaceSelector = Labels(new Dictionary<string, string> { [NamespaceName] = "monitoring" }) },
                    ],
                },
                new() { Ports = [Tcp(QdrantNames.HttpPort), Tcp(QdrantNames.PeerPort)], From = [new() { PodSelector = Labels(QdrantNames.Selector(index)) }] },
                .. managed.NetworkPolicy?.AllowFrom is { Count: > 0 } peers
                    ? [new() { Ports = [Tcp(QdrantNames.HttpPort), Tcp(QdrantNames.GrpcPort)], From = [.. peers.Select(Peer)] }]
                    : Array.Empty<NetworkPolicyIngressRule>(),
            ],
        },
    };

    private static NetworkPolicyPeer Operator(string? ns) => new()
    {
        PodSelector = Labels(new SortedDictionary<string, string>(StringComparer.Ordinal) { ["app.kubernetes.io/name"] = ObjectNames.ManagedBy }),

        // Outside a pod nobody knows the namespace; its pods are told by their label alone then.
        NamespaceSelector = Labels(ns is null ? new Dictionary<string, string>() : new Dictionary<string, string> { [NamespaceName] = ns }),
    };

    private static NetworkPolicyPeer Peer(NetworkPeer peer) => new()
    {
        PodSelector = peer.PodLabels is { } pods ? Labels(pods) : null,
        NamespaceSelector = peer.NamespaceLabels is { } namespaces ? Labels(namespaces) : null,
    };

    /// <summary>No labels select everything; an empty map of them is not stored, and would differ from what is wanted for ever.</summary>
    private static LabelSelector Labels(IReadOnlyDictionary<string, string> labels) => new() { MatchLabels = labels.Count > 0 ? labels : null };

    private static List<ServicePort> Ports() =>
    [
        new() { Name = QdrantPod.HttpPortName, Port = QdrantNames.HttpPort, TargetPort = QdrantPod.HttpPortName, Protocol = "TCP", AppProtocol = "http" },
        new() { Name = "grpc", Port = QdrantNames.GrpcPort, TargetPort = "grpc", Protocol = "TCP" },
        new() { Name = "p2p", Port = QdrantNames.PeerPort, TargetPort = "p2p", Protocol = "TCP" },
    ];

    private static NetworkPolicyPort Tcp(int port) => new() { Port = port, Protocol = "TCP" };

    /// <summary>Our labels, with others that take nothing of them away.</summary>
    private static SortedDictionary<string, string> Labels(RagIndex index, Dictionary<string, string>? more)
    {
        var labels = QdrantNames.Labels(index);
        foreach (var (name, value) in more ?? [])
        {
            labels.TryAdd(name, value);
        }

        return labels;
    }

    private static ObjectMeta Metadata(RagIndex index, string name, Dictionary<string, string>? more = null) => new()
    {
        Name = name,
        Namespace = index.Metadata.Namespace,
        Labels = Labels(index, more),
        OwnerReferences =
        [
            new()
            {
                ApiVersion = RagIndex.Resource.ApiVersion,
                Kind = RagIndex.Resource.Kind,
                Name = index.Metadata.Name!,
                Uid = index.Metadata.Uid ?? "",
                Controller = true,
                BlockOwnerDeletion = true,
            },
        ],
    };
}
