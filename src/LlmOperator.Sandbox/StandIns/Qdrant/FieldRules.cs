using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>A rule of one field.</summary>
internal sealed record FieldRule(JsonValueKind Kind, bool IsWhole = false, double Least = double.MinValue, double Most = double.MaxValue, IReadOnlyList<string>? Words = null)
{
    public static FieldRule Flag { get; } = new(JsonValueKind.True);

    public static FieldRule Object { get; } = new(JsonValueKind.Object);

    public static FieldRule Memory { get; } = Word("cold", "cached", "pinned");

    public static FieldRule Datatype { get; } = Word("float32", "uint8", "float16", "turbo4");

    public static FieldRule Whole(double least = 0, double most = long.MaxValue) => new(JsonValueKind.Number, true, least, most);

    public static FieldRule Number(double least = double.MinValue, double most = double.MaxValue) => new(JsonValueKind.Number, false, least, most);

    public static FieldRule Word(params IReadOnlyList<string> words) => new(JsonValueKind.String, Words: words);
}

/// <summary>Reads objects of settings: fields it does not know are left out, as Qdrant does, and wrong ones are refused in its words.</summary>
internal static class FieldRules
{
    public static IReadOnlyDictionary<string, FieldRule> Hnsw { get; } = new Dictionary<string, FieldRule>
    {
        ["m"] = FieldRule.Whole(),
        ["ef_construct"] = FieldRule.Whole(4),
        ["full_scan_threshold"] = FieldRule.Whole(10),
        ["max_indexing_threads"] = FieldRule.Whole(),
        ["on_disk"] = FieldRule.Flag,
        ["memory"] = FieldRule.Memory,
        ["payload_m"] = FieldRule.Whole(),
        ["inline_storage"] = FieldRule.Flag,
    };

    public static IReadOnlyDictionary<string, FieldRule> Wal { get; } = new Dictionary<string, FieldRule>
    {
        ["wal_capacity_mb"] = FieldRule.Whole(1),
        ["wal_segments_ahead"] = FieldRule.Whole(),
        ["wal_retain_closed"] = FieldRule.Whole(1),
    };

    public static IReadOnlyDictionary<string, FieldRule> Optimizers { get; } = new Dictionary<string, FieldRule>
    {
        ["deleted_threshold"] = FieldRule.Number(0, 1),
        ["vacuum_min_vector_number"] = FieldRule.Whole(100),
        ["default_segment_number"] = FieldRule.Whole(),
        ["max_segment_size"] = FieldRule.Whole(1),
        ["memmap_threshold"] = FieldRule.Whole(),
        ["indexing_threshold"] = FieldRule.Whole(),
        ["flush_interval_sec"] = FieldRule.Whole(),
        ["prevent_unoptimized"] = FieldRule.Flag,
    };

    public static IReadOnlyDictionary<string, FieldRule> Vector { get; } = new Dictionary<string, FieldRule>
    {
        ["size"] = FieldRule.Whole(1, 65536),
        ["distance"] = FieldRule.Word("Cosine", "Euclid", "Dot", "Manhattan"),
        ["on_disk"] = FieldRule.Flag,
        ["memory"] = FieldRule.Memory,
        ["datatype"] = FieldRule.Datatype,
    };

    public static IReadOnlyDictionary<string, FieldRule> Multivector { get; } = new Dictionary<string, FieldRule> { ["comparator"] = FieldRule.Word("max_sim") };

    public static IReadOnlyDictionary<string, FieldRule> SparseIndex { get; } = new Dictionary<string, FieldRule>
    {
        ["full_scan_threshold"] = FieldRule.Whole(),
        ["on_disk"] = FieldRule.Flag,
        ["memory"] = FieldRule.Memory,
        ["datatype"] = FieldRule.Datatype,
    };

    public static IReadOnlyDictionary<string, FieldRule> PayloadStorage { get; } = new Dictionary<string, FieldRule> { ["memory"] = FieldRule.Memory };

    public static IReadOnlyDictionary<string, IReadOnlyDictionary<string, FieldRule>> Quantization { get; } = new Dictionary<string, IReadOnlyDictionary<string, FieldRule>>
    {
        ["scalar"] = new Dictionary<string, FieldRule>
        {
            ["type"] = FieldRule.Word("int8"),
            ["quantile"] = FieldRule.Number(0.5, 1),
            ["always_ram"] = FieldRule.Flag,
            ["memory"] = FieldRule.Memory,
        },
        ["product"] = new Dictionary<string, FieldRule>
        {
            ["compression"] = FieldRule.Word("x4", "x8", "x16", "x32", "x64"),
            ["always_ram"] = FieldRule.Flag,
            ["memory"] = FieldRule.Memory,
        },
        ["binary"] = new Dictionary<string, FieldRule>
        {
            ["always_ram"] = FieldRule.Flag,
            ["memory"] = FieldRule.Memory,
            ["encoding"] = FieldRule.Word("one_bit", "two_bits", "one_and_half_bits"),
            ["query_encoding"] = FieldRule.Word("default", "binary", "scalar4bits", "scalar8bits"),
        },
        ["turbo"] = new Dictionary<string, FieldRule>
        {
            ["always_ram"] = FieldRule.Flag,
            ["memory"] = FieldRule.Memory,
            ["bits"] = FieldRule.Word("bits1", "bits1_5", "bits2", "bits4"),
        },
    };

    public static IReadOnlyDictionary<string, FieldRule> StrictMode { get; } = new Dictionary<string, FieldRule>
    {
        ["enabled"] = FieldRule.Flag,
        ["max_query_limit"] = FieldRule.Whole(1),
        ["max_timeout"] = FieldRule.Whole(1),
        ["unindexed_filtering_retrieve"] = FieldRule.Flag,
        ["unindexed_filtering_update"] = FieldRule.Flag,
        ["search_max_hnsw_ef"] = FieldRule.Whole(),
        ["search_allow_exact"] = FieldRule.Flag,
        ["search_max_oversampling"] = FieldRule.Number(),
        ["upsert_max_batchsize"] = FieldRule.Whole(),
        ["search_max_batchsize"] = FieldRule.Whole(),
        ["max_collection_vector_size_bytes"] = FieldRule.Whole(),
        ["max_collection_payload_size_bytes"] = FieldRule.Whole(),
        ["read_rate_limit"] = FieldRule.Whole(1),
        ["write_rate_limit"] = FieldRule.Whole(1),
        ["max_points_count"] = FieldRule.Whole(1),
        ["filter_max_conditions"] = FieldRule.Whole(),
        ["condition_max_size"] = FieldRule.Whole(),
        ["multivector_config"] = FieldRule.Object,
        ["sparse_config"] = FieldRule.Object,
        ["max_payload_index_count"] = FieldRule.Whole(),
        ["max_resident_memory_percent"] = FieldRule.Whole(1, 100),
    };

    /// <summary>Takes the fields of rules out of an object; absent and null ones are left out.</summary>
    public static JsonObject Take(JsonNode? source, IReadOnlyDictionary<string, FieldRule> rules, string path)
    {
        var taken = new JsonObject();
        foreach (var (name, value) in Object(source, path))
        {
            if (value is not null && rules.TryGetValue(name, out var rule))
            {
                Check(value, rule, $"{path}.{name}");
                taken[name] = value.DeepClone();
            }
        }

        return taken;
    }

    /// <summary>An object, or nothing of one.</summary>
    public static JsonObject Object(JsonNode? source, string path) => source switch
    {
        null => [],
        JsonObject found => found,
        _ => throw QdrantRefusal.Format($"{path}: invalid type: {Kind(source)}, expected an object"),
    };

    /// <summary>A whole number; null when it is absent.</summary>
    public static long? Whole(JsonObject source, string name, string path, long least, long most = long.MaxValue)
    {
        if (source[name] is not { } value)
        {
            return null;
        }

        Check(value, FieldRule.Whole(least, most), path.Length == 0 ? name : $"{path}.{name}");
        return value.GetValue<long>();
    }

    /// <summary>One of some words; null when it is absent.</summary>
    public static string? Word(JsonObject source, string name, string path, params IReadOnlyList<string> words)
    {
        if (source[name] is not { } value)
        {
            return null;
        }

        Check(value, FieldRule.Word(words), path.Length == 0 ? name : $"{path}.{name}");
        return value.GetValue<string>();
    }

    /// <summary>True or false; null when it is absent.</summary>
    public static bool? Flag(JsonObject source, string name, string path)
    {
        if (source[name] is not { } value)
        {
            return null;
        }

        Check(value, FieldRule.Flag, path.Length == 0 ? name : $"{path}.{name}");
        return value.GetValue<bool>();
    }

    private static void Check(JsonNode value, FieldRule rule, string path)
    {
        var kind = Kind(value) == JsonValueKind.False ? JsonValueKind.True : Kind(value);
        if (kind != rule.Kind)
        {
            throw QdrantRefusal.Format($"{path}: invalid type: {Kind(value)}, expected {(rule.Kind == JsonValueKind.True ? "a boolean" : rule.Kind)}");
        }

        if (kind == JsonValueKind.String && rule.Words is { } words && !words.Contains(value.GetValue<string>()))
        {
            throw QdrantRefusal.Format($"{path}: unknown variant `{value.GetValue<string>()}`, expected one of {string.Join(", ", words.Select(word => $"`{word}`"))}");
        }

        if (kind == JsonValueKind.Number)
        {
            var number = double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);
            if (rule.IsWhole && number != Math.Floor(number))
            {
                throw QdrantRefusal.Format($"{path}: invalid type: floating point `{number}`, expected a whole number");
            }

            if (number < rule.Least || number > rule.Most)
            {
                throw QdrantRefusal.Field(path, number < rule.Least ? $"value {number} invalid, must be {rule.Least} or larger" : $"value {number} invalid, must be from {rule.Least} to {rule.Most}");
            }
        }
    }

    private static JsonValueKind Kind(JsonNode value) => value.GetValueKind();
}
