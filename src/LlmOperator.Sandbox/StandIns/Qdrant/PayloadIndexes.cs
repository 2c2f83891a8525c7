using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>A payload index.</summary>
/// <param name="Type">Its kind.</param>
/// <param name="Params">Its parameters; null when it was created by its kind alone.</param>
internal sealed record PayloadIndex(string Type, JsonObject? Params)
{
    private static readonly Dictionary<string, FieldRule> Held = new() { ["on_disk"] = FieldRule.Flag, ["memory"] = FieldRule.Memory, ["enable_hnsw"] = FieldRule.Flag };

    private static readonly Dictionary<string, Dictionary<string, FieldRule>> Types = new()
    {
        ["keyword"] = new(Held) { ["is_tenant"] = FieldRule.Flag, ["prefix"] = FieldRule.Flag },
        ["integer"] = new(Held) { ["lookup"] = FieldRule.Flag, ["range"] = FieldRule.Flag, ["is_principal"] = FieldRule.Flag },
        ["float"] = new(Held) { ["is_principal"] = FieldRule.Flag },
        ["geo"] = new(Held),
        ["text"] = new(Held)
        {
            ["tokenizer"] = FieldRule.Word("prefix", "whitespace", "word", "multilingual"),
            ["min_token_len"] = FieldRule.Whole(),
            ["max_token_len"] = FieldRule.Whole(),
            ["lowercase"] = FieldRule.Flag,
            ["ascii_folding"] = FieldRule.Flag,
            ["phrase_matching"] = FieldRule.Flag,
        },
        ["bool"] = new(Held),
        ["datetime"] = new(Held) { ["is_principal"] = FieldRule.Flag },
        ["uuid"] = new(Held) { ["is_tenant"] = FieldRule.Flag },
    };

    /// <summary>Reads an index as a request has it: a kind, or an object of one.</summary>
    public static PayloadIndex Read(JsonNode? schema)
    {
        if (schema is JsonValue && schema.GetValueKind() == JsonValueKind.String)
        {
            var kind = schema.GetValue<string>();
            return Types.ContainsKey(kind) ? new(kind, null) : throw Unknown(kind);
        }

        var body = FieldRules.Object(schema, "field_schema");
        var type = body["type"]?.GetValue<string>() ?? throw QdrantRefusal.Input("field_schema: the type of the index is missing");
        var stored = new JsonObject { ["type"] = type };
        foreach (var (name, value) in FieldRules.Take(body, Types.TryGetValue(type, out var rules) ? rules : throw Unknown(type), "field_schema"))
        {
            stored[name] = value?.DeepClone();
        }

        foreach (var name in type == "text" ? ["stopwords", "stemmer"] : Array.Empty<string>())
        {
            if (body[name] is { } value)
            {
                stored[name] = value.DeepClone();
            }
        }

        return new(type, stored);
    }

    /// <summary>Whether a value of payload is in the index.</summary>
    public bool Takes(JsonElement value) => Type switch
    {
        "keyword" or "text" => value.ValueKind == JsonValueKind.String,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "float" => value.ValueKind == JsonValueKind.Number,
        "bool" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "datetime" => PayloadTime.Read(value) is not null,
        "uuid" => value.ValueKind == JsonValueKind.String && Guid.TryParse(value.GetString(), out _),
        _ => value.ValueKind == JsonValueKind.Object,
    };

    public bool IsSame(PayloadIndex other) => Type == other.Type && JsonNode.DeepEquals(Params, other.Params);

    private static QdrantRefusal Unknown(string type) => QdrantRefusal.Format($"field_schema: unknown type `{type}`, expected one of {string.Join(", ", Types.Keys.Select(kind => $"`{kind}`"))}");
}

/// <summary>Payload indexes of a collection.</summary>
internal sealed class PayloadIndexes : SortedDictionary<string, PayloadIndex>
{
    public PayloadIndexes()
        : base(StringComparer.Ordinal)
    {
    }

    /// <summary>The words of a field with a text index; null when it has none.</summary>
    public WordIndex? TextIndex(string key) => TryGetValue(key, out var index) && index.Type == "text" ? new(index.Params) : null;

    /// <summary>Kinds of index of which a condition needs one; none when it needs no index.</summary>
    public static IReadOnlyList<string> Needed(JsonElement condition)
    {
        if (condition.TryGetProperty("match", out var match) && match.ValueKind == JsonValueKind.Object)
        {
            var test = match.EnumerateObject().First();
            var sample = test.Value.ValueKind == JsonValueKind.Array && test.Value.GetArrayLength() > 0 ? test.Value[0] : test.Value;
            return test.Name is "text" or "text_any" or "phrase" ? ["text"]
                : sample.ValueKind is JsonValueKind.True or JsonValueKind.False ? ["bool"]
                : sample.ValueKind == JsonValueKind.Number ? ["integer"]
                : Guid.TryParse(sample.ValueKind == JsonValueKind.String ? sample.GetString() : null, out _) ? ["uuid", "keyword"]
                : ["keyword"];
        }

        return condition.TryGetProperty("range", out var range) && range.ValueKind == JsonValueKind.Object
            ? range.EnumerateObject().Any(bound => bound.Value.ValueKind == JsonValueKind.String) ? ["datetime"] : ["integer", "float"]
            : condition.EnumerateObject().Any(test => test.Name.StartsWith("geo_", StringComparison.Ordinal)) ? ["geo"]
            : [];
    }
}

/// <summary>Words of a field with a text index.</summary>
internal sealed class WordIndex(JsonObject? settings)
{
    private readonly bool _lowercase = settings?["lowercase"]?.GetValue<bool>() ?? true;
    private readonly bool _folds = settings?["ascii_folding"]?.GetValue<bool>() ?? false;
    private readonly string _tokenizer = settings?["tokenizer"]?.GetValue<string>() ?? "word";
    private readonly int _least = (int)(settings?["min_token_len"]?.GetValue<long>() ?? 0);
    private readonly int _most = (int)(settings?["max_token_len"]?.GetValue<long>() ?? int.MaxValue);

    public bool HasAll(string text, string wanted)
    {
        var words = Words(text);
        return Words(wanted) is { Count: > 0 } all && all.TrueForAll(word => words.Exists(has => Same(has, word)));
    }

    public bool HasAny(string text, string wanted)
    {
        var words = Words(text);
        return Words(wanted).Exists(word => words.Exists(has => Same(has, word)));
    }

    public bool HasPhrase(string text, string wanted)
    {
        var (words, phrase) = (Words(text), Words(wanted));
        return phrase.Count > 0 && Enumerable.Range(0, Math.Max(0, words.Count - phrase.Count + 1)).Any(at => words.Skip(at).Take(phrase.Count).SequenceEqual(phrase));
    }

    private bool Same(string has, string word) => _tokenizer == "prefix" ? has.StartsWith(word, StringComparison.Ordinal) : has == word;

    private List<string> Words(string text)
    {
        var prepared = _lowercase ? text.ToLowerInvariant() : text;
        if (_folds)
        {
            prepared = string.Concat(prepared.Normalize(NormalizationForm.FormD).Where(character => char.GetUnicodeCategory(character) != System.Globalization.UnicodeCategory.NonSpacingMark));
        }

        var words = new List<string>();
        var word = new StringBuilder();
        foreach (var character in prepared.Append(' '))
        {
            if (_tokenizer == "whitespace" ? !char.IsWhiteSpace(character) : char.IsLetterOrDigit(character))
            {
                word.Append(character);
            }
            else if (word.Length > 0)
            {
                if (word.Length >= _least && word.Length <= _most)
                {
                    words.Add(word.ToString());
                }

                word.Clear();
            }
        }

        return words;
    }
}
