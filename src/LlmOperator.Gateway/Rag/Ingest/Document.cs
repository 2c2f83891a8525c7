using System.Text.Json;
using LlmOperator.Gateway.Rag.Retrieval;
using LlmOperator.Gateway.Rag.Texts;

namespace LlmOperator.Gateway.Rag.Ingest;

/// <summary>A document that is given to an index.</summary>
internal sealed record Document
{
    private const int LongestField = 2048;

    // What stands between the parts of a content: signs that cleaning takes away.
    private const string PartSeparator = " #### ";

    public required string Id { get; init; }

    public required string Type { get; init; }

    /// <summary>The text as it was given.</summary>
    public required string Content { get; init; }

    public string? Platform { get; init; }

    public string? AuthorId { get; init; }

    public string? AuthorFullName { get; init; }

    public string? Link { get; init; }

    public string? Name { get; init; }

    public string? Image { get; init; }

    /// <summary>Reads a document.</summary>
    /// <param name="json">The JSON.</param>
    /// <param name="problem">Why it is none, in words that name the field.</param>
    public static Document? Read(JsonElement json, out string? problem)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            problem = "a document must be a JSON object";
            return null;
        }

        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            foreach (var field in json.EnumerateObject())
            {
                if (field.Value.ValueKind == JsonValueKind.Null)
                {
                    continue;
                }

                if (Text(field.Name, field.Value) is not { } text)
                {
                    problem = field.Name == "content" ? "content must be a text, or an object of texts" : $"{Shortened(field.Name)} must be a text";
                    return null;
                }

                fields[field.Name] = text;
            }
        }
        catch (InvalidOperationException)
        {
            problem = "a text is not valid Unicode";
            return null;
        }

        problem = Problem(fields);
        return problem is not null ? null : new()
        {
            Id = fields.GetValueOrDefault("id") ?? ChunkId.Of(fields.GetValueOrDefault("link") ?? fields["content"]),
            Type = fields["type"],
            Content = fields["content"],
            Platform = fields.GetValueOrDefault("platform"),
            AuthorId = fields.GetValueOrDefault("author_id"),
            AuthorFullName = fields.GetValueOrDefault("author_full_name"),
            Link = fields.GetValueOrDefault("link"),
            Name = fields.GetValueOrDefault("name"),
            Image = fields.GetValueOrDefault("image"),
        };
    }

    private static string? Problem(Dictionary<string, string> fields)
    {
        foreach (var (name, text) in fields)
        {
            if (name is not ("id" or "type" or "content" or "platform" or "author_id" or "author_full_name" or "link" or "name" or "image"))
            {
                return $"{Shortened(name)} is no field of a document: id, type, content, platform, author_id, author_full_name, link, name and image are";
            }

            if (name != "content" && text.Length is 0 or > LongestField)
            {
                return $"{name} must have 1 to {LongestField} characters";
            }

            // They stand in prompts, a line each, and ids in paths.
            if (name != "content" && text.Any(char.IsControl))
            {
                return $"{name} must have no control characters, such as line ends";
            }
        }

        return !fields.TryGetValue("type", out var type) || !DocumentTypes.All.Contains(type) ? $"type must be one of {string.Join(", ", DocumentTypes.All)}"
            : string.IsNullOrWhiteSpace(fields.GetValueOrDefault("content")) ? "content is missing: write the document's text"
            : !TextCleaner.LeavesWords(fields["content"]) ? "content has no words: letters and digits are what is searched"
            : null;
    }

    private static string? Text(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Object when name == "content" && value.EnumerateObject().All(part => part.Value.ValueKind is JsonValueKind.String or JsonValueKind.Null) =>
            string.Join(PartSeparator, value.EnumerateObject().Select(part => part.Value.GetString()).Where(part => !string.IsNullOrEmpty(part))),
        _ => null,
    };

    private static string Shortened(string name) => name.Length <= 64 ? name : name[..64];
}
