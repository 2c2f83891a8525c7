namespace LlmOperator.Sandbox.Schemas;

/// <summary>A text that is not what its media type says; the message is the one the API server gives.</summary>
internal sealed class DecodeException(string message) : Exception(message);
