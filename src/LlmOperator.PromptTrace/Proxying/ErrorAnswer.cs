using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.PromptTrace.Proxying;

/// <summary>Answers the sidecar gives itself, in the form of OpenAI's errors, which clients know how to read.</summary>
internal static class ErrorAnswer
{
    private const int RetryAfterSeconds = 2;

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

    private static async Task WriteAsync(HttpContext context, int status, string code, string message, bool mayRetry)
    {
        var body = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("error"u8);
            writer.WriteString("message"u8, message);
            writer.WriteString("type"u8, status < 500 ? "invalid_request_error" : "server_error");
            writer.WriteNull("param"u8);
            writer.WriteString("code"u8, code);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = body.WrittenCount;
        if (mayRetry)
        {
            response.Headers.RetryAfter = RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.BodyWriter.WriteAsync(body.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
        }
    }
}
