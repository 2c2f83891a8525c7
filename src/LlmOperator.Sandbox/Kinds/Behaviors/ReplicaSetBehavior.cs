

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>ReplicaSets.</summary>
internal sealed class ReplicaSetBehavior() : WorkloadBehavior("replicaset");
