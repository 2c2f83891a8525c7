using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Rag.Calling;
using LlmOperator.Gateway.Rag.Indexes;
using LlmOperator.Gateway.Rag.Prompting;
using LlmOperator.Inference.Tracing;
using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Points;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Gateway.Rag.Retrieval;

/// <summary>
/// Finds what an answer is to be made of: self-query, expansion, embedding, search, reranking. Every step has a time of its own within that of the whole, and one that fails costs the answer only what it would have
/// added: without the helper the query is searched as it is, without the reranker chunks stay in the order of the search.
/// </summary>
internal sealed partial class Retriever(IndexView indexes, IHelperModel helper, IEmbedder embedder, IReranker reranker, VectorSearch search, TimeProvider time, ILogger logger)
{
    /// <summary>Fewest chunks a request may ask for: one of each of the three usual collections.</summary>
    public const int LeastTopK = 3;

    private const int Collections = 3;
    private const int TokensOfName = 64;
    private const int TokensOfRewrite = 256;

    /// <summary>Retrieves.</summary>
    /// <param name="run">The request.</param>
    /// <param name="query">What is wanted.</param>
    /// <param name="cancellationToken">Fires when nobody waits any more.</param>
    public async Task<Retrieved> RetrieveAsync(RagRun run, RagQuery query, CancellationToken cancellationToken)
    {
        var rag = run.Facts.Rag!;
        var retrieval = rag.Retrieval ?? new();
        using var span = run.Trace.Begin(RagNames.SearchSpan, run.Trace.Root.Context);
        span.In(() => Json(writer =>
        {
            writer.WriteString("query"u8, query.Text);
            writer.WriteNumber("k"u8, query.TopK);
            writer.WriteNumber("expand_to_n_queries"u8, query.ExpandTo);
        }));
        span.Add(SpanAttribute.Of("llmops.rag.k", query.TopK));
        span.Add(SpanAttribute.Of("llmops.rag.expand_to_n_queries", query.ExpandTo));
        using var whole = new CancellationTokenSource(TimeSpan.FromSeconds(retrieval.TimeoutSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(whole.Token, cancellationToken);
        var steps = new Steps(this, run, span, either.Token, cancellationToken);
        if (indexes.Find(rag.IndexRef.Name) is not { } index)
        {
            steps.Failed(RagNames.Search, span, new StepException(StepException.NotConfigured, $"there is no RagIndex {rag.IndexRef.Name}"));
            return new() { Queries = [query.Text], IsUnavailable = true };
        }

        var (author, isUnknown) = await SelfQueryAsync(steps, index, retrieval, query).ConfigureAwait(false);
        var found = new Retrieved { Index = index, Queries = [query.Text], Author = author, Models = [index.Source.Model] };
        if (isUnknown && retrieval.UnknownAuthor == "NoResults")
        {
            return found;
        }

        found = found with { Queries = await ExpandAsync(steps, query).ConfigureAwait(false) };
        var vectors = new Vectors();
        if (await SearchAsync(steps, index, retrieval, VectorSearch.Collections(index, retrieval), found.Queries, vectors, query, author).ConfigureAwait(false) is not { } first)
        {
            return found with { IsUnavailable = true };
        }

        var again = first.Gone.Count == 0 ? null : await SearchAsync(steps, index, retrieval, [.. first.Gone.Select(collection => collection.ByAlias(index))], found.Queries, vectors, query, author).ConfigureAwait(false);
        var hits = first.Chunks.Concat(again?.Chunks ?? []);
        var distinct = Chunk.Distinct(hits);
        run.Metrics.Found(run.Facts.Name, distinct.Count);
        span.Add(SpanAttribute.Of("llmops.rag.candidates", distinct.Count));
        var ranked = await RerankAsync(steps, rag.Rerank ?? new(), query, distinct).ConfigureAwait(false);
        found = found with { Chunks = [.. ranked.Take(query.TopK)], Models = [.. vectors.Keys.Select(source => source.Model).Distinct().Order(StringComparer.Ordinal)] };
        span.Add(SpanAttribute.Of("llmops.rag.chunks", Told(found.Chunks)));
        span.Out(() => Texts(found.Chunks));
        return found;
    }

    /// <summary>What may be told of chunks whatever is captured: where they are and how good.</summary>
    public static IReadOnlyList<string> Told(IReadOnlyList<Chunk> chunks) => [.. chunks.Select(chunk => string.Create(CultureInfo.InvariantCulture, $"{chunk.Collection}/{chunk.Id} {chunk.Rank:0.######}"))];

    private async Task<(KnownAuthor? Author, bool IsUnknown)> SelfQueryAsync(Steps steps, IndexFacts index, RetrievalSpec retrieval, RagQuery query)
    {
        // A caller that says whose texts it wants need not be read out of its query.
        if (!retrieval.SelfQuery || steps.Helper is not { } service || query.Filters.Keys.Any(field => field.StartsWith("author_", StringComparison.Ordinal)))
        {
            return (null, false);
        }

        using var span = steps.Begin(RagNames.SelfQuerySpan);
        span.In(() => query.Text);
        var named = await steps.TryAsync(RagNames.SelfQuery, span, TimeSpan.FromSeconds(service.TimeoutSeconds), async token =>
            new Box<NamedAuthor>(HelperAnswers.Author(await helper.AskAsync(service, HelperPrompts.SelfQuery(query.Text), TokensOfName, span.Context, token).ConfigureAwait(false)))).ConfigureAwait(false);
        if (named?.Value is not { } author)
        {
            return (null, false);
        }

        var known = await steps.TryAsync(RagNames.SelfQuery, span, TimeSpan.FromSeconds(retrieval.SearchTimeoutSeconds), async token =>
            new Box<KnownAuthor>(await search.FindAuthorAsync(index, retrieval, author, token).ConfigureAwait(false))).ConfigureAwait(false);
        span.Add(SpanAttribute.Of("llmops.rag.author", known is null ? "not_looked_up" : known.Value is null ? "unknown" : "known"));
        if (known is { Value: null })
        {
            span.Add(SpanAttribute.Of("llmops.rag.unknown_author", retrieval.UnknownAuthor));
        }

        span.Out(() => Json(writer =>
        {
            writer.WriteString("named"u8, author.Name ?? author.Id);
            writer.WriteString("author_id"u8, known?.Value?.Id);
            writer.WriteString("author_full_name"u8, known?.Value?.FullName);
        }));
        return (known?.Value, known is { Value: null });
    }

    private async Task<IReadOnlyList<string>> ExpandAsync(Steps steps, RagQuery query)
    {
        if (query.ExpandTo <= 1 || steps.Helper is not { } service)
        {
            return [query.Text];
        }

        // A helper that has just been waited for in vain is not waited for again.
        if (steps.Run.Degradations.FirstOrDefault(one => one is { Step: RagNames.SelfQuery, Reason: StepException.Timeout or StepException.Unavailable }) is { Reason: { } reason })
        {
            steps.Run.Degrade(RagNames.Expansion, reason);
            return [query.Text];
        }

        using var span = steps.Begin(RagNames.ExpansionSpan);
        span.In(() => Json(writer =>
        {
            writer.WriteString("query"u8, query.Text);
            writer.WriteNumber("expand_to_n"u8, query.ExpandTo);
        }));
        var rewrites = query.ExpandTo - 1;
        var queries = await steps.TryAsync(RagNames.Expansion, span, TimeSpan.FromSeconds(service.TimeoutSeconds), async token =>
            HelperAnswers.Queries(query.Text, await helper.AskAsync(service, HelperPrompts.Expansion(query.Text, rewrites), rewrites * TokensOfRewrite, span.Context, token).ConfigureAwait(false), query.ExpandTo)).ConfigureAwait(false) ?? [query.Text];
        span.Add(SpanAttribute.Of("llmops.rag.queries", queries.Count));
        span.Out(() => Json(writer => writer.WriteTexts("queries", queries)));
        return queries;
    }

    private async Task<IReadOnlyList<float[]>?> EmbedAsync(Steps steps, IndexFacts index, VectorSource source, RetrievalSpec retrieval, IReadOnlyList<string> queries)
    {
        using var span = steps.Begin(RagNames.EmbeddingSpan);
        span.Add(SpanAttribute.Of(RagNames.EmbeddingModelId, source.Model));
        span.Add(SpanAttribute.Of("llmops.rag.queries", queries.Count));
        return await steps.TryAsync(RagNames.Embedding, span, TimeSpan.FromSeconds(retrieval.EmbeddingTimeoutSeconds), token => embedder.EmbedAsync(index, source, queries, span.Context, token)).ConfigureAwait(false);
    }

    /// <summary>Searches collections with vectors of the models whose vectors they hold: while an index moves to another model, one collection after the other, there are two.</summary>
    /// <returns>Null when nothing could be searched.</returns>
    private async Task<Hits?> SearchAsync(
        Steps steps, IndexFacts index, RetrievalSpec retrieval, IReadOnlyList<EmbeddedCollection> collections, IReadOnlyList<string> queries, Vectors vectors, RagQuery query, KnownAuthor? author)
    {
        await Task.WhenAll(collections.Select(collection => collection.Source).Distinct().Where(source => !vectors.ContainsKey(source)).ToList().Select(async source =>
            vectors[source] = await EmbedAsync(steps, index, source, retrieval, queries).ConfigureAwait(false))).ConfigureAwait(false);
        var searches = queries.Index().SelectMany(one => collections.Where(collection => vectors[collection.Source] is not null).Select(collection => new Search(collection, one.Item, vectors[collection.Source]![one.Index]))).ToList();
        if (searches.Count == 0 && collections.Count > 0)
        {
            return null;
        }

        using var span = steps.Begin(RagNames.VectorSearchSpan, SpanKind.Client);
        span.Add(SpanAttribute.Of("db.system.name", "qdrant"));
        span.Add(SpanAttribute.Of("llmops.rag.filtered", author is not null || query.Filters.Count > 0));
        return await steps.TryAsync(RagNames.Search, span, TimeSpan.FromSeconds(retrieval.SearchTimeoutSeconds), token =>
            search.SearchAsync(steps.Run, index, retrieval, searches, Math.Max(1, query.TopK / Collections), VectorSearch.FilterOf(query.Filters, author), span, token)).ConfigureAwait(false);
    }

    private async Task<List<Chunk>> RerankAsync(Steps steps, RerankSpec rerank, RagQuery query, List<Chunk> chunks)
    {
        if (!rerank.Enabled || rerank.EndpointRef is not { } reference || chunks.Count == 0)
        {
            return chunks;
        }

        using var span = steps.Begin(RagNames.RerankSpan);
        span.In(() => Json(writer =>
        {
            writer.WriteString("query"u8, query.Text);
            writer.WriteNumber("keep_top_k"u8, query.TopK);
            writer.WriteTexts("chunks", chunks.Select(chunk => chunk.Content));
        }));
        var scores = await steps.TryAsync(RagNames.Rerank, span, TimeSpan.FromSeconds(rerank.TimeoutSeconds), token =>
            reranker.ScoreAsync(reference.Name, query.Text, [.. chunks.Select(chunk => chunk.Content)], span.Context, token)).ConfigureAwait(false);
        if (scores is null)
        {
            return chunks;
        }

        var ranked = Chunk.Ordered(chunks.Zip(scores, (chunk, score) => chunk with { RerankScore = score }));
        span.Add(SpanAttribute.Of("llmops.rag.chunks", Told(ranked)));
        span.Out(() => Texts([.. ranked.Take(query.TopK)]));
        return ranked;
    }

    private static string Texts(IReadOnlyList<Chunk> chunks) => Json(writer => writer.WriteTexts("chunks", chunks.Select(chunk => chunk.Content)));

    private static string Json(Action<Utf8JsonWriter> write) => System.Text.Encoding.UTF8.GetString(JsonBody.Object(write).Span);

    /// <summary>Vectors of the queries, by what made them; null where it made none.</summary>
    private sealed class Vectors : ConcurrentDictionary<VectorSource, IReadOnlyList<float[]>?>;

    /// <summary>Something that may be nothing, which a step that failed does not even say.</summary>
    private sealed record Box<T>(T? Value)
        where T : class;

    /// <summary>Runs the steps of a request.</summary>
    private sealed class Steps(Retriever retriever, RagRun run, RagSpan parent, CancellationToken whole, CancellationToken client)
    {
        public RagRun Run { get; } = run;

        /// <summary>The model that helps; null when there is none.</summary>
        public ModelServiceSpec? Helper => Run.Facts.Rag!.Helper;

        public RagSpan Begin(string name, SpanKind kind = SpanKind.Internal) => Run.Trace.Begin(name, parent.Context, kind);

        /// <summary>Takes a step.</summary>
        /// <returns>Null when it failed, which has been noted.</returns>
        public async Task<T?> TryAsync<T>(string step, RagSpan span, TimeSpan longest, Func<CancellationToken, Task<T>> take)
            where T : class
        {
            using var limit = new CancellationTokenSource(longest, retriever.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, whole);
            var began = retriever.Time.GetTimestamp();
            try
            {
                return await take(either.Token).ConfigureAwait(false);
            }
            catch (StepException error)
            {
                Failed(step, span, error);
            }
            catch (QdrantException error)
            {
                Failed(step, span, new StepException(VectorSearch.Reason(error), error.Message));
            }
            catch (OperationCanceledException) when (!client.IsCancellationRequested)
            {
                Failed(step, span, new StepException(StepException.Timeout, $"no answer within {longest.TotalSeconds} s"));
            }
            finally
            {
                Run.Metrics.Took(step, retriever.Time.GetElapsedTime(began));
            }

            return null;
        }

        public void Failed(string step, RagSpan span, StepException error)
        {
            span.Fail(error.Reason);
            Run.Degrade(step, error.Reason);
            Log.LeftOut(retriever.Logger, Run.Facts.Name, step, error.Reason, error.Message);
        }
    }

    private TimeProvider Time => time;

    private ILogger Logger => logger;

    private static partial class Log
    {
        [LoggerMessage(61, LogLevel.Warning, "{Endpoint}: step {Step} of retrieval is left out ({Reason}): {Message}")]
        public static partial void LeftOut(ILogger logger, string endpoint, string step, string reason, string message);
    }
}
