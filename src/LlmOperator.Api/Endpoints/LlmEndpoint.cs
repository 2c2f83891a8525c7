using System.Text.Json.Serialization.Metadata;
using LlmOperator.Api.Schema;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Api.Endpoints;

/// <summary>A model being served behind one stable address.</summary>
[CustomResource("llme", ScaleSpecReplicas = ".spec.replicas", ScaleStatusReplicas = ".status.replicas", ScaleSelector = ".status.selector")]
[PrinterColumn("Model", "string", ".spec.modelRef.name", Description = "LlmModel that is served")]
[PrinterColumn("Accelerator", "string", ".status.accelerator.summary", Description = "Accelerators of a replica")]
[PrinterColumn("Ready", "string", ".status.ready", Description = "Ready and wanted replicas")]
[PrinterColumn("Revision", "string", ".status.activeRevision", Description = "Revision that answers requests")]
[PrinterColumn("URL", "string", ".status.url", Description = "Address of the OpenAI-compatible API inside the cluster")]
[PrinterColumn("Cost/h", "string", ".status.cost.perHour", Description = "Price of the replicas an hour by the accelerator catalogue")]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp", Description = "Time since creation")]
[PrinterColumn("Engine", "string", ".status.engine", Description = "Inference server", Priority = 1)]
[PrinterColumn("Backend", "string", ".spec.backend", Description = "Where the model runs", Priority = 1)]
[PrinterColumn("Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason", Description = "Why the endpoint is or is not ready", Priority = 1)]
[Rule("self.metadata.name.size() <= 63", "metadata.name must have at most 63 characters: it becomes a label value and part of a host name; choose a shorter name")]
public sealed record LlmEndpoint : IKubeObject<LlmEndpoint>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new(ApiGroup.Name, ApiGroup.Version, "LlmEndpoint", "llmendpoints", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<LlmEndpoint> JsonTypeInfo => ApiJsonContext.Default.LlmEndpoint;

    /// <inheritdoc/>
    public string ApiVersion { get; set; } = ApiGroup.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; set; } = "LlmEndpoint";

    /// <inheritdoc/>
    public required ObjectMeta Metadata { get; init; }

    /// <summary>What is to be served, on what, and how.</summary>
    [RequiredField]
    public LlmEndpointSpec? Spec { get; init; }

    /// <summary>What is served. Written by the operator.</summary>
    public LlmEndpointStatus? Status { get; init; }
}
