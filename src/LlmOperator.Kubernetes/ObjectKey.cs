namespace LlmOperator.Kubernetes;

/// <summary>Namespace and name of an object of a known kind.</summary>
/// <param name="Namespace">Namespace, null for cluster-scoped objects.</param>
/// <param name="Name">Object name.</param>
public readonly record struct ObjectKey(string? Namespace, string Name)
{
    /// <summary>The key of an object.</summary>
    public static ObjectKey Of(IKubeObject obj) => new(obj.Metadata.Namespace, obj.Metadata.Name ?? "");

    /// <summary><c>namespace/name</c>, or the name alone for cluster-scoped objects.</summary>
    public override string ToString() => Namespace is null ? Name : $"{Namespace}/{Name}";
}
