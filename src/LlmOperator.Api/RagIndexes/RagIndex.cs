using System.Text.Json.Serialization.Metadata;
using LlmOperator.Api.Schema;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Api.RagIndexes;

/// <summary>A set of Qdrant collections that endpoints retrieve from.</summary>
[CustomResource("rag")]
[PrinterColumn("Collections", "string", ".status.ready", Description = "Ready and wanted collections")]
[PrinterColumn("Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status", Description = "Whether endpoints can retrieve from the index")]
[PrinterColumn("URL", "string", ".status.url", Description = "Address of Qdrant")]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp", Description = "Time since creation")]
[PrinterColumn("Embedding", "string", ".spec.embedding.model", Description = "Model that makes the vectors", Priority = 1)]
[PrinterColumn("Points", "integer", ".status.points", Description = "Points in all collections", Priority = 1)]
[PrinterColumn("Nodes", "integer", ".status.qdrant.peers", Description = "Nodes of Qdrant's cluster", Priority = 1)]
[PrinterColumn("Version", "string", ".status.qdrant.version", Description = "Version of Qdrant", Priority = 1)]
[PrinterColumn("Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason", Description = "Why the index is or is not ready", Priority = 1)]
[Rule("self.metadata.name.size() <= 52", "metadata.name must have at most 52 characters: pod names of the vector store are made of it; choose a shorter name")]
public sealed record RagIndex : IKubeObject<RagIndex>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new(ApiGroup.Name, ApiGroup.Version, "RagIndex", "ragindexes", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<RagIndex> JsonTypeInfo => ApiJsonContext.Default.RagIndex;

    /// <inheritdoc/>
    public string ApiVersion { get; set; } = ApiGroup.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; set; } = "RagIndex";

    /// <inheritdoc/>
    public required ObjectMeta Metadata { get; init; }

    /// <summary>The collections wanted, and the Qdrant they live in.</summary>
    [RequiredField]
    public RagIndexSpec? Spec { get; init; }

    /// <summary>The collections there are. Written by the operator.</summary>
    public RagIndexStatus? Status { get; init; }
}
