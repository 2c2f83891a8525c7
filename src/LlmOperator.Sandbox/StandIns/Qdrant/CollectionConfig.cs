using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>A dense vector of a collection.</summary>
internal sealed record DenseSchema(int Size, string Distance, string Datatype, bool IsMulti);

/// <summary>Configuration of a collection as it is stored and shown, and what may change in it.</summary>
internal sealed class CollectionConfig
{
    private CollectionConfig(JsonObject parameters, JsonObject hnsw, JsonObject optimizers, JsonObject wal, JsonObject strictMode) =>
        (Params, Hnsw, Optimizers, Wal, StrictMode) = (parameters, hnsw, optimizers, wal, strictMode);

    public JsonObject Params { get; }

    public JsonObject Hnsw { get; }

    public JsonObject Optimizers { get; }

    public JsonObject Wal { get; }

    public JsonObject StrictMode { get; }

    public JsonNode? Quantization { get; private set; }

    public JsonObject? Metadata { get; private set; }

    public Dictionary<string, DenseSchema> Dense { get; } = new(StringComparer.Ordinal);

    /// <summary>Sparse vectors, and whether the server weighs them.</summary>
    public Dictionary<string, bool> Sparse { get; } = new(StringComparer.Ordinal);

    public int ShardNumber => Params["shard_number"]!.GetValue<int>();

    public int ReplicationFactor => Params["replication_factor"]!.GetValue<int>();

    public bool HasCustomSharding => Params["sharding_method"]?.GetValue<string>() == "custom";

    /// <summary>Reads what a collection shall be.</summary>
    /// <param name="body">The request.</param>
    /// <param name="peers">Nodes, which decide about the number of shards when the request does not.</param>
    public static CollectionConfig Create(JsonObject body, int peers)
    {
        var parameters = new JsonObject();
        if (body["vectors"] is { } vectors)
        {
            parameters["vectors"] = Vectors(FieldRules.Object(vectors, "vectors"));
        }

        var custom = FieldRules.Word(body, "sharding_method", "", "auto", "custom");
        parameters["shard_number"] = (int)(FieldRules.Whole(body, "shard_number", "", 1) ?? (custom == "custom" ? 1 : peers));
        if (custom is not null)
        {
            parameters["sharding_method"] = custom;
        }

        parameters["replication_factor"] = (int)(FieldRules.Whole(body, "replication_factor", "", 1) ?? 1);
        parameters["write_consistency_factor"] = (int)(FieldRules.Whole(body, "write_consistency_factor", "", 1) ?? 1);
        var config = new CollectionConfig(
            parameters,
            new() { ["m"] = 16, ["ef_construct"] = 100, ["full_scan_threshold"] = 10000, ["max_indexing_threads"] = 0, ["on_disk"] = false },
            new()
            {
                ["deleted_threshold"] = 0.2,
                ["vacuum_min_vector_number"] = 1000,
                ["default_segment_number"] = 0,
                ["max_segment_size"] = null,
                ["memmap_threshold"] = null,
                ["indexing_threshold"] = 10000,
                ["flush_interval_sec"] = 5,
                ["max_optimization_threads"] = null,
            },
            new() { ["wal_capacity_mb"] = 32, ["wal_segments_ahead"] = 0, ["wal_retain_closed"] = 1 },
            new() { ["enabled"] = false });
        Payload(body, parameters, whenAbsent: true);
        Merge(config.Wal, FieldRules.Take(body["wal_config"], FieldRules.Wal, "wal_config"));
        if (body["sparse_vectors"] is { } sparse)
        {
            parameters["sparse_vectors"] = SparseVectors(FieldRules.Object(sparse, "sparse_vectors"));
        }

        config.Common(body);
        config.Quantization = Quantisation(body["quantization_config"], "quantization_config");
        config.ReadVectors();
        return config;
    }

    /// <summary>A configuration as it was shown.</summary>
    public static CollectionConfig Restore(JsonObject shown)
    {
        JsonObject Part(string name) => (JsonObject)shown[name]!.DeepClone();
        var config = new CollectionConfig(Part("params"), Part("hnsw_config"), Part("optimizer_config"), Part("wal_config"), Part("strict_mode_config"))
        {
            Quantization = shown["quantization_config"]?.DeepClone(),
            Metadata = shown["metadata"]?.DeepClone() as JsonObject,
        };
        config.ReadVectors();
        return config;
    }

    /// <summary>The configuration as it is shown.</summary>
    public JsonObject Show()
    {
        var shown = new JsonObject
        {
            ["params"] = Params.DeepClone(),
            ["hnsw_config"] = Hnsw.DeepClone(),
            ["optimizer_config"] = Optimizers.DeepClone(),
            ["wal_config"] = Wal.DeepClone(),
            ["quantization_config"] = Quantization?.DeepClone(),
            ["strict_mode_config"] = StrictMode.DeepClone(),
        };
        if (Metadata is { Count: > 0 })
        {
            shown["metadata"] = Metadata.DeepClone();
        }

        return shown;
    }

    /// <summary>Changes what may change in place; nothing when any of it is refused.</summary>
    public void Patch(JsonObject body)
    {
        var trial = Restore(Show());
        trial.Apply(body);
        Apply(body);
    }

    /// <summary>Adds a named vector.</summary>
    public void AddVector(string name, JsonObject body)
    {
        if (Dense.ContainsKey(name) || Sparse.ContainsKey(name))
        {
            throw QdrantRefusal.Input($"Vector `{name}` already exists");
        }

        if (body["dense"] is { } dense)
        {
            if (Dense.ContainsKey(""))
            {
                throw QdrantRefusal.Input("the collection has one unnamed vector: no named dense vector can be added");
            }

            var vectors = Params["vectors"] as JsonObject ?? [];
            Params["vectors"] = vectors;
            vectors[name] = Vector(FieldRules.Object(dense, "dense"), "dense");
        }
        else if (body["sparse"] is { } sparse)
        {
            var described = FieldRules.Object(sparse, "sparse");
            var stored = new JsonObject();
            if (FieldRules.Word(described, "modifier", "sparse", "none", "idf") is { } modifier)
            {
                stored["modifier"] = modifier;
            }

            if (FieldRules.Word(described, "datatype", "sparse", "float32", "uint8", "float16") is { } datatype)
            {
                stored["index"] = new JsonObject { ["datatype"] = datatype };
            }

            var vectors = Params["sparse_vectors"] as JsonObject ?? [];
            Params["sparse_vectors"] = vectors;
            vectors[name] = stored;
        }
        else
        {
            throw QdrantRefusal.Format("expected one of `dense`, `sparse`");
        }

        ReadVectors();
    }

    /// <summary>Drops a named vector.</summary>
    public void DropVector(string name)
    {
        if (name.Length == 0 || !((Params["vectors"] as JsonObject)?.Remove(name) == true || (Params["sparse_vectors"] as JsonObject)?.Remove(name) == true))
        {
            throw NoVector(name);
        }

        ReadVectors();
    }

    public static QdrantRefusal NoVector(string name) => QdrantRefusal.Input($"Not existing vector name error: {name}");

    private void Apply(JsonObject body)
    {
        foreach (var (name, change) in FieldRules.Object(body["vectors"], "vectors"))
        {
            var path = $"vectors.{name}";
            var vectors = Params["vectors"] as JsonObject;
            var vector = (name.Length == 0 ? Dense.ContainsKey("") ? vectors : null : Dense.ContainsKey(name) ? vectors?[name] as JsonObject : null) ?? throw NoVector(name);
            var wanted = FieldRules.Object(change, path);
            if (wanted["hnsw_config"] is { } hnsw)
            {
                var stored = vector["hnsw_config"] as JsonObject ?? [];
                vector["hnsw_config"] = stored;
                Merge(stored, FieldRules.Take(hnsw, FieldRules.Hnsw, $"{path}.hnsw_config"));
            }

            if (wanted["quantization_config"] is { } quantization)
            {
                vector["quantization_config"] = Quantisation(quantization, $"{path}.quantization_config");
            }

            foreach (var (key, value) in FieldRules.Take(new JsonObject { ["on_disk"] = wanted["on_disk"]?.DeepClone(), ["memory"] = wanted["memory"]?.DeepClone() }, FieldRules.Vector, path))
            {
                vector[key] = value?.DeepClone();
            }

            NotPinned(vector, path);
        }

        foreach (var (name, change) in SparseVectors(FieldRules.Object(body["sparse_vectors"], "sparse_vectors")))
        {
            var stored = (Params["sparse_vectors"] as JsonObject)?[name] as JsonObject ?? throw NoVector(name);
            if (change!["modifier"] is { } modifier)
            {
                stored["modifier"] = modifier.DeepClone();
            }

            if (change["index"] is JsonObject index)
            {
                var described = stored["index"] as JsonObject ?? [];
                stored["index"] = described;
                Merge(described, index);
            }
        }

        var parameters = FieldRules.Object(body["params"], "params");
        foreach (var (name, least) in new[] { ("replication_factor", 1), ("write_consistency_factor", 1), ("read_fan_out_factor", 0), ("read_fan_out_delay_ms", 0) })
        {
            if (FieldRules.Whole(parameters, name, "params", least) is { } value)
            {
                Params[name] = (int)value;
            }
        }

        Payload(parameters, Params, whenAbsent: null);
        Common(body);
        if (body["quantization_config"] is { } whole)
        {
            Quantization = Quantisation(whole, "quantization_config");
        }

        ReadVectors();
    }

    private void Common(JsonObject body)
    {
        Merge(Hnsw, FieldRules.Take(body["hnsw_config"], FieldRules.Hnsw, "hnsw_config"));
        Merge(Optimizers, FieldRules.Take(body["optimizers_config"], FieldRules.Optimizers, "optimizers_config"));
        if (body["optimizers_config"]?["max_optimization_threads"] is { } threads)
        {
            Optimizers["max_optimization_threads"] = threads.GetValueKind() == System.Text.Json.JsonValueKind.Number
                ? (int)FieldRules.Whole((JsonObject)body["optimizers_config"]!, "max_optimization_threads", "optimizers_config", 0)!
                : FieldRules.Word((JsonObject)body["optimizers_config"]!, "max_optimization_threads", "optimizers_config", "auto") is null ? 0 : null;
        }

        Merge(StrictMode, FieldRules.Take(body["strict_mode_config"], FieldRules.StrictMode, "strict_mode_config"));
        foreach (var (key, value) in FieldRules.Object(body["metadata"], "metadata"))
        {
            Metadata ??= [];
            if (value is null)
            {
                Metadata.Remove(key);
            }
            else
            {
                Metadata[key] = value.DeepClone();
            }
        }
    }

    private static void Payload(JsonObject body, JsonObject parameters, bool? whenAbsent)
    {
        if ((FieldRules.Flag(body, "on_disk_payload", "") ?? whenAbsent) is { } onDisk)
        {
            parameters["on_disk_payload"] = onDisk;
        }

        if (body["payload"] is { } payload)
        {
            var stored = FieldRules.Take(payload, FieldRules.PayloadStorage, "payload");
            NotPinned(stored, "payload");
            parameters["payload"] = stored;
        }
    }

    private static JsonObject Vectors(JsonObject vectors)
    {
        if (vectors["size"] is JsonValue)
        {
            return Vector(vectors, "vectors");
        }

        var stored = new JsonObject();
        foreach (var (name, vector) in vectors)
        {
            CheckName(name);
            stored[name] = Vector(FieldRules.Object(vector, $"vectors.{name}"), $"vectors.{name}");
        }

        return stored;
    }

    private static JsonObject Vector(JsonObject vector, string path)
    {
        var stored = FieldRules.Take(vector, FieldRules.Vector, path);
        foreach (var required in new[] { "size", "distance" })
        {
            if (stored[required] is null)
            {
                throw QdrantRefusal.Format($"{path}: missing field `{required}`");
            }
        }

        if (vector["hnsw_config"] is { } hnsw)
        {
            stored["hnsw_config"] = FieldRules.Take(hnsw, FieldRules.Hnsw, $"{path}.hnsw_config");
        }

        if (Quantisation(vector["quantization_config"], $"{path}.quantization_config") is { } quantization)
        {
            stored["quantization_config"] = quantization;
        }

        if (vector["multivector_config"] is { } multi)
        {
            stored["multivector_config"] = FieldRules.Take(multi, FieldRules.Multivector, $"{path}.multivector_config");
        }

        NotPinned(stored, path);
        return stored;
    }

    private static void NotPinned(JsonObject holder, string path)
    {
        if (holder["memory"]?.GetValue<string>() == "pinned")
        {
            throw QdrantRefusal.Field($"{path}.memory", "`pinned` memory placement is not supported here");
        }
    }

    private static JsonObject SparseVectors(JsonObject vectors)
    {
        var stored = new JsonObject();
        foreach (var (name, vector) in vectors)
        {
            CheckName(name);
            var described = FieldRules.Object(vector, $"sparse_vectors.{name}");
            var kept = new JsonObject();
            if (described["index"] is { } index)
            {
                kept["index"] = FieldRules.Take(index, FieldRules.SparseIndex, $"sparse_vectors.{name}.index");
            }

            if (FieldRules.Word(described, "modifier", $"sparse_vectors.{name}", "none", "idf") is { } modifier)
            {
                kept["modifier"] = modifier;
            }

            stored[name] = kept;
        }

        return stored;
    }

    private static JsonObject? Quantisation(JsonNode? body, string path)
    {
        if (body is null || (body.GetValueKind() == System.Text.Json.JsonValueKind.String && body.GetValue<string>() == "Disabled"))
        {
            return null;
        }

        foreach (var (kind, rules) in FieldRules.Quantization)
        {
            if (FieldRules.Object(body, path)[kind] is { } inner)
            {
                var stored = FieldRules.Take(inner, rules, $"{path}.{kind}");
                var required = kind switch
                {
                    "scalar" => "type",
                    "product" => "compression",
                    _ => null,
                };
                return required is not null && stored[required] is null ? throw QdrantRefusal.Format($"{path}.{kind}: missing field `{required}`") : new JsonObject { [kind] = stored };
            }
        }

        throw QdrantRefusal.Format($"{path}: expected one of {string.Join(", ", FieldRules.Quantization.Keys.Select(kind => $"`{kind}`"))}");
    }

    private static void CheckName(string name)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(name) > 200 || name.IndexOfAny(CollectionNames.Forbidden) >= 0)
        {
            throw QdrantRefusal.Field($"vectors.{name}", "a vector name has at most 200 bytes and none of < > : \" / \\ | ? *");
        }
    }

    private void ReadVectors()
    {
        Dense.Clear();
        Sparse.Clear();
        if (Params["vectors"] is JsonObject vectors)
        {
            foreach (var (name, vector) in vectors["size"] is JsonValue ? [new("", vectors)] : vectors.ToList())
            {
                Dense[name] = new(
                    vector!["size"]!.GetValue<int>(), vector["distance"]!.GetValue<string>(), vector["datatype"]?.GetValue<string>() ?? "float32", vector["multivector_config"] is not null);
            }
        }

        foreach (var (name, vector) in Params["sparse_vectors"] as JsonObject ?? [])
        {
            Sparse[name] = vector?["modifier"]?.GetValue<string>() == "idf";
        }
    }

    private static void Merge(JsonObject stored, JsonObject changes)
    {
        foreach (var (name, value) in changes)
        {
            stored[name] = value?.DeepClone();
        }
    }
}

/// <summary>Rules of names.</summary>
internal static class CollectionNames
{
    public static char[] Forbidden { get; } = ['<', '>', ':', '"', '/', '\\', '|', '?', '*', '\0', '\u001f'];

    public static void Check(string name)
    {
        if (name.Length is 0 or > 255)
        {
            throw new QdrantRefusal(422, $"Validation error in path parameters: [name: value \"{name}\" invalid, must be from 1 to 255 characters]");
        }

        var bad = name.IndexOfAny(Forbidden);
        if (bad >= 0)
        {
            throw new QdrantRefusal(422, $"Validation error in path parameters: [name: value \"{name}\" invalid, collection name cannot contain \"{name[bad]}\" char]");
        }
    }
}
