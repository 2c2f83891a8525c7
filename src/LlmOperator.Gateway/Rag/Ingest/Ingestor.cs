using System.Text.Json.Nodes;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Gateway.Rag.Calling;
using LlmOperator.Gateway.Rag.Indexes;
using LlmOperator.Gateway.Rag.Retrieval;
using LlmOperator.Gateway.Rag.Texts;
using LlmOperator.Inference.Tracing;
using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Points;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Gateway.Rag.Ingest;

/// <summary>
/// Makes points of documents: cleans, cuts, embeds and writes them, then takes away the points the same documents had before and have no more. A document is searchable at every moment, and one that is given again
/// changes nothing. While a collection moves to a new generation, both are written, each with vectors of its own model, and what moved meanwhile is written again: no document is left behind.
/// </summary>
/// <param name="qdrant">Clients.</param>
/// <param name="embedder">Makes vectors.</param>
/// <param name="logger">Logger.</param>
internal sealed partial class Ingestor(QdrantClients qdrant, IEmbedder embedder, ILogger logger)
{
    // As the pipeline that is reproduced embeds them.
    private const int EmbeddedAtOnce = 10;
    private const int WrittenAtOnce = 64;
    private const string DocumentId = "document_id";

    // Generations change rarely and other gateways write the same documents rarely; so many times in a row is no coincidence.
    private const int MostAttempts = 5;

    // Requests of this gateway about one document take turns. Others' are noticed by what they took away.
    private readonly KeyedLocks _locks = new();

    /// <summary>The collection a type of document goes into.</summary>
    /// <exception cref="StepException">The index has none.</exception>
    public static string CollectionOf(IndexFacts index, string type)
    {
        var wanted = RuleOf(index, type)?.Collection ?? DocumentTypes.CollectionOf(type);
        return index.Embedded.Contains(wanted) ? wanted
            : throw new StepException(StepException.NotConfigured, $"RagIndex {index.Name} has no collection {wanted} with vectors for documents of type {type}: add it, or name another in spec.ingest.documents");
    }

    /// <summary>Ingests documents, each id once.</summary>
    /// <returns>Chunks that were written.</returns>
    /// <exception cref="StepException">The embedder or the index did not do their part; what was written so far stays, and may be written again.</exception>
    /// <exception cref="QdrantException">Qdrant did not do its part.</exception>
    public async Task<int> IngestAsync(IndexFacts index, IReadOnlyList<Document> documents, TraceContext trace, CancellationToken cancellationToken)
    {
        var client = qdrant.Of(index);
        var cut = documents.Select(document => Cut(index, document)).ToList();
        using var turn = await _locks.TakeAsync(documents.Select(document => $"{index.Name}/{document.Id}"), cancellationToken).ConfigureAwait(false);
        await UntilSettledAsync(client, index, async (generations, isFirst) =>
        {
            foreach (var collection in generations.GroupBy(generation => generation.Collection, StringComparer.Ordinal))
            {
                await WriteAsync(client, index, [.. collection], cut, trace, cancellationToken).ConfigureAwait(false);
            }

            return await AreThereAsync(client, generations.Where(generation => generation.IsServing), cut, cancellationToken).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
        return cut.Sum(one => one.Chunks.Count);
    }

    /// <summary>Removes a document.</summary>
    /// <returns>Points there were of it.</returns>
    /// <exception cref="StepException">The index has no server.</exception>
    /// <exception cref="QdrantException">Qdrant did not do its part.</exception>
    public async Task<long> DeleteAsync(IndexFacts index, string document, CancellationToken cancellationToken)
    {
        var client = qdrant.Of(index);
        using var turn = await _locks.TakeAsync([$"{index.Name}/{document}"], cancellationToken).ConfigureAwait(false);
        var count = 0L;
        await UntilSettledAsync(client, index, async (generations, isFirst) =>
        {
            // One after the other, as whoever copies from one to the next could otherwise bring it back.
            foreach (var generation in generations)
            {
                var held = await UnlessMissingAsync(() => DeleteAsync(client, index, generation, document, cancellationToken)).ConfigureAwait(false);
                count += isFirst && generation.IsServing ? held : 0;
            }

            return true;
        }, cancellationToken).ConfigureAwait(false);
        return count;
    }

    private static async Task<long> DeleteAsync(IQdrantClient client, IndexFacts index, Generation generation, string document, CancellationToken cancellationToken)
    {
        if (index.Embedded.Contains(generation.Collection))
        {
            var filter = Filter.All(Condition.Match(DocumentId, document));
            var count = await client.CountAsync(generation.Physical, filter, exact: true, cancellationToken).ConfigureAwait(false);
            if (count > 0)
            {
                await client.DeletePointsAsync(generation.Physical, new() { Filter = filter }, cancellationToken).ConfigureAwait(false);
            }

            return count;
        }

        PointId[] ids = [PointId.Parse(ChunkId.OfName(document))];
        var found = await client.RetrieveAsync(generation.Physical, new() { Ids = ids, WithPayload = PayloadSelector.None }, cancellationToken).ConfigureAwait(false);
        if (found.Count > 0)
        {
            await client.DeletePointsAsync(generation.Physical, new() { Points = ids }, cancellationToken).ConfigureAwait(false);
        }

        return found.Count;
    }

    /// <summary>Changes the generations of an index until they are the same afterwards as before: an alias that moved, or a generation that was begun in between, may have missed it.</summary>
    /// <param name="client">Qdrant.</param>
    /// <param name="index">The index.</param>
    /// <param name="change">Changes them; false when it must be done again.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    private static async Task UntilSettledAsync(IQdrantClient client, IndexFacts index, Func<IReadOnlyList<Generation>, bool, Task<bool>> change, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> collections = [.. index.Embedded, .. CleanedOf(index)];
        var before = await Generations.OfAsync(client, index, collections, cancellationToken).ConfigureAwait(false);
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            QdrantException? missing = null;
            var isDone = false;
            try
            {
                isDone = await change(before, attempt == 0).ConfigureAwait(false);
            }
            catch (QdrantException error) when (error.Kind == QdrantErrorKind.NotFound)
            {
                missing = error;
            }

            var after = await Generations.OfAsync(client, index, collections, cancellationToken).ConfigureAwait(false);
            if (after.SequenceEqual(before))
            {
                if (missing is not null)
                {
                    throw missing;
                }

                if (isDone)
                {
                    return;
                }
            }

            before = after;
        }

        throw new StepException(StepException.Conflict, "other requests change the same documents at the same time");
    }

    /// <summary>Writes what belongs to a collection into its generations, a batch at a time, so that memory does not grow with a document.</summary>
    private async Task WriteAsync(IQdrantClient client, IndexFacts index, List<Generation> generations, List<CutDocument> cut, TraceContext trace, CancellationToken cancellationToken)
    {
        var name = generations[0].Collection;
        if (!index.Embedded.Contains(name))
        {
            await EachAsync(generation => generation.IsBefore ? Task.CompletedTask : KeepDocumentsAsync(client, generation, cut, cancellationToken)).ConfigureAwait(false);
            return;
        }

        var chunks = cut.Where(one => one.Collection == name).SelectMany(one => one.Chunks.Select(chunk => (one.Document, chunk.Id, chunk.Text))).DistinctBy(chunk => chunk.Id).ToList();
        foreach (var batch in chunks.Chunk(EmbeddedAtOnce))
        {
            var made = new Dictionary<VectorSource, IReadOnlyList<float[]>>();
            await EachAsync(async generation =>
            {
                if (generation.IsBefore)
                {
                    return;
                }

                if (!made.TryGetValue(generation.Source, out var vectors))
                {
                    made[generation.Source] = vectors = await embedder.EmbedAsync(index, generation.Source, [.. batch.Select(chunk => chunk.Text)], trace, cancellationToken).ConfigureAwait(false);
                }

                await UpsertAsync(client, generation.Physical, batch.Zip(vectors, (chunk, vector) => new Point
                {
                    Id = PointId.Parse(chunk.Id),
                    Vector = VectorsOf(index, name, chunk.Text, vector),
                    Payload = PayloadOf(index, generation.Source, chunk.Document, chunk.Text, vector.Length),
                }), cancellationToken).ConfigureAwait(false);
            }).ConfigureAwait(false);
        }

        await EachAsync(generation => RemoveOldAsync(client, generation, cut, cancellationToken)).ConfigureAwait(false);

        async Task EachAsync(Func<Generation, Task> write)
        {
            foreach (var generation in generations.ToList())
            {
                try
                {
                    await write(generation).ConfigureAwait(false);
                }
                catch (Exception error) when (error is StepException or QdrantException && generation is { IsServing: false, IsFilledByOthers: false, IsBefore: false })
                {
                    // Whoever builds it takes over what it lacks.
                    Log.LeftToMigration(logger, index.Name, generation.Physical, error.Message);
                    generations.Remove(generation);
                }
            }
        }
    }

    /// <summary>Whether all chunks are there: another gateway that was given another text for the same document takes those away that are not its own.</summary>
    private static async Task<bool> AreThereAsync(IQdrantClient client, IEnumerable<Generation> generations, List<CutDocument> cut, CancellationToken cancellationToken)
    {
        var whole = await Task.WhenAll(generations.Select(async generation =>
        {
            PointId[] ids = [.. cut.Where(one => one.Collection == generation.Collection).SelectMany(one => one.Chunks).Select(chunk => chunk.Id).Distinct(StringComparer.Ordinal).Select(id => PointId.Parse(id))];
            return ids.Length == 0 || await client.CountAsync(generation.Physical, Filter.All(Condition.HasId(ids)), exact: true, cancellationToken).ConfigureAwait(false) == ids.Length;
        })).ConfigureAwait(false);
        return Array.TrueForAll(whole, one => one);
    }

    private static DocumentRule? RuleOf(IndexFacts index, string type) => index.Ingest.Documents?.FirstOrDefault(rule => rule.Type == type);

    private static CutDocument Cut(IndexFacts index, Document document)
    {
        var text = TextCleaner.Clean(document.Content);
        var chunks = Chunker.Cut(text, ChunkRules.Of(document.Type, RuleOf(index, document.Type)), index.Ingest.MaxInputTokens);
        return new(document, CollectionOf(index, document.Type), text, [.. chunks.Distinct(StringComparer.Ordinal).Select(chunk => (ChunkId.Of(chunk), chunk))]);
    }

    /// <summary>Whole documents go beside their chunks, where there is a collection for them.</summary>
    private static Task KeepDocumentsAsync(IQdrantClient client, Generation generation, List<CutDocument> cut, CancellationToken cancellationToken) =>
        UpsertAsync(client, generation.Physical, cut.Where(one => DocumentTypes.CleanedBeside(one.Collection) == generation.Collection).Select(one => new Point
        {
            Id = PointId.Parse(ChunkId.OfName(one.Document.Id)),
            Vector = [],
            Payload = Common(one.Document, one.Text),
        }), cancellationToken);

    /// <summary>Takes away what documents had before: other chunks, and chunks in collections of another type.</summary>
    private static Task<long> RemoveOldAsync(IQdrantClient client, Generation generation, List<CutDocument> cut, CancellationToken cancellationToken) => UnlessMissingAsync(async () =>
    {
        await client.DeletePointsAsync(generation.Physical, new()
        {
            Filter = Filter.Any([.. cut.Select(one => Condition.Of(new()
            {
                Must = [Condition.Match(DocumentId, one.Document.Id)],
                MustNot = one.Collection == generation.Collection && one.Chunks.Count > 0 ? [Condition.HasId([.. one.Chunks.Select(chunk => PointId.Parse(chunk.Id))])] : null,
            }))]),
        }, cancellationToken).ConfigureAwait(false);
        return 0;
    });

    private static async Task<long> UnlessMissingAsync(Func<Task<long>> act)
    {
        try
        {
            return await act().ConfigureAwait(false);
        }
        catch (QdrantException error) when (error.Kind == QdrantErrorKind.NotFound)
        {
            return 0; // What is not there holds nothing old.
        }
    }

    private static async Task UpsertAsync(IQdrantClient client, string collection, IEnumerable<Point> points, CancellationToken cancellationToken)
    {
        foreach (var batch in points.Chunk(WrittenAtOnce))
        {
            await client.UpsertAsync(collection, new() { Points = batch }, cancellationToken).ConfigureAwait(false);
        }
    }

    private static IEnumerable<string> CleanedOf(IndexFacts index) => index.Embedded.Select(DocumentTypes.CleanedBeside).OfType<string>().Intersect(index.Plain, StringComparer.Ordinal);

    private static Vectors VectorsOf(IndexFacts index, string name, string text, float[] vector)
    {
        var collection = index.Collections.First(one => one.Name == name);
        var vectors = new Vectors { [collection.Vector ?? ""] = vector };
        foreach (var sparse in collection.ByWords)
        {
            var (indices, values) = SparseText.OfDocument(text);
            vectors[sparse] = new VectorValue.Sparse(indices, values);
        }

        return vectors;
    }

    private static JsonObject PayloadOf(IndexFacts index, VectorSource source, Document document, string chunk, int size)
    {
        var payload = Common(document, chunk);
        payload[DocumentId] = document.Id;
        payload["metadata"] = new JsonObject
        {
            ["embedding_model_id"] = source.Model,
            ["embedding_size"] = size,
            ["max_input_length"] = index.Ingest.MaxInputTokens,
        };
        return payload;
    }

    private static JsonObject Common(Document document, string text)
    {
        var payload = new JsonObject { ["content"] = text, ["type"] = document.Type };
        Add("platform", document.Platform);
        Add("author_id", document.AuthorId);
        Add("author_full_name", document.AuthorFullName);
        Add("link", document.Link);
        Add("name", document.Name);
        Add("image", document.Image);
        return payload;

        void Add(string field, string? value)
        {
            if (value is not null)
            {
                payload[field] = value;
            }
        }
    }

    /// <summary>A document in chunks.</summary>
    private sealed record CutDocument(Document Document, string Collection, string Text, IReadOnlyList<(string Id, string Text)> Chunks);

    private static partial class Log
    {
        [LoggerMessage(64, LogLevel.Information, "RagIndex {Index}: documents are left to the migration to {Generation}: {Message}")]
        public static partial void LeftToMigration(ILogger logger, string index, string generation, string message);
    }
}
