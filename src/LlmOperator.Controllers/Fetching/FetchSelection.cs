using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Fetching;

/// <summary>Which files of a repository an engine loads: one form of the weights, and everything small beside it.</summary>
internal static class FetchSelection
{
    private static readonly string[] WeightForms = [".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".onnx", ".ot", ".tflite", ".gguf"];

    /// <summary>Files to fetch. Repositories often hold the same weights in several forms; one of them is enough.</summary>
    public static IReadOnlyList<RegistryFile> Of(IReadOnlyList<RegistryFile> files)
    {
        var weights = (WeightFiles.Of(files)?.Files ?? (WeightFiles.IsAdapter(files) ? AdapterConfig.FilesOf(files) : [])).Select(file => file.Name).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. files.Where(file => !file.Name.StartsWith('.') && !file.Name.Contains("/.", StringComparison.Ordinal))
                .Where(file => weights.Contains(file.Name) || (!IsOriginal(file) && !WeightForms.Any(form => file.Name.EndsWith(form, StringComparison.OrdinalIgnoreCase))))
                .OrderBy(file => file.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>The publisher's own layout, beside the common one.</summary>
    private static bool IsOriginal(RegistryFile file) => file.Name.StartsWith("original/", StringComparison.Ordinal) || file.Name.StartsWith("metal/", StringComparison.Ordinal);
}
