using LlmOperator.Inference.Proxying;

namespace LlmOperator.Gateway.Requests;

/// <summary>A request that is not passed on, and what its client is told.</summary>
/// <param name="error">What it is told.</param>
internal sealed class RefusedException(OpenAiError error) : Exception(error.Message)
{
    public OpenAiError Error { get; } = error;
}
