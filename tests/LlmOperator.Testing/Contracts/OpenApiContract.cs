using System.Text.Json;

namespace LlmOperator.Testing.Contracts;

/// <summary>An OpenAPI 3.0 document that requests and answers are checked against.</summary>
public sealed class OpenApiContract
{
    private static readonly Lazy<OpenApiContract?> QdrantDocument = new(() => SharedData.Contract("qdrant-openapi.json") is { } file ? new(File.ReadAllBytes(file)) : null);

    private readonly JsonElement _root;
    private readonly JsonSchemaCheck _schemas;

    /// <summary>Reads a document.</summary>
    public OpenApiContract(byte[] document)
    {
        using var parsed = JsonDocument.Parse(document);
        _root = parsed.RootElement.Clone();
        _schemas = new(_root);
    }

    /// <summary>Qdrant's; null where the contract data is absent.</summary>
    public static OpenApiContract? Qdrant => QdrantDocument.Value;

    /// <summary>What is wrong with a request: path, method, query and body must be known, and nothing required may be missing.</summary>
    /// <param name="method">Method.</param>
    /// <param name="target">Path and query.</param>
    /// <param name="body">JSON; empty for none. Other types are not looked into.</param>
    /// <param name="contentType">Type of the body.</param>
    public IReadOnlyList<string> CheckRequest(string method, string target, ReadOnlyMemory<byte> body, string? contentType)
    {
        if (Find(method, target) is not { } operation)
        {
            return [$"{method} {target}: there is no such operation"];
        }

        List<string> problems = [.. CheckQuery(operation, target)];
        if (!operation.TryGetProperty("requestBody", out var wanted))
        {
            return body.IsEmpty ? problems : [.. problems, $"{method} {target}: takes no body"];
        }

        var type = contentType?.Split(';')[0] ?? "";
        if (!wanted.GetProperty("content").TryGetProperty(type, out var content))
        {
            return [.. problems, $"{method} {target}: takes no body of the type \"{type}\""];
        }

        return type == "application/json" ? [.. problems, .. CheckJson(content, body, "request")] : problems;
    }

    /// <summary>What is wrong with an answer to a request.</summary>
    /// <param name="method">Method of the request.</param>
    /// <param name="target">Its path and query.</param>
    /// <param name="status">Status of the answer.</param>
    /// <param name="contentType">Type of its body.</param>
    /// <param name="body">Its body.</param>
    public IReadOnlyList<string> CheckAnswer(string method, string target, int status, string? contentType, ReadOnlyMemory<byte> body)
    {
        if (Find(method, target) is not { } operation)
        {
            return [$"{method} {target}: there is no such operation"];
        }

        var type = contentType?.Split(';')[0] ?? "";
        if (status == 401 && type == "text/plain")
        {
            // Refused before there is an operation to speak of.
            return [];
        }

        var answers = operation.GetProperty("responses");
        if (!answers.TryGetProperty($"{status}", out var answer) && !(status is >= 400 and < 500 && answers.TryGetProperty("4XX", out answer)) && !(status >= 400 && answers.TryGetProperty("default", out answer)))
        {
            return [$"{method} {target}: does not answer {status}"];
        }

        if (!answer.TryGetProperty("content", out var contents))
        {
            return [];
        }

        return contents.TryGetProperty(type, out var content) ? type == "application/json" ? CheckJson(content, body, "answer") : []
            : [$"{method} {target}: {status} has the type {string.Join(" or ", contents.EnumerateObject().Select(known => known.Name))}, not \"{type}\""];
    }

    private List<string> CheckJson(JsonElement content, ReadOnlyMemory<byte> body, string what)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return _schemas.Check(content.GetProperty("schema"), document.RootElement, what);
        }
        catch (JsonException fault)
        {
            return [$"{what}: is no JSON: {fault.Message}"];
        }
    }

    private IEnumerable<string> CheckQuery(JsonElement operation, string target)
    {
        var known = operation.TryGetProperty("parameters", out var parameters) ? parameters.EnumerateArray().Where(parameter => parameter.GetProperty("in").GetString() == "query").ToList() : [];
        foreach (var pair in target.Split('?', 2) is [_, var query] ? query.Split('&') : [])
        {
            var (name, text) = (Uri.UnescapeDataString(pair.Split('=', 2)[0]), Uri.UnescapeDataString(pair.Split('=', 2)[^1]));
            var parameter = known.Find(parameter => parameter.GetProperty("name").GetString() == name);
            if (parameter.ValueKind == JsonValueKind.Undefined)
            {
                yield return $"{target}: the query parameter {name} is not known";
                continue;
            }

            // A number or a truth value is one in JSON too; all else is text.
            var asText = Check(parameter, JsonSerializer.SerializeToUtf8Bytes(text));
            var isJson = text is "true" or "false" || (text.Length > 0 && text.All(char.IsAsciiDigit));
            if (asText.Count > 0 && !(isJson && Check(parameter, System.Text.Encoding.UTF8.GetBytes(text)).Count == 0))
            {
                yield return $"{target}: {asText[0]}";
            }
        }

        List<string> Check(JsonElement parameter, byte[] value) => CheckJson(parameter, value, parameter.GetProperty("name").GetString()!);
    }

    /// <summary>The operation of a path; parts that are words go before parts that are parameters.</summary>
    private JsonElement? Find(string method, string target)
    {
        var parts = target.Split('?', 2)[0].Split('/');
        JsonElement? found = null;
        var fewest = int.MaxValue;
        foreach (var path in _root.GetProperty("paths").EnumerateObject())
        {
            var pattern = path.Name.Split('/');
            if (pattern.Length == parts.Length
                && pattern.Zip(parts).All(pair => pair.First.StartsWith('{') ? pair.Second.Length > 0 : pair.First == pair.Second)
                && path.Value.TryGetProperty(method.ToLowerInvariant(), out var operation)
                && pattern.Count(part => part.StartsWith('{')) is var parameters
                && parameters < fewest)
            {
                (found, fewest) = (operation, parameters);
            }
        }

        return found;
    }
}
