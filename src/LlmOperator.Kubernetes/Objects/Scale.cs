namespace LlmOperator.Kubernetes.Objects;

/// <summary>The scale subresource (autoscaling/v1): replicas asked for and there are.</summary>
/// <param name="Key">Object scaled.</param>
/// <param name="SpecReplicas">Replicas asked for.</param>
/// <param name="StatusReplicas">Replicas there are.</param>
/// <param name="Selector">Label selector of the pods in text form; null when the kind names none.</param>
/// <param name="ResourceVersion">Version of the object.</param>
public sealed record Scale(ObjectKey Key, int SpecReplicas, int StatusReplicas, string? Selector, string? ResourceVersion);
