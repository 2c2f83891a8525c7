using LlmOperator.Api.Schema;

namespace LlmOperator.Api.Endpoints;

/// <summary>
/// Who may reach the pods, and what they may reach. Unless it is switched off, a NetworkPolicy lets in the gateway of the namespace, monitoring and whom allowFrom names,
/// and lets out to name resolution, to the receivers of traces and, where the weights are not cached, to the registry.
/// </summary>
public sealed record NetworkPolicySpec
{
    /// <summary>Whether a NetworkPolicy is made.</summary>
    [Default(true)]
    public bool Enabled { get; set; } = true;

    /// <summary>Pods that may reach the engine besides the gateway and monitoring.</summary>
    [Atomic]
    [Count(32)]
    public IReadOnlyList<NetworkPeer>? AllowFrom { get; init; }
}

/// <summary>Pods that may reach the engine: those with the labels, in namespaces with the labels.</summary>
[Rule("has(self.podLabels) || has(self.namespaceLabels)", "an entry of networkPolicy.allowFrom must have podLabels or namespaceLabels: give the labels of the pods or of their namespaces, or set networkPolicy.enabled to false to let everybody in")]
public sealed record NetworkPeer
{
    /// <summary>Labels of the pods; every pod when absent.</summary>
    [Count(16)]
    [Length(63)]
    public IReadOnlyDictionary<string, string>? PodLabels { get; init; }

    /// <summary>Labels of the pods' namespaces; the endpoint's own namespace when absent.</summary>
    [Count(16)]
    [Length(63)]
    public IReadOnlyDictionary<string, string>? NamespaceLabels { get; init; }
}
