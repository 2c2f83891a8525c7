namespace LlmOperator.Controllers.Fetching;

/// <summary>A fetch that cannot succeed as things are.</summary>
/// <param name="message">What is the case and what to change; becomes the termination message of the pod. Holds no secret.</param>
/// <param name="exitCode">Exit code, by which the Job knows whether to try again.</param>
/// <param name="inner">Cause.</param>
internal sealed class FetchException(string message, int exitCode, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;
}
