using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Admission;

/// <summary>The token limits of a model with the context length of an endpoint in the place of its own: the rules the schema holds within a model, across two objects.</summary>
internal static class LimitRules
{
    /// <summary>Limits that the context length of the endpoint contradicts.</summary>
    public static IEnumerable<SpecProblem?> Check(LlmEndpointSpec spec, LlmModelSpec model, string name)
    {
        if (spec.Engine?.ContextLength is not { } context || model.Limits is not { } limits)
        {
            return [];
        }

        return
        [
            limits.MaxInputTokens is { } input && input >= context
                ? Problem($"spec.engine.contextLength counts input and output and must be more than limits.maxInputTokens {input} of LlmModel {name}: raise it to {input + 1} or more, or lower limits.maxInputTokens")
                : null,
            limits.MaxBatchTotalTokens is { } batch && context > batch
                ? Problem($"spec.engine.contextLength must not exceed limits.maxBatchTotalTokens {batch} of LlmModel {name}, or the longest request never fits in a batch: lower it to {batch}, or raise limits.maxBatchTotalTokens")
                : null,
        ];
    }

    private static SpecProblem Problem(string message) => new("LimitsConflict", message);
}
