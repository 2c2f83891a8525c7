using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Sandbox.Storage;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Sandbox.Server;

/// <summary>Writes answers.</summary>
internal static class Reply
{
    /// <summary>Answers below this size are not worth compressing; the API server draws the same line.</summary>
    private const int GzipThreshold = 128 * 1024;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, TypeInfoResolver = JsonTypeInfoResolver.Combine() };

    /// <summary>An object or document.</summary>
    public static Task Json(HttpContext context, int status, JsonObject body, Presentation? presentation = null)
    {
        presentation ??= Presentation.Json;
        if (presentation.Yaml)
        {
            return Bytes(context, status, "application/yaml", Encoding.UTF8.GetBytes(YamlAnswer.Write(body)));
        }

        var pretty = context.Request.Query["pretty"].ToString() is "true" or "1";
        var bytes = pretty ? Encoding.UTF8.GetBytes(body.ToJsonString(Indented) + "\n") : StoredObject.Serialize(body);
        return Bytes(context, status, presentation.ContentType, bytes);
    }

    /// <summary>Plain text.</summary>
    public static Task Text(HttpContext context, int status, string text) =>
        Bytes(context, status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text));

    /// <summary>The answer to a path nobody serves.</summary>
    public static Task PageNotFound(HttpContext context) => Text(context, 404, "404 page not found\n");

    /// <summary>The answer to a path without meaning below one that the server routes itself (built-in groups).</summary>
    public static Task NoSuchResource(HttpContext context) =>
        Refusal(context, new StatusException(404, "NotFound", "the server could not find the requested resource", []));

    /// <summary>A refusal.</summary>
    public static Task Refusal(HttpContext context, StatusException refusal)
    {
        if (refusal.Details.Integer("retryAfterSeconds") is { } seconds)
        {
            context.Response.Headers.RetryAfter = seconds.ToString();
        }

        Warn(context, refusal.Warnings);
        return Json(context, refusal.Code, StatusBody(refusal));
    }

    /// <summary>The Status object of a refusal.</summary>
    public static JsonObject StatusBody(StatusException refusal)
    {
        var metadata = new JsonObject();
        if (refusal.Continue is { } token)
        {
            metadata["continue"] = token;
        }

        var body = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = metadata,
            ["status"] = "Failure",
            ["message"] = refusal.Message,
        };
        if (refusal.Reason.Length > 0)
        {
            body["reason"] = refusal.Reason;
        }

        if (refusal.Details is { } details)
        {
            body["details"] = details.DeepClone();
        }

        body["code"] = refusal.Code;
        return body;
    }

    /// <summary>A Status that says a request was done.</summary>
    public static JsonObject Success(int code = 0, JsonObject? details = null)
    {
        var body = new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success" };
        if (details is not null)
        {
            body["details"] = details;
        }

        if (code != 0)
        {
            body["code"] = code;
        }

        return body;
    }

    /// <summary>Warnings of a write, as headers.</summary>
    public static void Warn(HttpContext context, IEnumerable<string> warnings)
    {
        foreach (var text in warnings.Distinct())
        {
            var escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).ReplaceLineEndings(" ");
            context.Response.Headers.Append("Warning", $"299 - \"{escaped}\"");
        }
    }

    /// <summary>Bytes, compressed when they are many and the client takes it.</summary>
    public static async Task Bytes(HttpContext context, int status, string contentType, ReadOnlyMemory<byte> body)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        if (body.Length >= GzipThreshold && context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase))
        {
            response.Headers.ContentEncoding = "gzip";
            response.Headers.Vary = "Accept-Encoding";
            await using var gzip = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
            await gzip.WriteAsync(body, context.RequestAborted);
            return;
        }

        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.RequestAborted);
    }
}
