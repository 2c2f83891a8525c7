using System.Text.RegularExpressions;

namespace LlmOperator.Planning.Models;

/// <summary>The files of a repository an engine would load, each weight once.</summary>
/// <param name="Format">safetensors, pytorch, gguf or consolidated.</param>
/// <param name="Files">The files.</param>
/// <param name="Index">Name of the index that tells their size; null when there is none.</param>
public sealed partial record WeightFiles(string Format, IReadOnlyList<RegistryFile> Files, string? Index)
{
    /// <summary>Bytes of the files together; null when the size of one is not known.</summary>
    public long? Bytes => Files.Count > 0 && Files.All(file => file.Size is not null) ? Files.Sum(file => file.Size) : null;

    /// <summary>
    /// What of a repository's files are its weights; null when there are none. Repositories often hold the same weights twice: in the vendor's own layout (original/, consolidated), in an
    /// older format, or in another precision, and adapters beside them.
    /// </summary>
    public static WeightFiles? Of(IReadOnlyList<RegistryFile> files)
    {
        var root = files.Where(file => !file.Name.Contains('/', StringComparison.Ordinal)).ToList();
        return Layout("safetensors", root, Safetensors(), AnySafetensors(), "model.safetensors.index.json")
            ?? Layout("pytorch", root, PyTorch(), AnyPyTorch(), "pytorch_model.bin.index.json")
            ?? Layout("consolidated", root, Consolidated(), Consolidated(), "consolidated.safetensors.index.json")
            ?? Gguf(files);
    }

    /// <summary>Whether the repository holds an adapter and no model.</summary>
    public static bool IsAdapter(IReadOnlyList<RegistryFile> files) => Of(files) is null && files.Any(file => file.Name == "adapter_config.json");

    private static WeightFiles? Layout(string format, List<RegistryFile> root, Regex usual, Regex any, string index)
    {
        var found = root.Where(file => usual.IsMatch(file.Name)).ToList();
        if (found.Count == 0)
        {
            found = [.. root.Where(file => any.IsMatch(file.Name) && !Other().IsMatch(file.Name))];
        }

        // A file that holds everything, beside the same in parts.
        if (found.Count > 1 && found.Any(file => Part().IsMatch(file.Name)) && found.Any(file => !Part().IsMatch(file.Name)))
        {
            found = [.. found.Where(file => Part().IsMatch(file.Name))];
        }

        return found.Count == 0 ? null : new(format, found, root.Any(file => file.Name == index) ? index : null);
    }

    /// <summary>A repository of GGUF files holds the model once a quantisation; its size is known when there is but one, or the one that is taken unless another is named.</summary>
    private static WeightFiles? Gguf(IReadOnlyList<RegistryFile> files)
    {
        var found = files.Where(file => file.Name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) && !file.Name.Contains("mmproj", StringComparison.OrdinalIgnoreCase)).ToList();
        var usual = found.Where(file => GgufQuantization.Of(file.Name)?.Equals(GgufQuantization.Default, StringComparison.OrdinalIgnoreCase) == true).ToList();
        found = usual.Count > 0 ? usual : found;
        var variants = found.Select(file => Part().Replace(file.Name, "")).Distinct(StringComparer.Ordinal).Count();
        return found.Count == 0 ? null : new("gguf", variants == 1 ? found : [.. found.Select(file => file with { Size = null })], null);
    }

    [GeneratedRegex(@"^model(-\d+-of-\d+)?\.safetensors$")]
    private static partial Regex Safetensors();

    [GeneratedRegex(@"\.safetensors$")]
    private static partial Regex AnySafetensors();

    [GeneratedRegex(@"^pytorch_model(-\d+-of-\d+)?\.bin$")]
    private static partial Regex PyTorch();

    [GeneratedRegex(@"\.(bin|pt|pth)$")]
    private static partial Regex AnyPyTorch();

    [GeneratedRegex(@"^consolidated([.-].*)?\.(safetensors|pth)$")]
    private static partial Regex Consolidated();

    [GeneratedRegex(@"^(consolidated|adapter_|training_args|optimizer|scheduler|rng_state|scaler|tokenizer)|(^|[._-])lora([._-]|$)")]
    private static partial Regex Other();

    [GeneratedRegex(@"-\d+-of-\d+(?=\.)")]
    private static partial Regex Part();
}
