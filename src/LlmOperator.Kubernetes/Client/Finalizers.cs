using System.Buffers;
using System.Text.Json;

namespace LlmOperator.Kubernetes.Client;

/// <summary>
/// Patches of the list of finalizers. A merge patch replaces the whole list, so each carries the version it was made from:
/// a change in between answers a conflict instead of dropping another's finalizer.
/// </summary>
public static class Finalizers
{
    /// <summary>Whether an object has a finalizer.</summary>
    public static bool HasFinalizer(this IKubeObject obj, string finalizer) => obj.Metadata.Finalizers?.Contains(finalizer) == true;

    /// <summary>The patch that adds a finalizer; null when it is there.</summary>
    public static Patch? AddPatch(IKubeObject obj, string finalizer) =>
        obj.HasFinalizer(finalizer) ? null : Write(obj, [.. obj.Metadata.Finalizers ?? [], finalizer]);

    /// <summary>The patch that removes a finalizer; null when it is gone.</summary>
    public static Patch? RemovePatch(IKubeObject obj, string finalizer) =>
        obj.HasFinalizer(finalizer) ? Write(obj, [.. obj.Metadata.Finalizers!.Where(name => name != finalizer)]) : null;

    private static Patch Write(IKubeObject obj, IReadOnlyList<string> finalizers)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("metadata");
            if (obj.Metadata.ResourceVersion is { } version)
            {
                writer.WriteString("resourceVersion", version);
            }

            writer.WriteStartArray("finalizers");
            foreach (var name in finalizers)
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return Patch.Merge(body.WrittenMemory);
    }
}
