namespace LlmOperator.Planning.Accelerators;

/// <summary>Labels of nodes.</summary>
public static class NodeLabels
{
    /// <summary>Beginning of labels that are not kept of nodes, as node feature discovery writes hundreds; nothing is said of them.</summary>
    public const string Unseen = "feature.node.kubernetes.io/";
}
