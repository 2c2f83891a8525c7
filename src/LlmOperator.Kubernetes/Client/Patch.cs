namespace LlmOperator.Kubernetes.Client;

/// <summary>A patch document and its media type.</summary>
/// <param name="ContentType">Media type the server dispatches on.</param>
/// <param name="Body">UTF-8 JSON.</param>
public sealed record Patch(string ContentType, ReadOnlyMemory<byte> Body)
{
    /// <summary>RFC 7386 merge patch.</summary>
    public static Patch Merge(ReadOnlyMemory<byte> json) => new("application/merge-patch+json", json);

    /// <summary>RFC 6902 JSON patch.</summary>
    public static Patch Json(ReadOnlyMemory<byte> json) => new("application/json-patch+json", json);
}
