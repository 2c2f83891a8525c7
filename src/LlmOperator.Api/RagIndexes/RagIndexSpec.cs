using LlmOperator.Api.Common;
using LlmOperator.Api.Schema;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Api.RagIndexes;

/// <summary>The collections wanted, and the Qdrant they live in.</summary>
[Rule(
    "!has(self.embedding) || self.collections.all(c, !has(c.vectors) || c.vectors.size == self.embedding.size)",
    "collections[].vectors.size must equal embedding.size, the length of the vectors the embedding model makes: correct one of them",
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

    /// <summary>What happens to the data when the RagIndex is deleted: it stays, it is deleted, or a snapshot is taken and then it is deleted.</summary>
    [AllowedValues("Retain", "Delete", "Snapshot")]
    [Default("Retain")]
    public string DeletionPolicy { get; set; } = "Retain";
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
public sealed record ManagedQdrant
{
    /// <summary>Container image. The operator's tested image when absent.</summary>
    [Length(512, 1)]
    public string? Image { get; init; }

    /// <summary>Nodes of the cluster.</summary>
    [Bounds(1, 100)]
    [Default(1)]
    public int Replicas { get; set; } = 1;

    /// <summary>Volume of each node.</summary>
    public QdrantStorage? Storage { get; init; }

    /// <summary>CPU and memory a node reserves, by resource name.</summary>
    [Count(16)]
    public IReadOnlyDictionary<string, Quantity>? Requests { get; init; }
}

/// <summary>Volume of a Qdrant node.</summary>
public sealed record QdrantStorage
{
    /// <summary>Size of the volume. 10Gi when absent. It can grow where the storage class allows it.</summary>
    public Quantity? Size { get; init; }

    /// <summary>Storage class. The cluster's default when absent.</summary>
    [Length(253, 1)]
    [Pattern(Patterns.ObjectName)]
    [Rule("self == oldSelf", "storageClassName cannot be changed: create a second RagIndex with the other class and move the data")]
    public string? StorageClassName { get; init; }
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
