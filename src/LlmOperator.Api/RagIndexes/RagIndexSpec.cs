using System.Text.Json;
using LlmOperator.Api.Common;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Schema;
using LlmOperator.Kubernetes.Objects;
using NetworkPolicySpec = LlmOperator.Api.Endpoints.NetworkPolicySpec;

namespace LlmOperator.Api.RagIndexes;

/// <summary>The collections wanted, and the Qdrant they live in.</summary>
[Rule(
    "!has(self.embedding) || self.collections.all(c, !has(c.vectors) || c.vectors.size == self.embedding.size)",
    "collections[].vectors.size must equal embedding.size, the length of the vectors the embedding model makes: correct one of them",
    FieldPath = ".collections")]
[Rule(
    "!has(self.embedding) || self.collections.all(c, !has(c.namedVectors) || c.namedVectors.exists(v, v.size == self.embedding.size && !has(v.multivector)))",
    "collections[].namedVectors must have a vector of embedding.size that is no multivector, which the embedding model's vectors go into: add one, or correct its size",
    FieldPath = ".collections")]
public sealed record RagIndexSpec
{
    /// <summary>The vector store: one the operator runs (managed), or one that is there already (external).</summary>
    public required QdrantSpec Qdrant { get; init; }

    /// <summary>Collections of the index.</summary>
    [ListMap("name")]
    [Count(64, 1)]
    public required IReadOnlyList<CollectionSpec> Collections { get; init; }

    /// <summary>The model that makes vectors of texts, for queries and for what is stored.</summary>
    public EmbeddingSpec? Embedding { get; init; }

    /// <summary>How documents that are given to the gateway become points.</summary>
    public IngestSpec? Ingest { get; init; }

    /// <summary>What is done about a change that Qdrant cannot make in place.</summary>
    public MigrationSpec? Migration { get; init; }

    /// <summary>Snapshots taken at set times. None when absent.</summary>
    public SnapshotSchedule? Snapshots { get; init; }

    /// <summary>What happens to the data when the RagIndex is deleted: it stays (of a managed Qdrant, on its volumes), it is deleted, or a snapshot is taken and checked, and then it is deleted.</summary>
    [AllowedValues(RagDeletionPolicy.Retain, RagDeletionPolicy.Delete, RagDeletionPolicy.Snapshot)]
    [Default(RagDeletionPolicy.Retain)]
    public string DeletionPolicy { get; set; } = RagDeletionPolicy.Retain;
}

/// <summary>Values of <see cref="RagIndexSpec.DeletionPolicy"/>.</summary>
public static class RagDeletionPolicy
{
    /// <summary>The data stays.</summary>
    public const string Retain = "Retain";

    /// <summary>The data is deleted.</summary>
    public const string Delete = "Delete";

    /// <summary>A snapshot is taken, then the data is deleted.</summary>
    public const string Snapshot = "Snapshot";
}

/// <summary>Snapshots of every collection of the index, taken at set times on each node of Qdrant.</summary>
public sealed record SnapshotSchedule
{
    /// <summary>When, in cron's five fields (minute, hour, day of month, month, day of week) and UTC, or as @hourly, @daily, @weekly or @monthly.</summary>
    [Length(100, 1)]
    [Pattern("^(@(hourly|daily|weekly|monthly)|\\S+(\\s+\\S+){4})$")]
    public required string Schedule { get; init; }

    /// <summary>Snapshots of a collection that are kept on each node; older ones are deleted when new ones are complete.</summary>
    [Bounds(1, 365)]
    [Default(7)]
    public int Retention { get; set; } = 7;

    /// <summary>Whether no snapshots are taken for now.</summary>
    [Default(false)]
    public bool Suspend { get; set; }
}

/// <summary>The vector store: exactly one of managed and external.</summary>
[Rule("has(self.managed) != has(self.external)", "qdrant must name exactly one of managed and external: set one and remove the other")]
[Rule("has(self.managed) == has(oldSelf.managed)", "qdrant cannot change between managed and external: create a second RagIndex, fill it, and point the endpoints' rag.indexRef at it")]
public sealed record QdrantSpec
{
    /// <summary>A Qdrant the operator runs.</summary>
    public ManagedQdrant? Managed { get; init; }

    /// <summary>A Qdrant that is there already.</summary>
    public ExternalQdrant? External { get; init; }
}

/// <summary>A Qdrant the operator runs.</summary>
[Rule("!(has(self.image) && has(self.version))", "image and version exclude each other: remove version, or remove image to run that version of the operator's image", FieldPath = ".version")]
public sealed record ManagedQdrant
{
    /// <summary>Container image. The operator's tested image when absent. It must run without root, as the images whose tag ends in -unprivileged do.</summary>
    [Length(512, 1)]
    public string? Image { get; init; }

    /// <summary>Version of Qdrant, for example v1.19.0. The operator's tested version when absent.</summary>
    [Length(64, 1)]
    [Pattern("^v?[0-9]+\\.[0-9]+\\.[0-9]+([-.][0-9A-Za-z.-]+)?$")]
    public string? Version { get; init; }

    /// <summary>Nodes of the cluster. A node that is taken away gives its shards to the others first.</summary>
    [Bounds(1, 100)]
    [Default(1)]
    public int Replicas { get; set; } = 1;

    /// <summary>Volumes of each node.</summary>
    public QdrantStorage? Storage { get; init; }

    /// <summary>CPU and memory a node reserves, by resource name.</summary>
    [Count(16)]
    public IReadOnlyDictionary<string, Quantity>? Requests { get; init; }

    /// <summary>CPU and memory a node gets at most, by resource name.</summary>
    [Count(16)]
    public IReadOnlyDictionary<string, Quantity>? Limits { get; init; }

    /// <summary>Settings of the server.</summary>
    public QdrantConfig? Config { get; init; }

    /// <summary>Where pods may run.</summary>
    public SchedulingSpec? Scheduling { get; init; }

    /// <summary>Whether two nodes of Qdrant may share a machine: Preferred keeps them apart where there is room, Required lets a pod wait for a machine of its own, None does not care.</summary>
    [AllowedValues("Preferred", "Required", "None")]
    [Default("Preferred")]
    public string AntiAffinity { get; set; } = "Preferred";

    /// <summary>Who may reach Qdrant besides the gateway of the namespace, the operator and monitoring.</summary>
    public NetworkPolicySpec? NetworkPolicy { get; init; }

    /// <summary>Pull secrets for the image.</summary>
    [ListMap("name")]
    [Count(16)]
    public IReadOnlyList<LocalReference>? ImagePullSecrets { get; init; }

    /// <summary>Pod template (metadata and spec) merged over the one the operator makes, as that of an LlmEndpoint is. The container is named qdrant.</summary>
    public JsonElement? PodTemplate { get; init; }
}

/// <summary>Volumes of a Qdrant node.</summary>
public sealed record QdrantStorage
{
    /// <summary>Size of the volume. 10Gi when absent. It can grow where the storage class allows it, and never shrink.</summary>
    public Quantity? Size { get; init; }

    /// <summary>Storage class. The cluster's default when absent.</summary>
    [Length(253, 1)]
    [Pattern(Patterns.ObjectName)]
    [Rule("self == oldSelf", "storageClassName cannot be changed: create a second RagIndex with the other class and move the data")]
    public string? StorageClassName { get; init; }

    /// <summary>A volume for snapshots alone. They share the volume of the data when absent.</summary>
    public QdrantSnapshotStorage? Snapshots { get; init; }
}

/// <summary>A volume for snapshots alone.</summary>
public sealed record QdrantSnapshotStorage
{
    /// <summary>Size of the volume. That of the data when absent.</summary>
    public Quantity? Size { get; init; }

    /// <summary>Storage class. The cluster's default when absent.</summary>
    [Length(253, 1)]
    [Pattern(Patterns.ObjectName)]
    [Rule("self == oldSelf", "snapshots.storageClassName cannot be changed: create a second RagIndex with the other class and move the data")]
    public string? StorageClassName { get; init; }
}

/// <summary>Settings of a Qdrant server. What is absent is left to Qdrant.</summary>
public sealed record QdrantConfig
{
    /// <summary>What is logged.</summary>
    [AllowedValues("ERROR", "WARN", "INFO", "DEBUG", "TRACE")]
    public string? LogLevel { get; init; }

    /// <summary>Largest request taken, in megabytes.</summary>
    [Bounds(1, 1024)]
    public int? MaxRequestSizeMb { get; init; }

    /// <summary>Threads that search; 0 lets Qdrant choose.</summary>
    [Bounds(0, 1024)]
    public int? MaxSearchThreads { get; init; }

    /// <summary>CPUs that optimise; 0 lets Qdrant choose, a negative number leaves that many free.</summary>
    [Bounds(-1024, 1024)]
    public int? OptimizerCpuBudget { get; init; }
}

/// <summary>A Qdrant that is there already.</summary>
public sealed record ExternalQdrant
{
    /// <summary>Address of its REST API, for example http://qdrant:6333.</summary>
    [Length(2048, 8)]
    [Pattern(Patterns.HttpUrl)]
    public required string Url { get; init; }

    /// <summary>Secret key with the API key.</summary>
    public SecretKeyReference? ApiKeySecretRef { get; init; }

    /// <summary>How the server's certificate is checked. Against the well-known authorities when absent.</summary>
    public QdrantTls? Tls { get; init; }
}

/// <summary>How the certificate of a server is checked.</summary>
[Rule("!(has(self.caSecretRef) && has(self.caConfigMapRef))", "tls.caSecretRef and tls.caConfigMapRef exclude each other: keep the one that holds the authority's certificate")]
public sealed record QdrantTls
{
    /// <summary>Secret key with the certificates of the authorities to trust, in PEM.</summary>
    public DataKeyReference? CaSecretRef { get; init; }

    /// <summary>ConfigMap key with the certificates of the authorities to trust, in PEM.</summary>
    public DataKeyReference? CaConfigMapRef { get; init; }

    /// <summary>Whether any certificate is taken. Somebody between could then read and change everything, the API key included.</summary>
    [Default(false)]
    public bool InsecureSkipVerify { get; set; }
}

/// <summary>The model that makes vectors of texts.</summary>
public sealed record EmbeddingSpec
{
    /// <summary>Name of the model; points carry it, so that vectors of another model are noticed.</summary>
    [Length(253, 1)]
    [Default("sentence-transformers/all-MiniLM-L6-v2")]
    public string Model { get; set; } = "sentence-transformers/all-MiniLM-L6-v2";

    /// <summary>Length of its vectors.</summary>
    [Bounds(1, 65_536)]
    [Default(384)]
    public int Size { get; set; } = 384;

    /// <summary>LlmEndpoint of the namespace that serves it.</summary>
    public LocalReference? EndpointRef { get; init; }
}
