using System.Text.Json.Nodes;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>An object whose kind is known only at run time, for example a document of a YAML file.</summary>
/// <param name="json">The whole object.</param>
public sealed class UnstructuredObject(JsonObject json)
{
    /// <summary>The whole object.</summary>
    public JsonObject Json { get; } = json;

    /// <summary><c>group/version</c>; empty when absent.</summary>
    public string ApiVersion => Text(Json, "apiVersion") ?? "";

    /// <summary>CamelCase kind; empty when absent.</summary>
    public string Kind => Text(Json, "kind") ?? "";

    /// <summary>Name; empty when absent.</summary>
    public string Name => Text(Metadata, "name") ?? "";

    /// <summary>Namespace; null when absent.</summary>
    public string? Namespace => Text(Metadata, "namespace");

    /// <summary>Version; null when absent.</summary>
    public string? ResourceVersion => Text(Metadata, "resourceVersion");

    /// <summary>Uid; null when absent.</summary>
    public string? Uid => Text(Metadata, "uid");

    /// <summary>Namespace and name.</summary>
    public ObjectKey Key => new(Namespace, Name);

    private JsonObject? Metadata => Json["metadata"] as JsonObject;

    private static string? Text(JsonObject? parent, string name) =>
        parent?[name] is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0 ? text : null;
}
