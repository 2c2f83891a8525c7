using System.Text.Json.Nodes;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Gateway.Rag.Calling;
using LlmOperator.Gateway.Rag.Indexes;
using LlmOperator.Gateway.Rag.Retrieval;
using LlmOperator.Gateway.Rag.Texts;
using LlmOperator.Inference.Tracing;
using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Points;

namespace LlmOperator.Gateway.Rag.Ingest;

/// <summary>
/// Makes points of documents: cleans, cuts, embeds and writes them, then takes away the points the same documents had before and have no more. A document is searchable at every moment, and one that is given again
/// changes nothing.
/// </summary>
/// <param name="qdrant">Clients.</param>
/// <param name="embedder">Makes vectors.</param>
internal sealed class Ingestor(QdrantClients qdrant, IEmbedder embedder)
{
    // As the pipeline that is reproduced embeds them.
    private const int EmbeddedAtOnce = 10;
    private const int WrittenAtOnce = 64;
    private const string DocumentId = "document_id";

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
        foreach (var group in cut.GroupBy(one => one.Collection, StringComparer.Ordinal))
        {
            var chunks = group.SelectMany(one => one.Chunks.Select(chunk => (one.Document, chunk.Id, chunk.Text))).DistinctBy(chunk => chunk.Id).ToList();
            foreach (var batch in chunks.Chunk(EmbeddedAtOnce))
            {
                var vectors = await embedder.EmbedAsync(index, [.. batch.Select(chunk => chunk.Text)], trace, cancellationToken).ConfigureAwait(false);
                await UpsertAsync(client, group.Key, batch.Zip(vectors, (chunk, vector) => new Point
                {
                    Id = PointId.Parse(chunk.Id),
                    Vector = VectorsOf(index, group.Key, chunk.Text, vector),
                    Payload = PayloadOf(index, chunk.Document, chunk.Text),
                }), cancellationToken).ConfigureAwait(false);
            }
        }

        await KeepDocumentsAsync(client, index, cut, cancellationToken).ConfigureAwait(false);
        await RemoveOldAsync(client, index, cut, cancellationToken).ConfigureAwait(false);
        return cut.Sum(one => one.Chunks.Count);
    }

    /// <summary>Removes a document.</summary>
    /// <returns>Points there were of it.</returns>
    /// <exception cref="StepException">The index has no server.</exception>
    /// <exception cref="QdrantException">Qdrant did not do its part.</exception>
    public async Task<long> DeleteAsync(IndexFacts index, string document, CancellationToken cancellationToken)
    {
        var client = qdrant.Of(index);
        var filter = Filter.All(Condition.Match(DocumentId, document));
        var counts = await Task.WhenAll(index.Embedded.Select(collection => UnlessMissingAsync(async () =>
        {
            var count = await client.CountAsync(collection, filter, exact: true, cancellationToken).ConfigureAwait(false);
            if (count > 0)
            {
                await client.DeletePointsAsync(collection, new() { Filter = filter }, cancellationToken).ConfigureAwait(false);
            }

            return count;
        })).Concat(CleanedOf(index).Select(collection => UnlessMissingAsync(async () =>
        {
            PointId[] ids = [PointId.Parse(ChunkId.OfName(document))];
            var found = await client.RetrieveAsync(collection, new() { Ids = ids, WithPayload = PayloadSelector.None }, cancellationToken).ConfigureAwait(false);
            if (found.Count > 0)
            {
                await client.DeletePointsAsync(collection, new() { Points = ids }, cancellationToken).ConfigureAwait(false);
            }

            return (long)found.Count;
        })))).ConfigureAwait(false);
        return counts.Sum();
    }

    private static DocumentRule? RuleOf(IndexFacts index, string type) => index.Ingest.Documents?.FirstOrDefault(rule => rule.Type == type);

    private static CutDocument Cut(IndexFacts index, Document document)
    {
        var text = TextCleaner.Clean(document.Content);
        var chunks = Chunker.Cut(text, ChunkRules.Of(document.Type, RuleOf(index, document.Type)), index.Ingest.MaxInputTokens);
        return new(document, CollectionOf(index, document.Type), text, [.. chunks.Distinct(StringComparer.Ordinal).Select(chunk => (ChunkId.Of(chunk), chunk))]);
    }

    /// <summary>Whole documents go beside their chunks, where there is a collection for them.</summary>
    private static async Task KeepDocumentsAsync(IQdrantClient client, IndexFacts index, IReadOnlyList<CutDocument> cut, CancellationToken cancellationToken)
    {
        foreach (var group in cut.GroupBy(one => DocumentTypes.CleanedBeside(one.Collection), StringComparer.Ordinal))
        {
            if (group.Key is { } collection && index.Plain.Contains(collection))
            {
                await UpsertAsync(client, collection, group.Select(one => new Point
                {
                    Id = PointId.Parse(ChunkId.OfName(one.Document.Id)),
                    Vector = [],
                    Payload = Common(one.Document, one.Text),
                }), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Takes away what documents had before: other chunks, and chunks in collections of another type.</summary>
    private static Task<long[]> RemoveOldAsync(IQdrantClient client, IndexFacts index, IReadOnlyList<CutDocument> cut, CancellationToken cancellationToken) => Task.WhenAll(index.Embedded.Select(collection =>
        UnlessMissingAsync(async () =>
        {
            await client.DeletePointsAsync(collection, new()
            {
                Filter = Filter.Any([.. cut.Select(one => Condition.Of(new()
                {
                    Must = [Condition.Match(DocumentId, one.Document.Id)],
                    MustNot = one.Collection == collection && one.Chunks.Count > 0 ? [Condition.HasId([.. one.Chunks.Select(chunk => PointId.Parse(chunk.Id))])] : null,
                }))]),
            }, cancellationToken).ConfigureAwait(false);
            return 0;
        })));

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

    private static JsonObject PayloadOf(IndexFacts index, Document document, string chunk)
    {
        var payload = Common(document, chunk);
        payload[DocumentId] = document.Id;
        payload["metadata"] = new JsonObject
        {
            ["embedding_model_id"] = index.EmbeddingModel,
            ["embedding_size"] = index.EmbeddingSize,
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
}
