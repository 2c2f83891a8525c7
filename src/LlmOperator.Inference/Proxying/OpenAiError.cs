using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Inference.Proxying;

/// <summary>An answer in the form of OpenAI's errors, which clients know how to read.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">What happened, for programs.</param>
/// <param name="Message">What happened and what to do about it.</param>
public sealed record OpenAiError(int Status, string Code, string Message)
{
    /// <summary>People read it with curl: quotes and Turkish stay what they are. It is JSON by its type, and no page.</summary>
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Field of the request that is at fault.</summary>
    public string? Param { get; init; }

    /// <summary>Kind of error; by the status when null.</summary>
    public string? Type { get; init; }

    /// <summary>When to try again; null when it would be of no use.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Writes it.</summary>
    public async Task WriteAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var body = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(body, Readable))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("error"u8);
            writer.WriteString("message"u8, Message);
            writer.WriteString("type"u8, Type ?? (Status < 500 ? "invalid_request_error" : "server_error"));
            writer.WriteString("param"u8, Param);
            writer.WriteString("code"u8, Code);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        var response = context.Response;
        response.StatusCode = Status;
        response.ContentType = "application/json";
        response.ContentLength = body.WrittenCount;
        if (RetryAfter is { } time)
        {
            response.Headers.RetryAfter = ((long)Math.Max(1, Math.Ceiling(time.TotalSeconds))).ToString(CultureInfo.InvariantCulture);
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.BodyWriter.WriteAsync(body.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
        }
    }
}
