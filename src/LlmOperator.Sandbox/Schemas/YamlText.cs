using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>
/// YAML as kubectl and the API server read it, that is YAML 1.1 by way of JSON: plain <c>yes</c>, <c>on</c> and <c>y</c> are
/// booleans, <c>0x1F</c> and <c>017</c> numbers, dates strings; keys become strings; anchors, aliases and merge keys work.
/// </summary>
internal sealed partial class YamlText
{
    // Enough for any manifest; stops an alias that doubles at every level.
    private const int MaxNodes = 1_000_000;
    private const int MaxDepth = 500;

    private static readonly FrozenDictionary<string, bool> Booleans = new Dictionary<string, bool>
    {
        ["y"] = true,
        ["Y"] = true,
        ["yes"] = true,
        ["Yes"] = true,
        ["YES"] = true,
        ["true"] = true,
        ["True"] = true,
        ["TRUE"] = true,
        ["on"] = true,
        ["On"] = true,
        ["ON"] = true,
        ["n"] = false,
        ["N"] = false,
        ["no"] = false,
        ["No"] = false,
        ["NO"] = false,
        ["false"] = false,
        ["False"] = false,
        ["FALSE"] = false,
        ["off"] = false,
        ["Off"] = false,
        ["OFF"] = false,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly Parser _parser;
    private readonly List<string> _duplicates;
    private readonly Dictionary<AnchorName, JsonNode?> _anchors = [];
    private int _nodes;

    private YamlText(string text, List<string> duplicates)
    {
        _parser = new Parser(new StringReader(text));
        _duplicates = duplicates;
    }

    /// <summary>Reads all documents of a stream; empty ones are left out.</summary>
    /// <exception cref="DecodeException">The text is malformed.</exception>
    public static IReadOnlyList<JsonNode?> ParseAll(string text) => ParseAll(text, []);

    /// <summary>Reads one document.</summary>
    /// <param name="text">The text.</param>
    /// <param name="duplicateFields">Messages about keys that occur more than once in a mapping (the last one counts).</param>
    /// <exception cref="DecodeException">The text is malformed.</exception>
    public static JsonNode? Parse(string text, out IReadOnlyList<string> duplicateFields)
    {
        var duplicates = new List<string>();
        duplicateFields = duplicates;
        var documents = ParseAll(text, duplicates);
        return documents.Count == 0 ? null : documents[0];
    }

    private static List<JsonNode?> ParseAll(string text, List<string> duplicates)
    {
        try
        {
            var reader = new YamlText(text, duplicates);
            var documents = new List<JsonNode?>();
            reader._parser.MoveNext();
            reader._parser.MoveNext();
            while (reader._parser.Current is DocumentStart)
            {
                reader._anchors.Clear();
                reader._parser.MoveNext();
                if (reader.Node(0) is { } document)
                {
                    documents.Add(document);
                }

                reader._parser.MoveNext();
                reader._parser.MoveNext();
            }

            return documents;
        }
        catch (YamlException e)
        {
            throw new DecodeException($"yaml: line {e.Start.Line}: {e.Message}");
        }
    }

    /// <summary>Reads the node at the parser and leaves the parser at its last event.</summary>
    private JsonNode? Node(int depth)
    {
        if (++_nodes > MaxNodes || depth > MaxDepth)
        {
            throw new DecodeException("yaml: document contains excessive aliasing or nesting");
        }

        switch (_parser.Current)
        {
            case AnchorAlias alias:
                if (!_anchors.TryGetValue(alias.Value, out var known))
                {
                    throw new DecodeException($"yaml: unknown anchor '{alias.Value}' referenced");
                }

                _nodes += Size(known);
                return known?.DeepClone();
            case Scalar scalar:
                return Remember(scalar.Anchor, Resolve(scalar));
            case SequenceStart sequence:
                return Remember(sequence.Anchor, Sequence(depth));
            case MappingStart mapping:
                return Remember(mapping.Anchor, Mapping(depth));
            default:
                throw new DecodeException($"yaml: line {_parser.Current?.Start.Line}: did not find expected node content");
        }
    }

    private JsonArray Sequence(int depth)
    {
        var result = new JsonArray();
        while (_parser.MoveNext() && _parser.Current is not SequenceEnd)
        {
            result.Add(Node(depth + 1));
        }

        return result;
    }

    private JsonObject Mapping(int depth)
    {
        var result = new JsonObject();
        var merged = new List<JsonNode?>();
        while (_parser.MoveNext() && _parser.Current is not MappingEnd)
        {
            var line = _parser.Current?.Start.Line;
            var isMerge = _parser.Current is Scalar { Value: "<<", Style: ScalarStyle.Plain };
            var key = Key(Node(depth + 1), line);
            _parser.MoveNext();
            var value = Node(depth + 1);
            if (isMerge)
            {
                merged.Add(value);
            }
            else if (!result.TryAdd(key, value))
            {
                _duplicates.Add($"line {line}: key {JsonScalars.Quote(key)} already set in map");
                result[key] = value;
            }
        }

        foreach (var source in merged)
        {
            Merge(result, source);
        }

        return result;
    }

    private static void Merge(JsonObject target, JsonNode? source)
    {
        switch (source)
        {
            case JsonObject fields:
                foreach (var (name, value) in fields)
                {
                    if (!target.ContainsKey(name))
                    {
                        target[name] = value?.DeepClone();
                    }
                }

                break;
            case JsonArray { Count: > 0 } sources when sources.All(item => item is JsonObject):
                foreach (var item in sources)
                {
                    Merge(target, item);
                }

                break;
            default:
                throw new DecodeException("yaml: map merge requires map or sequence of maps as the value");
        }
    }

    private static string Key(JsonNode? key, long? line) => key switch
    {
        null => "null",
        JsonValue value => JsonScalars.TryString(value, out var text) ? text : value.ToJsonString(),
        _ => throw new DecodeException($"yaml: line {line}: invalid map key"),
    };

    private JsonNode? Remember(AnchorName anchor, JsonNode? node)
    {
        if (!anchor.IsEmpty)
        {
            _anchors[anchor] = node;
        }

        return node;
    }

    private static int Size(JsonNode? node) => node switch
    {
        JsonObject fields => 1 + fields.Sum(field => Size(field.Value)),
        JsonArray items => 1 + items.Sum(Size),
        _ => 1,
    };

    private static JsonValue? Resolve(Scalar scalar)
    {
        var text = scalar.Value;
        var tag = scalar.Tag.IsEmpty ? "" : scalar.Tag.Value;
        if (scalar.Style != ScalarStyle.Plain || tag is "!" or "tag:yaml.org,2002:str")
        {
            return tag == "tag:yaml.org,2002:binary" ? Binary(text) : JsonValue.Create(text);
        }

        var value = Plain(text);
        return tag switch
        {
            "tag:yaml.org,2002:float" when JsonScalars.TryInteger(value, out var integer) => JsonValue.Create((double)integer),
            "tag:yaml.org,2002:binary" => Binary(text),
            _ => value,
        };
    }

    private static JsonValue Binary(string text)
    {
        try
        {
            return JsonValue.Create(System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(text)));
        }
        catch (FormatException)
        {
            throw new DecodeException("yaml: !!binary value contains invalid base64 data");
        }
    }

    private static JsonValue? Plain(string text)
    {
        if (text is "" or "~" or "null" or "Null" or "NULL")
        {
            return null;
        }

        if (Booleans.TryGetValue(text, out var flag))
        {
            return JsonValue.Create(flag);
        }

        if (!char.IsAsciiDigit(text[0]) && text[0] is not ('-' or '+' or '.'))
        {
            return JsonValue.Create(text);
        }

        if (text.TrimStart('+', '-') is ".inf" or ".Inf" or ".INF" or ".nan" or ".NaN" or ".NAN")
        {
            throw new DecodeException($"json: unsupported value: {text}");
        }

        var plain = text.Replace("_", "", StringComparison.Ordinal);
        if (Integer(plain) is { } integer)
        {
            return integer;
        }

        return Float().IsMatch(plain) ? JsonValue.Create(double.Parse(plain, CultureInfo.InvariantCulture)) : JsonValue.Create(text);
    }

    private static JsonValue? Integer(string text)
    {
        var digits = text.AsSpan().TrimStart("+-");
        if (text.Length - digits.Length > 1 || digits.IsEmpty)
        {
            return null;
        }

        var radix = 10;
        if (digits.Length > 1 && digits[0] == '0')
        {
            radix = char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'b' => 2, _ => 8 };
            digits = digits[(char.IsAsciiLetter(digits[1]) ? 2 : 1)..];
        }

        System.Numerics.BigInteger value = 0;
        foreach (var character in digits)
        {
            var digit = char.IsAsciiHexDigit(character) ? Convert.ToInt32(character.ToString(), 16) : 99;
            if (digit >= radix)
            {
                return null;
            }

            value = (value * radix) + digit;
        }

        if (digits.IsEmpty)
        {
            return null;
        }

        value = text[0] == '-' ? -value : value;
        return value >= long.MinValue && value <= long.MaxValue ? JsonValue.Create((long)value) : JsonValue.Create((double)value);
    }

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Float();
}
