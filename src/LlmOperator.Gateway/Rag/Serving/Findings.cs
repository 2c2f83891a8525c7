using System.Net;
using System.Text.Json;
using LlmOperator.Gateway.Rag.Calling;
using LlmOperator.Gateway.Rag.Retrieval;
using LlmOperator.Inference.OpenAi;
using LlmOperator.Inference.Proxying;

namespace LlmOperator.Gateway.Rag.Serving;

/// <summary>What an answer was made of, as its client is told: where each chunk in the prompt came from, and what was left out.</summary>
/// <param name="Chunks">The chunks in the prompt.</param>
/// <param name="Degradations">What was left out.</param>
/// <param name="TraceId">The trace.</param>
/// <param name="Now">When it was found.</param>
internal sealed record Findings(IReadOnlyList<Chunk> Chunks, IReadOnlyList<Degradation> Degradations, string TraceId, DateTimeOffset Now)
{
    /// <summary>Header with the chunks: collection and id of each.</summary>
    public const string Header = "x-llmops-sources";

    /// <summary>Name of the field in answers of models.</summary>
    public const string Field = "llmops";

    // Servers on the way take some kilobytes of headers. The body has all of them.
    private const int MostInHeader = 20;

    /// <summary>Value of the header.</summary>
    public string HeaderValue => string.Join(',', Chunks.Take(MostInHeader).Select(chunk => $"{chunk.Collection}/{chunk.Id}"));

    /// <summary>Writes the fields.</summary>
    /// <param name="writer">Writes.</param>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("sources"u8);
        foreach (var chunk in Chunks)
        {
            Write(writer, chunk);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("degradations"u8);
        foreach (var degradation in Degradations)
        {
            writer.WriteStartObject();
            writer.WriteString("step"u8, degradation.Step);
            writer.WriteString("reason"u8, degradation.Reason);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("trace_id"u8, TraceId);
    }

    /// <summary>What puts the findings into a model's answer; null for an answer that is passed on as it is.</summary>
    public AnswerRewriter? InsertInto(HttpResponseMessage answer, AnswerMeter meter) =>
        answer.StatusCode != HttpStatusCode.OK || answer.Content.Headers.ContentEncoding.Count > 0 ? null : answer.Content.Headers.ContentType?.MediaType?.ToLowerInvariant() switch
        {
            "application/json" => new WholeAnswerRewriter(Member),
            "text/event-stream" => new StreamRewriter(() => Event(meter)),
            _ => null,
        };

    /// <summary>The field with its name, for an object that is there.</summary>
    public byte[] Member()
    {
        var fields = JsonBody.Object(writer =>
        {
            writer.WriteStartObject(Field);
            Write(writer);
            writer.WriteEndObject();
        });
        return fields[1..^1].ToArray();
    }

    /// <summary>A chunk of a chat's stream without text, after the last one with any.</summary>
    private byte[] Event(AnswerMeter meter)
    {
        var data = JsonBody.Object(writer =>
        {
            writer.WriteString("id"u8, meter.Id ?? $"chatcmpl-{TraceId}");
            writer.WriteString("object"u8, "chat.completion.chunk"u8);
            writer.WriteNumber("created"u8, Now.ToUnixTimeSeconds());
            writer.WriteString("model"u8, meter.Model ?? "");
            writer.WriteStartArray("choices"u8);
            writer.WriteEndArray();
            writer.WriteStartObject(Field);
            Write(writer);
            writer.WriteEndObject();
        });
        return [.. "data: "u8, .. data.Span, .. "\n\n"u8];
    }

    private static void Write(Utf8JsonWriter writer, Chunk chunk)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, chunk.Id);
        writer.WriteString("collection"u8, chunk.Collection);
        writer.WriteString("type"u8, chunk.Type);
        writer.WriteString("document_id"u8, chunk.DocumentId);
        writer.WriteString("platform"u8, chunk.Platform);
        writer.WriteString("author_id"u8, chunk.AuthorId);
        writer.WriteString("author_full_name"u8, chunk.AuthorFullName);
        Optional("link", chunk.Link);
        Optional("name", chunk.Name);
        Optional("image", chunk.Image);
        writer.WriteNumber("score"u8, chunk.Score);
        if (chunk.RerankScore is { } score)
        {
            writer.WriteNumber("rerank_score"u8, score);
        }

        writer.WriteString("content"u8, chunk.Content);
        writer.WriteEndObject();

        void Optional(string name, string? value)
        {
            if (value is not null)
            {
                writer.WriteString(name, value);
            }
        }
    }
}
