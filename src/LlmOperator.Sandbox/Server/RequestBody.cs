using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Server.Protobuf;
using LlmOperator.Sandbox.Storage;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Sandbox.Server;

/// <summary>The text of a request and what it turned out to be.</summary>
/// <param name="Value">Parsed document.</param>
/// <param name="Duplicates">Fields that occurred twice.</param>
internal sealed record RequestBody(JsonNode? Value, IReadOnlyList<string> Duplicates)
{
    /// <summary>The limit of the API server.</summary>
    public const int MaxBytes = 3 * 1024 * 1024;

    private const string Accepted = "the body of the request was in an unknown format - accepted media types include: ";

    /// <summary>The document as an object.</summary>
    public JsonObject Object => Value as JsonObject ?? throw Refusals.BadRequest("couldn't get version/kind; json parse error: the body is not an object");

    /// <summary>Reads an object in JSON or YAML.</summary>
    public static async Task<RequestBody> ReadObject(HttpRequest request)
    {
        var type = MediaType(request);
        if (type is not ("" or "application/json" or "application/yaml" or ProtobufText.MediaType))
        {
            throw new StatusException(415, "UnsupportedMediaType", Accepted + $"application/json, application/yaml, {ProtobufText.MediaType}");
        }

        return Parse(await Read(request), type);
    }

    /// <summary>Reads a patch; its media type says which.</summary>
    public static async Task<(string Type, RequestBody Body)> Patch(HttpRequest request, KindDefinition kind)
    {
        var type = MediaType(request);
        string[] accepted = kind.Custom
            ? ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"]
            : ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml"];
        if (!accepted.Contains(type))
        {
            throw new StatusException(415, "UnsupportedMediaType", Accepted + string.Join(", ", accepted));
        }

        return (type, Parse(await Read(request), type));
    }

    /// <summary>Reads a body that may be absent.</summary>
    public static async Task<JsonObject?> Optional(HttpRequest request)
    {
        var bytes = await Read(request);
        return bytes.Length == 0 ? null : Parse(bytes, MediaType(request)).Object;
    }

    private static RequestBody Parse(byte[] bytes, string type)
    {
        try
        {
            if (type == ProtobufText.MediaType)
            {
                return new RequestBody(ProtobufText.Parse(bytes), []);
            }

            IReadOnlyList<string> duplicates;
            var value = type.EndsWith("yaml", StringComparison.Ordinal)
                ? YamlText.Parse(Encoding.UTF8.GetString(bytes), out duplicates)
                : JsonText.Parse(bytes, out duplicates);
            return new RequestBody(value, duplicates);
        }
        catch (DecodeException exception)
        {
            throw Refusals.BadRequest($"error decoding the body: {exception.Message}");
        }
    }

    private static async Task<byte[]> Read(HttpRequest request)
    {
        using var buffer = new MemoryStream(request.ContentLength is > 0 and <= MaxBytes and var length ? (int)length : 0);
        await request.Body.CopyToAsync(buffer, request.HttpContext.RequestAborted);
        return buffer.ToArray();
    }

    private static string MediaType(HttpRequest request)
    {
        var text = request.ContentType ?? "";
        var end = text.IndexOf(';');
        return (end < 0 ? text : text[..end]).Trim().ToLowerInvariant();
    }
}
