using System.Collections.Frozen;
using LlmOperator.Inference.OpenAi;

namespace LlmOperator.Gateway.Serving;

/// <summary>The paths models are asked at.</summary>
internal static class Routes
{
    public const string Models = "/v1/models";
    public const string Feedback = "/v1/feedback";

    private static readonly FrozenSet<string> Asking = new[] { "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/rerank", "/rerank" }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>What a path asks a model for, in the words of the GenAI conventions; null for a path that asks none.</summary>
    public static string? OperationOf(string path) => Asking.Contains(path) ? Operations.Of("POST", path) : null;
}
