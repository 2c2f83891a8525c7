using System.Text.Json;
using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Rag.Retrieval;
using LlmOperator.Gateway.Requests;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Gateway.Rag.Serving;

/// <summary>A question, as it is asked at the routes of retrieval.</summary>
internal sealed record RagRequest
{
    private const int MostFilters = 16;
    private const int MostValues = 100;
    private const int MostChunks = 100;
    private const int MostQueries = 10;

    public required string Query { get; init; }

    /// <summary>Chunks wanted; as the endpoint says when null.</summary>
    public int? TopK { get; init; }

    /// <summary>Queries searched; as the endpoint says when null.</summary>
    public int? ExpandTo { get; init; }

    /// <summary>What the payload of chunks must be, by field.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Filters { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    public int? MaxTokens { get; init; }

    public double? Temperature { get; init; }

    public double? TopP { get; init; }

    public double? RepetitionPenalty { get; init; }

    /// <summary>What is searched for it.</summary>
    public RagQuery Of(RagSpec rag) => RagPipeline.QueryOf(rag, Query) with
    {
        TopK = TopK ?? rag.Retrieval?.TopK ?? new RetrievalSpec().TopK,
        ExpandTo = ExpandTo ?? rag.Retrieval?.ExpandTo ?? new RetrievalSpec().ExpandTo,
        Filters = Filters,
    };

    /// <summary>The endpoint's sampling, with what the request says in its place.</summary>
    public GenerationSpec Of(GenerationSpec sampling) => sampling with
    {
        MaxTokens = MaxTokens ?? sampling.MaxTokens,
        Temperature = Temperature ?? sampling.Temperature,
        TopP = TopP ?? sampling.TopP,
        RepetitionPenalty = RepetitionPenalty ?? sampling.RepetitionPenalty,
    };

    /// <summary>Reads a body.</summary>
    /// <param name="body">The body.</param>
    /// <param name="status">Status of the answer when it is not as it should be.</param>
    /// <param name="generates">Whether an answer is to be generated, which has fields of its own.</param>
    /// <exception cref="RefusedException">It is not as it should be.</exception>
    public static RagRequest Read(ReadOnlyMemory<byte> body, int status, bool generates)
    {
        try
        {
            using var document = JsonDocument.Parse(body, new() { MaxDepth = RequestFields.MaxDepth });
            return document.RootElement.ValueKind == JsonValueKind.Object ? Read(document.RootElement, status, generates) : throw Bad(status, null, "invalid_json", "The body must be a JSON object with the field query");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw Bad(status, null, "invalid_json", "The body is not valid JSON: an object with the field query is needed");
        }
    }

    private static RagRequest Read(JsonElement root, int status, bool generates)
    {
        var request = new RagRequest { Query = "" };
        foreach (var field in root.EnumerateObject())
        {
            var value = field.Value;
            request = field.Name switch
            {
                "query" => request with { Query = value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Bad(status, "query", "invalid_type", "query must be a text") },
                _ when value.ValueKind == JsonValueKind.Null => request,
                "k" => request with { TopK = Whole(value, "k", Retriever.LeastTopK, MostChunks) },
                "expand_to" => request with { ExpandTo = Whole(value, "expand_to", 1, MostQueries) },
                "filters" => request with { Filters = FiltersOf(value, status) },
                "max_tokens" when generates => request with { MaxTokens = Whole(value, "max_tokens", 1, 1_000_000) },
                "temperature" when generates => request with { Temperature = Number(value, "temperature", 0, 2) },
                "top_p" when generates => request with { TopP = Number(value, "top_p", 0.001, 1) },
                "repetition_penalty" when generates => request with { RepetitionPenalty = Number(value, "repetition_penalty", 0.01, 10) },
                var other => throw Bad(status, other.Length <= 64 ? other : other[..64], "unknown_parameter", $"Only query, k, expand_to, filters{(generates ? ", max_tokens, temperature, top_p and repetition_penalty" : "")} are taken here"),
            };
        }

        return string.IsNullOrWhiteSpace(request.Query) ? throw Bad(status, "query", "missing_required_parameter", "query is missing: write what is asked, as a text") : request;

        int Whole(JsonElement value, string name, int least, int most) =>
            value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= least && number <= most ? number : throw Bad(status, name, "invalid_value", $"{name} must be a whole number from {least} to {most}");

        double Number(JsonElement value, string name, double least, double most) =>
            value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= least && number <= most ? number : throw Bad(status, name, "invalid_value", FormattableString.Invariant($"{name} must be a number from {least} to {most}"));
    }

    private static Dictionary<string, IReadOnlyList<string>> FiltersOf(JsonElement value, int status)
    {
        if (value.ValueKind != JsonValueKind.Object || value.EnumerateObject().Count() > MostFilters)
        {
            throw Bad(status, "filters", "invalid_type", $"filters must be an object of at most {MostFilters} payload fields, each with a text or a list of texts");
        }

        var filters = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var filter in value.EnumerateObject())
        {
            IReadOnlyList<string>? values = filter.Value.ValueKind switch
            {
                JsonValueKind.String => [filter.Value.GetString()!],
                JsonValueKind.Array when filter.Value.GetArrayLength() is > 0 and <= MostValues && filter.Value.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String) => [.. filter.Value.EnumerateArray().Select(one => one.GetString()!)],
                _ => null,
            };
            filters[filter.Name] = filter.Name.Length is > 0 and <= 255 && values is not null ? values : throw Bad(status, "filters", "invalid_value", $"filters.{(filter.Name.Length <= 64 ? filter.Name : filter.Name[..64])} must be a text, or a list of 1 to {MostValues} texts");
        }

        return filters;
    }

    private static RefusedException Bad(int status, string? param, string code, string message) => new(new(status, code, message) { Param = param });
}
