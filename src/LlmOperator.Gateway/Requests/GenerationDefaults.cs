using System.Globalization;
using System.Text;
using LlmOperator.Api.Endpoints;

namespace LlmOperator.Gateway.Requests;

/// <summary>The sampling an endpoint wants where a request does not say.</summary>
internal static class GenerationDefaults
{
    /// <summary>Fields that are looked for in requests.</summary>
    public static IReadOnlyList<string> Names { get; } = ["temperature", "top_p", "max_tokens", "max_completion_tokens", "repetition_penalty", "repeat_penalty"];

    /// <summary>The fields to be added at the end of a body, each with a comma before it; empty when there is nothing to add.</summary>
    /// <param name="generation">What the endpoint wants.</param>
    /// <param name="engine">The inference server that is asked.</param>
    /// <param name="given">Fields the client gives.</param>
    public static byte[] Missing(GenerationSpec? generation, string engine, IReadOnlySet<string> given)
    {
        if (generation is null)
        {
            return [];
        }

        var text = new StringBuilder();
        Add("temperature", generation.Temperature, !given.Contains("temperature"));

        // One is all of the probability, as without the field; TGI refuses to be told so.
        Add("top_p", generation.TopP, !given.Contains("top_p") && generation.TopP < 1);
        Add("max_tokens", generation.MaxTokens, !given.Contains("max_tokens") && !given.Contains("max_completion_tokens"));
        var penalty = engine == EngineType.LlamaCpp ? "repeat_penalty" : "repetition_penalty";
        Add(penalty, generation.RepetitionPenalty, !given.Contains(penalty) && generation.RepetitionPenalty is > 1 or < 1);
        return Encoding.UTF8.GetBytes(text.ToString());

        void Add(string name, double value, bool isWanted)
        {
            if (isWanted)
            {
                text.Append(CultureInfo.InvariantCulture, $",\"{name}\":{value:R}");
            }
        }
    }
}
