using System.Text.Json;
using LlmOperator.Gateway.Access;
using LlmOperator.Gateway.Configuration;
using LlmOperator.Gateway.Measuring;
using LlmOperator.Gateway.Rag.Calling;
using LlmOperator.Gateway.Rag.Indexes;
using LlmOperator.Gateway.Rag.Retrieval;
using LlmOperator.Gateway.Rag.Serving;
using LlmOperator.Gateway.Rag.Texts;
using LlmOperator.Gateway.Requests;
using LlmOperator.Gateway.Serving;
using LlmOperator.Inference.Proxying;
using LlmOperator.Inference.Tracing;
using LlmOperator.Qdrant;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Gateway.Rag.Ingest;

/// <summary>Takes documents for indexes, and takes them away.</summary>
internal sealed partial class IngestHandler(GatewayOptions options, IndexView indexes, Ingestor ingestor, IngestTracer tracer, RagMetrics metrics, ILogger logger)
{
    private const string Lines = "application/x-ndjson";
    private const string Events = "text/event-stream";
    private const string Documents = "/documents/";

    // So many documents are embedded and written together, or fewer when they are long.
    private const int DocumentsAtOnce = 32;
    private const int CharactersAtOnce = 256 << 10;
    private static readonly TimeSpan RetryTime = TimeSpan.FromSeconds(5);

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext context, RagRoute route, Caller caller)
    {
        var index = indexes.Find(route.Name) ?? throw new RefusedException(new(StatusCodes.Status404NotFound, "index_not_found", $"There is no RagIndex {(route.Name.Length <= 256 ? route.Name : route.Name[..256])} in this namespace"));
        if (route.Kind == RagRouteKind.Document)
        {
            await DeleteAsync(context, index, DocumentIdOf(context, route)).ConfigureAwait(false);
            return;
        }

        var accept = context.Request.Headers.Accept.ToString();
        var report = new Report(context, accept.Contains(Events, StringComparison.OrdinalIgnoreCase) ? Events : accept.Contains(Lines, StringComparison.OrdinalIgnoreCase) ? Lines : null);
        var traced = tracer.Begin(context, index, caller);
        var (error, status) = ((string?)ErrorTypes.Other, StatusCodes.Status500InternalServerError);
        try
        {
            try
            {
                await IngestAsync(context, index, report, traced.Context, caller).ConfigureAwait(false);
            }
            catch (RefusedException refusal) when (context.Response.HasStarted)
            {
                report.Fail(refusal.Error);
            }

            await report.EndAsync().ConfigureAwait(false);
            (error, status) = (report.Failure?.Code, context.Response.StatusCode);
        }
        catch (RefusedException refusal)
        {
            (error, status) = (refusal.Error.Code, refusal.Error.Status);
            throw;
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            (error, status) = (ErrorTypes.Cancelled, RequestEnd.ClientLeft);
            throw;
        }
        finally
        {
            traced.End(status, error, (RagNames.Documents, report.Received), (RagNames.Ingested, report.Ingested), (RagNames.Rejected, report.Rejections), (RagNames.Chunks, report.Chunks));
        }
    }

    private async Task IngestAsync(HttpContext context, IndexFacts index, Report report, TraceContext trace, Caller caller)
    {
        var (waiting, characters) = (new List<Document>(), 0);
        await foreach (var json in DocumentStream.ReadAsync(context, options.MaxBodyBytes).ConfigureAwait(false))
        {
            report.Received++;
            if (Document.Read(json, out var problem) is not { } document)
            {
                report.Reject(json, problem!);
                metrics.Ingested(index.Name, "rejected");
                continue;
            }

            // Of two documents with one id the later one counts, and only in this order.
            if (waiting.Exists(other => other.Id == document.Id))
            {
                await FlushAsync().ConfigureAwait(false);
            }

            waiting.Add(document);
            characters += document.Content.Length;
            if (waiting.Count >= DocumentsAtOnce || characters >= CharactersAtOnce)
            {
                await FlushAsync().ConfigureAwait(false);
            }
        }

        await FlushAsync().ConfigureAwait(false);

        async Task FlushAsync()
        {
            if (waiting.Count == 0)
            {
                return;
            }

            report.Chunks += await TryAsync(index, () => ingestor.IngestAsync(index, waiting, trace, context.RequestAborted)).ConfigureAwait(false);
            report.Ingested += waiting.Count;
            foreach (var document in waiting)
            {
                metrics.Ingested(index.Name, "accepted");
                caller.Tokens?.Charge(TokenEstimate.Count(document.Content));
            }

            waiting.Clear();
            characters = 0;
            await report.ProgressAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The id in the path as the client wrote it: the server leaves slashes that were escaped as they are.</summary>
    private static string DocumentIdOf(HttpContext context, RagRoute route)
    {
        var path = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Split('?')[0];
        return path.IndexOf(Documents, StringComparison.Ordinal) is var at and >= 0 ? Uri.UnescapeDataString(path[(at + Documents.Length)..]) : route.Document;
    }

    private async Task DeleteAsync(HttpContext context, IndexFacts index, string document)
    {
        var count = await TryAsync(index, () => ingestor.DeleteAsync(index, document, context.RequestAborted)).ConfigureAwait(false);
        if (count == 0)
        {
            throw new RefusedException(new(StatusCodes.Status404NotFound, "document_not_found", $"RagIndex {index.Name} has nothing of this document"));
        }

        metrics.Ingested(index.Name, "deleted");
        await Report.WriteAsync(context, JsonBody.Object(writer =>
        {
            writer.WriteString("id"u8, document);
            writer.WriteBoolean("deleted"u8, true);
            writer.WriteNumber("points"u8, count);
        })).ConfigureAwait(false);
    }

    /// <summary>Does something with an index.</summary>
    /// <exception cref="RefusedException">It could not be done.</exception>
    private async Task<T> TryAsync<T>(IndexFacts index, Func<Task<T>> act)
    {
        try
        {
            return await act().ConfigureAwait(false);
        }
        catch (StepException error)
        {
            Log.NotDone(logger, index.Name, error.Message);
            throw new RefusedException(error.Reason is StepException.Conflict
                ? new(StatusCodes.Status409Conflict, "documents_changing", $"Other requests change the same documents of RagIndex {index.Name} at the same time. Send these again.") { RetryAfter = RetryTime }
                : error.Reason is StepException.NotConfigured or StepException.ModelMismatch or StepException.SizeMismatch
                ? new(StatusCodes.Status409Conflict, "index_not_ready", $"RagIndex {index.Name} cannot take documents: {error.Message}")
                : new(StatusCodes.Status503ServiceUnavailable, "embedding_unavailable", $"The embedding model of RagIndex {index.Name} did not answer. Send the documents again: those that are there already stay as they are.") { RetryAfter = RetryTime });
        }
        catch (QdrantException error)
        {
            Log.NotDone(logger, index.Name, error.Message);
            throw new RefusedException(error.Kind == QdrantErrorKind.NotFound
                ? new(StatusCodes.Status409Conflict, "index_not_ready", $"A collection of RagIndex {index.Name} is not there yet: wait until the RagIndex is Ready")
                : new(StatusCodes.Status503ServiceUnavailable, "index_unavailable", $"The vector store of RagIndex {index.Name} did not take the documents. Send them again: those that are there already stay as they are.") { RetryAfter = RetryTime });
        }
    }

    private static partial class Log
    {
        [LoggerMessage(63, LogLevel.Warning, "RagIndex {Index}: documents were not taken: {Message}")]
        public static partial void NotDone(ILogger logger, string index, string message);
    }

    /// <summary>Tells a client what became of its documents: at the end, or line by line.</summary>
    private sealed class Report(HttpContext context, string? streamAs)
    {
        private const int MostTold = 100;

        private readonly List<(int Number, string? Id, string Problem)> _rejected = [];

        public int Received { get; set; }

        public int Ingested { get; set; }

        public int Chunks { get; set; }

        public int Rejections { get; private set; }

        /// <summary>Why not all were looked at; null when they were.</summary>
        public OpenAiError? Failure { get; private set; }

        public static async Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> body)
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = body.Length;
            await context.Response.BodyWriter.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
        }

        public void Reject(JsonElement json, string problem)
        {
            Rejections++;
            if (_rejected.Count < MostTold)
            {
                var id = json.ValueKind == JsonValueKind.Object && json.TryGetProperty("id", out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
                _rejected.Add((Received, id is { Length: > 256 } ? id[..256] : id, problem));
            }
        }

        public void Fail(OpenAiError failure) => Failure = failure;

        /// <summary>Tells how far it has come, if that is wanted.</summary>
        public Task ProgressAsync() => streamAs is null ? Task.CompletedTask : LineAsync(Body(isDone: false));

        public Task EndAsync()
        {
            if (streamAs is not null)
            {
                return LineAsync(Body(isDone: true));
            }

            context.Response.StatusCode = Rejections > 0 && Ingested == 0 ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK;
            return WriteAsync(context, Body(isDone: true));
        }

        private async Task LineAsync(ReadOnlyMemory<byte> body)
        {
            if (!context.Response.HasStarted)
            {
                context.Response.ContentType = streamAs;
            }

            byte[] line = streamAs == Events ? [.. "data: "u8, .. body.Span, .. "\n\n"u8] : [.. body.Span, (byte)'\n'];
            await context.Response.BodyWriter.WriteAsync(line, context.RequestAborted).ConfigureAwait(false);
        }

        private ReadOnlyMemory<byte> Body(bool isDone) => JsonBody.Object(writer =>
        {
            writer.WriteBoolean("done"u8, isDone && Failure is null);
            writer.WriteNumber("received"u8, Received);
            writer.WriteNumber("ingested"u8, Ingested);
            writer.WriteNumber("chunks"u8, Chunks);
            writer.WriteNumber("rejected"u8, Rejections);
            if (isDone && _rejected.Count > 0)
            {
                writer.WriteStartArray("problems"u8);
                foreach (var (number, id, problem) in _rejected)
                {
                    writer.WriteStartObject();
                    writer.WriteNumber("document"u8, number);
                    writer.WriteString("id"u8, id);
                    writer.WriteString("problem"u8, problem);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            }

            if (Failure is { } failure)
            {
                writer.WriteStartObject("error"u8);
                writer.WriteString("code"u8, failure.Code);
                writer.WriteString("message"u8, failure.Message);
                writer.WriteEndObject();
            }
        });
    }
}
