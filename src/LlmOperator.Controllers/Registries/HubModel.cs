using System.Text.Json;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Registries;

/// <summary>A model as the hub's API describes it.</summary>
internal sealed class HubModel
{
    // Beyond any model there is; sums of what is below stay within 63 bits.
    private const long MostElements = 10_000_000_000_000_000;
    private const long LargestFile = 10_000_000_000_000;

    /// <summary>Commit in hexadecimal.</summary>
    public required string Commit { get; init; }

    public bool IsDisabled { get; init; }

    public bool IsGated { get; init; }

    public required IReadOnlyList<RegistryFile> Files { get; init; }

    public IReadOnlyDictionary<string, long>? Elements { get; init; }

    public long? GgufParameters { get; init; }

    public int? GgufContextLength { get; init; }

    public string? License { get; init; }

    public bool Has(string file) => Files.Any(known => known.Name == file);

    /// <summary>Reads an answer; null when it is none of the hub's.</summary>
    public static HubModel? Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            if (Text(root, "sha") is not { Length: 40 or 64 } commit || !commit.All(char.IsAsciiHexDigit))
            {
                return null;
            }

            var gguf = Member(root, "gguf");
            return new()
            {
                Commit = commit,
                IsDisabled = Member(root, "disabled")?.ValueKind == JsonValueKind.True,
                IsGated = Member(root, "gated") is { } gated && gated.ValueKind is JsonValueKind.String or JsonValueKind.True,
                Files = [.. FilesOf(root)],
                Elements = Member(root, "safetensors") is { } safetensors ? ElementsOf(safetensors) : null,
                GgufParameters = gguf is { } file ? Number(file, "total") : null,
                GgufContextLength = gguf is { } described && Number(described, "context_length") is { } length and <= 100_000_000 ? (int)length : null,
                License = LicenseOf(root),
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<RegistryFile> FilesOf(JsonElement root)
    {
        foreach (var sibling in Member(root, "siblings") is { ValueKind: JsonValueKind.Array } siblings ? siblings.EnumerateArray() : default)
        {
            if (Text(sibling, "rfilename") is { Length: > 0 and <= 1024 } name)
            {
                var lfs = Member(sibling, "lfs");
                yield return new(name, Number(sibling, "size", LargestFile) ?? (lfs is { } large ? Number(large, "size", LargestFile) : null), lfs is { } hashed ? Text(hashed, "sha256") : null);
            }
        }
    }

    private static Dictionary<string, long>? ElementsOf(JsonElement safetensors)
    {
        var elements = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var type in Member(safetensors, "parameters") is { ValueKind: JsonValueKind.Object } parameters ? parameters.EnumerateObject() : default)
        {
            if (type.Value.ValueKind == JsonValueKind.Number && type.Value.TryGetInt64(out var number) && number is >= 0 and <= MostElements && elements.Count < 32)
            {
                elements[type.Name] = number;
            }
        }

        return elements.Count > 0 ? elements : null;
    }

    /// <summary>The card's word; where it says "other", the name the card gives it.</summary>
    private static string? LicenseOf(JsonElement root)
    {
        var card = Member(root, "cardData") is { ValueKind: JsonValueKind.Object } data ? data : default;
        var license = card.ValueKind != JsonValueKind.Object ? null : Member(card, "license") switch
        {
            { ValueKind: JsonValueKind.String } text => text.GetString(),
            { ValueKind: JsonValueKind.Array } list => list.EnumerateArray().FirstOrDefault() is { ValueKind: JsonValueKind.String } first ? first.GetString() : null,
            _ => null,
        };
        if (license is "other" && Text(card, "license_name") is { Length: > 0 } name)
        {
            return name;
        }

        return license ?? (Member(root, "tags") is { ValueKind: JsonValueKind.Array } tags
            ? tags.EnumerateArray().Where(tag => tag.ValueKind == JsonValueKind.String).Select(tag => tag.GetString()!).FirstOrDefault(tag => tag.StartsWith("license:", StringComparison.Ordinal))?["license:".Length..]
            : null);
    }

    private static JsonElement? Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement element, string name) => Member(element, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static long? Number(JsonElement element, string name, long most = MostElements) =>
        Member(element, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) && number >= 0 && number <= most ? number : null;
}
