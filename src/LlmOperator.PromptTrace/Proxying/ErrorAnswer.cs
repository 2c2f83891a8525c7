using LlmOperator.Inference.Proxying;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.PromptTrace.Proxying;

/// <summary>Answers the sidecar gives itself, in the form of OpenAI's errors, which clients know how to read.</summary>
internal static class ErrorAnswer
{
    private static readonly TimeSpan RetryTime = TimeSpan.FromSeconds(2);

    public static Task EngineUnreachable(HttpContext context) =>
        WriteAsync(context, StatusCodes.Status502BadGateway, "engine_unreachable", "The inference server cannot be reached: it is starting or has ended. Try again.", mayRetry: true);

    public static Task EngineFailed(HttpContext context) =>
        WriteAsync(context, StatusCodes.Status502BadGateway, "engine_failed", "The inference server ended the connection before it answered. Try again.", mayRetry: true);

    public static Task EngineTooSlow(HttpContext context) =>
        WriteAsync(context, StatusCodes.Status504GatewayTimeout, "engine_timeout", "The inference server did not answer in time. Try again, or ask for fewer tokens.", mayRetry: true);

    public static Task Draining(HttpContext context)
    {
        context.Response.Headers.Connection = "close";
        return WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "shutting_down", "This replica is shutting down. Try again: another one will answer.", mayRetry: true);
    }

    public static Task Upgrade(HttpContext context) =>
        WriteAsync(context, StatusCodes.Status501NotImplemented, "upgrade_not_supported", "Only HTTP requests are served here: connections are not upgraded and tunnels are not opened.", mayRetry: false);

    public static Task BadRequest(HttpContext context, int status, string message) => WriteAsync(context, status, "bad_request", message, mayRetry: false);

    private static Task WriteAsync(HttpContext context, int status, string code, string message, bool mayRetry) =>
        new OpenAiError(status, code, message) { RetryAfter = mayRetry ? RetryTime : null }.WriteAsync(context);
}
