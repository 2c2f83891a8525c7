namespace LlmOperator.Sandbox.Apply;

/// <summary>A patch that cannot be applied.</summary>
/// <param name="code">400 for a patch that is malformed, 422 for one that does not fit the object, 500 for what the API server does not foresee.</param>
/// <param name="message">Why.</param>
internal sealed class PatchException(int code, string message) : Exception(message)
{
    /// <summary>HTTP status code; the reason that goes with it is BadRequest or Invalid.</summary>
    public int Code => code;
}
