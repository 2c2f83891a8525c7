using Microsoft.Extensions.Primitives;

namespace LlmOperator.Sandbox.Server;

/// <summary>Forms in which objects are answered.</summary>
internal enum AnswerForm
{
    /// <summary>As they are.</summary>
    Object,

    /// <summary>Server-side printing: <c>meta.k8s.io/v1</c> Table.</summary>
    Table,

    /// <summary>Metadata only.</summary>
    Metadata,
}

/// <summary>What the Accept header settles.</summary>
/// <param name="Form">Form of the objects.</param>
/// <param name="Yaml">YAML instead of JSON.</param>
/// <param name="ContentType">Content-Type of the answer.</param>
internal sealed record Presentation(AnswerForm Form, bool Yaml, string ContentType)
{
    /// <summary>Version of <c>meta.k8s.io</c> that tables and metadata are answered in.</summary>
    public string Version { get; init; } = "v1";

    /// <summary>Whether metadata was asked for as a list: each form has its own name, and neither stands for the other.</summary>
    public bool AsList { get; init; }

    /// <summary>Refuses a list asked for as one object's metadata, and the other way round.</summary>
    /// <exception cref="StatusException">406.</exception>
    public void Require(bool list)
    {
        if (Form == AnswerForm.Metadata && AsList != list)
        {
            throw new StatusException(406, "NotAcceptable", list
                ? "you requested PartialObjectMetadata, but the requested object is a list"
                : "you requested PartialObjectMetadataList, but the requested object is not a list");
        }
    }

    /// <summary>Plain JSON.</summary>
    public static Presentation Json { get; } = new(AnswerForm.Object, false, "application/json");

    private static readonly Presentation PlainYaml = new(AnswerForm.Object, true, "application/yaml");

    /// <summary>Takes the first acceptable form.</summary>
    /// <param name="accept">Accept headers.</param>
    /// <param name="transforms">Whether the answer holds objects, which may be asked for as a table or as metadata.</param>
    /// <exception cref="StatusException">406 when there is none.</exception>
    public static Presentation Of(StringValues accept, bool transforms = true)
    {
        var text = accept.ToString();
        if (text.Length == 0)
        {
            return Json;
        }

        foreach (var range in MediaRange.ParseAll(text))
        {
            if (Match(range, transforms) is { } found)
            {
                return found;
            }
        }

        throw new StatusException(406, "NotAcceptable", "only the following media types are accepted: application/json, application/yaml");
    }

    private static Presentation? Match(MediaRange range, bool transforms)
    {
        var yaml = range.Type == "application/yaml";
        if (!yaml && range.Type is not ("application/json" or "*/*" or "application/*"))
        {
            return null;
        }

        var form = range.Parameters.GetValueOrDefault("as");
        if (form is null)
        {
            return yaml ? PlainYaml : Json;
        }

        if (!transforms || range.Parameters.GetValueOrDefault("g") != "meta.k8s.io" || range.Parameters.GetValueOrDefault("v") is not ("v1" or "v1beta1"))
        {
            return null;
        }

        return form switch
        {
            "Table" => new Presentation(AnswerForm.Table, yaml, "application/json") { Version = range.Parameters["v"] },
            "PartialObjectMetadata" or "PartialObjectMetadataList" => new Presentation(AnswerForm.Metadata, yaml, "application/json")
            {
                Version = range.Parameters["v"],
                AsList = form == "PartialObjectMetadataList",
            },
            _ => null,
        };
    }
}

/// <summary>One entry of an Accept header.</summary>
internal sealed record MediaRange(string Type, IReadOnlyDictionary<string, string> Parameters, double Quality)
{
    /// <summary>The entries of a header, best first.</summary>
    public static IEnumerable<MediaRange> ParseAll(string header) => header
        .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(Parse)
        .OrderByDescending(range => range.Quality);

    private static MediaRange Parse(string text)
    {
        var parts = text.Split(';', StringSplitOptions.TrimEntries);
        var parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in parts.AsSpan(1))
        {
            var at = part.IndexOf('=');
            if (at > 0)
            {
                parameters[part[..at]] = part[(at + 1)..].Trim('"');
            }
        }

        var quality = parameters.TryGetValue("q", out var q) && double.TryParse(q, out var weight) ? weight : 1;
        return new MediaRange(parts[0].ToLowerInvariant(), parameters, quality);
    }
}
