using System.Text.Json;

namespace LlmOperator.Planning.Models;

/// <summary>What an adapter's <c>adapter_config.json</c> says.</summary>
/// <param name="Rank">Rank of its matrices (<c>r</c>); null when it is no LoRA adapter.</param>
/// <param name="BaseModel">Model it was trained on.</param>
public sealed record AdapterConfig(int? Rank, string? BaseModel)
{
    /// <summary>Name of the file.</summary>
    public const string File = "adapter_config.json";

    /// <summary>Reads the file; null when it is not one.</summary>
    public static AdapterConfig? Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root
                ? new(
                    root.TryGetProperty("r"u8, out var rank) && rank.ValueKind == JsonValueKind.Number && rank.TryGetInt32(out var number) && number is > 0 and <= 4096 ? number : null,
                    root.TryGetProperty("base_model_name_or_path"u8, out var model) && model.ValueKind == JsonValueKind.String ? model.GetString() : null)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Files of an adapter among those of its repository: its configuration and matrices, and what it adds to the tokeniser.</summary>
    public static IReadOnlyList<RegistryFile> FilesOf(IReadOnlyList<RegistryFile> files)
    {
        var safe = files.Any(file => file.Name == "adapter_model.safetensors");
        return [.. files.Where(file => !file.Name.Contains('/', StringComparison.Ordinal) && !file.Name.StartsWith('.')
            && (file.Name is File or "adapter_model.safetensors" or "added_tokens.json" or "new_embeddings.safetensors" || (file.Name == "adapter_model.bin" && !safe)
                || file.Name.StartsWith("tokenizer", StringComparison.Ordinal) || file.Name.StartsWith("special_tokens", StringComparison.Ordinal)))];
    }
}
