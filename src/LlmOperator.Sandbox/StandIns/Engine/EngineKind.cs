using LlmOperator.Sandbox.Hosting;

namespace LlmOperator.Sandbox.StandIns.Engine;

/// <summary>Inference servers the stand-in plays.</summary>
public enum EngineKind
{
    /// <summary>vLLM.</summary>
    VLlm,

    /// <summary>Text Generation Inference.</summary>
    Tgi,

    /// <summary>SGLang.</summary>
    SGLang,

    /// <summary>llama.cpp's server.</summary>
    LlamaCpp,

    /// <summary>Text Embeddings Inference.</summary>
    Tei,
}

/// <summary>Which images are which inference server.</summary>
internal static class EngineImages
{
    // Names of repositories that hold these words, the more particular first.
    private static readonly (string Word, EngineKind Kind, string Name)[] Table =
    [
        ("text-generation-inference", EngineKind.Tgi, "tgi"),
        ("tgi", EngineKind.Tgi, "tgi"),
        ("text-embeddings-inference", EngineKind.Tei, "tei"),
        ("sglang", EngineKind.SGLang, "sglang"),
        ("llama.cpp", EngineKind.LlamaCpp, "llama.cpp"),
        ("llama-cpp", EngineKind.LlamaCpp, "llama.cpp"),
        ("vllm", EngineKind.VLlm, "vllm"),
    ];

    /// <summary>The inference server of an image; null when it is none of these.</summary>
    public static EngineKind? Of(string image)
    {
        var repository = ContainerHost.Repository(image);
        var row = Array.Find(Table, row => repository.Contains(row.Word, StringComparison.OrdinalIgnoreCase));
        return row.Word is null ? null : row.Kind;
    }

    /// <summary>What a server is called.</summary>
    public static string Name(EngineKind kind) => Array.Find(Table, row => row.Kind == kind).Name;
}
