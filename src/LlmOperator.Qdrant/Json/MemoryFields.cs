using System.Text.Json.Nodes;

namespace LlmOperator.Qdrant.Json;

/// <summary>
/// The one place that knows both ways of saying how data is held: <c>memory</c>, and the <c>on_disk</c>, <c>always_ram</c> and <c>on_disk_payload</c> of servers before 1.19.
/// The client speaks of <see cref="Memory"/> alone; requests to an older server and answers of any server pass through here.
/// </summary>
internal static class MemoryFields
{
    private const string New = "memory";

    /// <summary>Whether a request says how anything is held.</summary>
    public static bool AreIn(JsonObject request)
    {
        var found = false;
        Visit(request, (owner, use) => found |= (use == MemoryUse.Payload ? owner["payload"]?[New] : owner[New]) is not null);
        return found;
    }

    /// <summary>Says in a request what an older server understands.</summary>
    public static void ToOlder(JsonObject request) => Visit(request, static (owner, use) =>
    {
        var holder = use == MemoryUse.Payload ? owner["payload"] as JsonObject : owner;
        if (holder?[New]?.GetValue<string>() is { } text)
        {
            holder.Remove(New);
            owner[OlderName(use)] = use == MemoryUse.Quantization ? text == "pinned" : text == "cold";
        }

        if (use == MemoryUse.Payload)
        {
            owner.Remove("payload");
        }
    });

    /// <summary>Says in an answer as <c>memory</c> what it says in older fields alone.</summary>
    public static void FromOlder(JsonObject answer) => Visit(answer, static (owner, use) =>
    {
        if (owner[OlderName(use)] is not JsonValue older || !older.TryGetValue(out bool value))
        {
            return;
        }

        var memory = Wire(use == MemoryUse.Quantization ? (value ? Memory.Pinned : Memory.Cached) : (value ? Memory.Cold : Warm(use)));
        if (use != MemoryUse.Payload)
        {
            owner[New] ??= memory;
        }
        else if (owner["payload"] is JsonObject payload)
        {
            payload[New] ??= memory;
        }
        else
        {
            owner["payload"] = new JsonObject { [New] = memory };
        }
    });

    /// <summary>What an older server makes of a wish, and reports.</summary>
    public static Memory Nearest(MemoryUse use, Memory wanted) =>
        use == MemoryUse.Quantization ? (wanted == Memory.Pinned ? Memory.Pinned : Memory.Cached) : wanted == Memory.Cold ? Memory.Cold : Warm(use);

    private static Memory Warm(MemoryUse use) => use is MemoryUse.SparseIndex or MemoryUse.PayloadIndex ? Memory.Pinned : Memory.Cached;

    private static string Wire(Memory memory) => memory switch
    {
        Memory.Cold => "cold",
        Memory.Cached => "cached",
        _ => "pinned",
    };

    private static string OlderName(MemoryUse use) => use switch
    {
        MemoryUse.Quantization => "always_ram",
        MemoryUse.Payload => "on_disk_payload",
        _ => "on_disk",
    };

    /// <summary>Calls for each object that says how something is held. Requests and answers are built alike; metadata is not looked into.</summary>
    private static void Visit(JsonObject body, Action<JsonObject, MemoryUse> found)
    {
        if (body["vectors"] is JsonObject vectors)
        {
            foreach (var vector in vectors["size"] is JsonValue ? [vectors] : Objects(vectors))
            {
                found(vector, MemoryUse.Vectors);
                Indexing(vector, found);
            }
        }

        foreach (var sparse in Objects(body["sparse_vectors"]))
        {
            if (sparse["index"] is JsonObject index)
            {
                found(index, MemoryUse.SparseIndex);
            }
        }

        Indexing(body, found);
        if (body["payload"] is JsonObject || body["on_disk_payload"] is not null)
        {
            found(body, MemoryUse.Payload);
        }

        foreach (var index in Objects(body["payload_schema"]).Select(index => index["params"]).Append(body["field_schema"]).OfType<JsonObject>())
        {
            found(index, MemoryUse.PayloadIndex);
        }

        foreach (var inner in new[] { body["config"], body["params"] }.OfType<JsonObject>())
        {
            Visit(inner, found);
        }
    }

    private static void Indexing(JsonObject body, Action<JsonObject, MemoryUse> found)
    {
        if (body["hnsw_config"] is JsonObject graph)
        {
            found(graph, MemoryUse.Graph);
        }

        foreach (var quantization in Objects(body["quantization_config"]))
        {
            found(quantization, MemoryUse.Quantization);
        }
    }

    private static List<JsonObject> Objects(JsonNode? parent) => parent is JsonObject map ? [.. map.Select(entry => entry.Value).OfType<JsonObject>()] : [];
}
