using System.Text.Json.Serialization.Metadata;
using LlmOperator.Api.Schema;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Api.Models;

/// <summary>A model version in a registry, and what is known of it: size, quantisation, limits, licence. LlmEndpoints serve it by name.</summary>
[CustomResource("llmm")]
[PrinterColumn("Source", "string", ".status.source", Description = "Registry and name of the model")]
[PrinterColumn("Revision", "string", ".status.resolvedRevision", Description = "Revision that is served")]
[PrinterColumn("Parameters", "string", ".status.parameters", Description = "Number of parameters")]
[PrinterColumn("Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status", Description = "Whether endpoints can use the model")]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp", Description = "Time since creation")]
[PrinterColumn("Task", "string", ".spec.task", Description = "What the model does", Priority = 1)]
[PrinterColumn("Quantization", "string", ".spec.quantization", Description = "How weights are stored on the GPU", Priority = 1)]
[PrinterColumn("License", "string", ".status.license", Description = "Licence of the model", Priority = 1)]
[PrinterColumn("Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason", Description = "Why the model is or is not ready", Priority = 1)]
[Rule("self.metadata.name.size() <= 63", "metadata.name must have at most 63 characters: it becomes a label value of the objects that serve the model; choose a shorter name")]
public sealed record LlmModel : IKubeObject<LlmModel>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new(ApiGroup.Name, ApiGroup.Version, "LlmModel", "llmmodels", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<LlmModel> JsonTypeInfo => ApiJsonContext.Default.LlmModel;

    /// <inheritdoc/>
    public string ApiVersion { get; set; } = ApiGroup.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; set; } = "LlmModel";

    /// <inheritdoc/>
    public required ObjectMeta Metadata { get; init; }

    /// <summary>The model asked for: where it lies, and what is given about it.</summary>
    [RequiredField]
    public LlmModelSpec? Spec { get; init; }

    /// <summary>The model as it was found. Written by the operator.</summary>
    public LlmModelStatus? Status { get; init; }
}
