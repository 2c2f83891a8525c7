using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Storage;

/// <summary>A write that changes nothing but the times in <c>managedFields</c> is no write.</summary>
internal static class OwnershipTimes
{
    /// <summary>Whether two versions are equal when those times are left out.</summary>
    public static bool SameBut(JsonObject obj, JsonObject old)
    {
        if (obj.Count != old.Count)
        {
            return false;
        }

        foreach (var (name, value) in obj)
        {
            if (!old.TryGetPropertyValue(name, out var other)
                || !(name == "metadata" ? SameMetadata(value!.AsObject(), other as JsonObject) : JsonNode.DeepEquals(value, other)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool SameMetadata(JsonObject metadata, JsonObject? old)
    {
        if (old is null || metadata.Count != old.Count)
        {
            return false;
        }

        foreach (var (name, value) in metadata)
        {
            if (!old.TryGetPropertyValue(name, out var other)
                || !(name == "managedFields" ? SameEntries(value as JsonArray, other as JsonArray) : JsonNode.DeepEquals(value, other)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool SameEntries(JsonArray? entries, JsonArray? old) => entries is not null && old is not null
        && entries.Count == old.Count
        && Sorted(entries).SequenceEqual(Sorted(old), StringComparer.Ordinal);

    private static IEnumerable<string> Sorted(JsonArray entries) => entries.OfType<JsonObject>().Select(WithoutTime).Order(StringComparer.Ordinal);

    private static string WithoutTime(JsonObject entry)
    {
        var fields = entry["fieldsV1"]?.ToJsonString();
        return $"{entry.Text("manager")}\n{entry.Text("operation")}\n{entry.Text("apiVersion")}\n{entry.Text("subresource")}\n{fields}";
    }
}
