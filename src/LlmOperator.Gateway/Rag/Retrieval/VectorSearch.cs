using System.Text.Json.Nodes;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Gateway.Rag.Indexes;
using LlmOperator.Gateway.Rag.Texts;
using LlmOperator.Inference.Tracing;
using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Points;

namespace LlmOperator.Gateway.Rag.Retrieval;

/// <summary>Searches the collections of an index, all at once.</summary>
/// <param name="qdrant">Clients.</param>
internal sealed class VectorSearch(QdrantClients qdrant)
{
    private const string AuthorId = "author_id";
    private const string AuthorName = "author_full_name";
    private const string MissingCollection = "collection_missing";

    /// <summary>The collections a request searches.</summary>
    public static IReadOnlyList<EmbeddedCollection> Collections(IndexFacts index, RetrievalSpec retrieval) => retrieval.Collections is { Count: > 0 } named
        ? [.. named.Select(name => index.Collections.FirstOrDefault(collection => collection.Name == name) ?? new(name, null, IsByDistance: false, [], index.Source))]
        : index.Collections;

    /// <summary>Makes searches, all at once.</summary>
    /// <param name="run">The request.</param>
    /// <param name="index">The index.</param>
    /// <param name="retrieval">How to search.</param>
    /// <param name="searches">The collections, each with the query and its vector.</param>
    /// <param name="limit">Most points of each search.</param>
    /// <param name="filter">Which points count; null for all.</param>
    /// <param name="span">The span of the search.</param>
    /// <param name="cancellationToken">Ends the waiting; what has been found by then counts.</param>
    /// <exception cref="StepException">Not one search was answered.</exception>
    public async Task<Hits> SearchAsync(RagRun run, IndexFacts index, RetrievalSpec retrieval, IReadOnlyList<Search> searches, int limit, Filter? filter, RagSpan span, CancellationToken cancellationToken)
    {
        var client = qdrant.Of(index);
        var outcomes = await Task.WhenAll(searches.Select(one => OneAsync(client, one.Collection, Request(retrieval, one.Collection, one.Text, one.Vector, limit, filter), cancellationToken))).ConfigureAwait(false);

        // A generation that is gone was replaced a moment ago. The alias, which is looked at next, knows by which.
        var gone = outcomes.Where(outcome => outcome is { Problem: MissingCollection, Collection.Physical: not null }).Select(outcome => outcome.Collection).Distinct().ToList();
        foreach (var problem in outcomes.Where(outcome => !gone.Contains(outcome.Collection)).Select(outcome => outcome.Problem).OfType<string>().Distinct())
        {
            run.Degrade(RagNames.Search, problem);
        }

        var hits = outcomes.SelectMany(outcome => outcome.Hits.Select(hit => (outcome.Collection, Hit: hit))).ToList();
        span.Add(SpanAttribute.Of("llmops.rag.searches", outcomes.Length));
        span.Add(SpanAttribute.Of("llmops.rag.search_limit", limit));
        span.Add(SpanAttribute.Of("llmops.rag.collections", [.. searches.Select(search => search.Collection.Target).Distinct()]));
        span.Add(SpanAttribute.Of("llmops.rag.hits", [.. hits.Select(hit => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{hit.Collection.Name}/{hit.Hit.Id} {hit.Hit.Score:0.######}"))]));

        // A collection that is missing is an answer of Qdrant's; only when it says nothing at all is it down.
        if (outcomes.Length > 0 && Array.TrueForAll(outcomes, outcome => outcome.Problem is not null and not MissingCollection))
        {
            throw new StepException(outcomes[0].Problem!, $"no search was answered: {outcomes[0].Message}");
        }

        var chunks = new List<Chunk>();
        foreach (var (collection, hit) in hits)
        {
            if (ChunkOf(collection, hit, isFused: IsHybrid(retrieval, collection)) is not { } chunk)
            {
                continue;
            }

            if (chunk.EmbeddingModel is { } model && collection.Source.Model.Length > 0 && !EmbeddingModels.AreSame(model, collection.Source.Model))
            {
                run.Degrade(RagNames.Search, StepException.ModelMismatch);
                continue;
            }

            chunks.Add(chunk);
        }

        return new(chunks, gone);
    }

    /// <summary>Looks for an author among the points. Nothing is created.</summary>
    /// <returns>The author; null when there are no points of theirs.</returns>
    /// <exception cref="StepException">No collection could be asked.</exception>
    public async Task<KnownAuthor?> FindAuthorAsync(IndexFacts index, RetrievalSpec retrieval, Prompting.NamedAuthor named, CancellationToken cancellationToken)
    {
        var client = qdrant.Of(index);
        var condition = named.Id is { } id ? Condition.Match(AuthorId, id) : Condition.MatchAny(AuthorName, [.. Spellings(named.Name!)]);
        var request = new ScrollPoints { Limit = 1, Filter = Filter.All(condition), WithPayload = PayloadSelector.Include(AuthorId, AuthorName) };
        var answers = await Task.WhenAll(Collections(index, retrieval).Select(async collection =>
        {
            try
            {
                return (Page: (ScrollPage?)await ScrollAsync(client, collection, request, cancellationToken).ConfigureAwait(false), Problem: (QdrantException?)null);
            }
            catch (QdrantException error)
            {
                return (null, error);
            }
        })).ConfigureAwait(false);
        if (answers.Select(answer => answer.Page?.Points is [var point, ..] ? point.Payload : null).FirstOrDefault(payload => payload is not null) is { } found)
        {
            var (foundId, foundName) = (Text(found, AuthorId), Text(found, AuthorName));
            return named.Id is { } known ? new(AuthorId, known, foundId, foundName) : new(AuthorName, foundName, foundId, foundName);
        }

        // Nobody is unknown as long as a collection could not be asked.
        return answers.Select(answer => answer.Problem).FirstOrDefault(problem => problem is { Kind: not QdrantErrorKind.NotFound }) is { } unanswered
            ? throw new StepException(Reason(unanswered), unanswered.Message)
            : null;
    }

    private static async Task<ScrollPage> ScrollAsync(IQdrantClient client, EmbeddedCollection collection, ScrollPoints request, CancellationToken cancellationToken)
    {
        try
        {
            return await client.ScrollAsync(collection.Target, request, cancellationToken).ConfigureAwait(false);
        }
        catch (QdrantException error) when (error.Kind == QdrantErrorKind.NotFound && collection.Physical is not null)
        {
            return await client.ScrollAsync(collection.Name, request, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Why Qdrant did not do what it was asked, in one of a few words.</summary>
    public static string Reason(QdrantException error) => error.Kind switch
    {
        QdrantErrorKind.NotFound => MissingCollection,
        QdrantErrorKind.Unreachable or QdrantErrorKind.Unavailable => StepException.Unavailable,
        QdrantErrorKind.Timeout => StepException.Timeout,
        QdrantErrorKind.BadRequest or QdrantErrorKind.Unauthorized or QdrantErrorKind.Forbidden or QdrantErrorKind.RateLimited => StepException.Refused,
        QdrantErrorKind.Unexpected => StepException.InvalidAnswer,
        _ => StepException.Failed,
    };

    /// <summary>A filter on payload fields and the author; null when there is none.</summary>
    public static Filter? FilterOf(IReadOnlyDictionary<string, IReadOnlyList<string>> filters, KnownAuthor? author)
    {
        var conditions = filters.Select(filter => filter.Value is [var one] ? Condition.Match(filter.Key, one) : Condition.MatchAny(filter.Key, filter.Value)).ToList();
        if (author is not null)
        {
            conditions.Add(Condition.Match(author.Field, author.Value));
        }

        return conditions.Count > 0 ? Filter.All(conditions) : null;
    }

    private static QueryPoints Request(RetrievalSpec retrieval, EmbeddedCollection collection, string text, float[] vector, int limit, Filter? filter)
    {
        var dense = retrieval.Vector ?? collection.Vector;
        if (!IsHybrid(retrieval, collection))
        {
            return new() { Query = vector, Using = dense, Filter = filter, Limit = limit, WithPayload = PayloadSelector.All };
        }

        // The filter of a fusion does not reach what it fuses.
        var hybrid = retrieval.Hybrid!;
        var (indices, values) = SparseText.OfQuery(text);
        var candidates = Math.Max(hybrid.Candidates, limit);
        return new()
        {
            Prefetch =
            [
                new() { Query = vector, Using = dense, Filter = filter, Limit = candidates },
                new() { Query = Query.Nearest(new VectorValue.Sparse(indices, values)), Using = hybrid.SparseVector, Filter = filter, Limit = candidates },
            ],
            Query = Query.Fuse(hybrid.Fusion == "DBSF" ? Fusion.Dbsf : Fusion.Rrf),
            Limit = limit,
            WithPayload = PayloadSelector.All,
        };
    }

    /// <summary>Whether a collection is searched by words, too: one without such vectors is searched by meaning alone.</summary>
    private static bool IsHybrid(RetrievalSpec retrieval, EmbeddedCollection collection) => retrieval.Hybrid is { } hybrid && collection.ByWords.Contains(hybrid.SparseVector);

    private static async Task<(EmbeddedCollection Collection, IReadOnlyList<ScoredPoint> Hits, string? Problem, string? Message)> OneAsync(IQdrantClient client, EmbeddedCollection collection, QueryPoints request, CancellationToken cancellationToken)
    {
        try
        {
            return (collection, await client.QueryAsync(collection.Target, request, cancellationToken).ConfigureAwait(false), null, null);
        }
        catch (QdrantException error)
        {
            return (collection, [], Reason(error), error.Message);
        }
        catch (OperationCanceledException)
        {
            return (collection, [], StepException.Timeout, "the time was over");
        }
    }

    private static Chunk? ChunkOf(EmbeddedCollection collection, ScoredPoint hit, bool isFused) =>
        hit.Payload is not { } payload || Text(payload, "content") is not { Length: > 0 } content ? null : new()
        {
            Id = hit.Id.ToString(),
            Collection = collection.Name,
            Type = Text(payload, "type") is { Length: > 0 } type ? type : DocumentTypes.OfCollection(collection.Name),
            Content = content,
            Platform = Text(payload, "platform"),
            AuthorId = Text(payload, AuthorId),
            AuthorFullName = Text(payload, AuthorName),
            DocumentId = Text(payload, "document_id"),
            Link = Optional(payload, "link"),
            Name = Optional(payload, "name"),
            Image = Optional(payload, "image"),
            EmbeddingModel = payload["metadata"] is JsonObject metadata ? Optional(metadata, "embedding_model_id") : null,
            Score = collection.IsByDistance && !isFused ? -hit.Score : hit.Score,
        };

    private static string Text(JsonObject payload, string field) => Optional(payload, field) ?? "";

    private static string? Optional(JsonObject payload, string field) => payload[field] switch
    {
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        JsonValue value => value.ToJsonString(),
        _ => null,
    };

    /// <summary>
    /// A name as it was written, and with the first letters large and the others small: by the rules of English, and of Turkish where they differ. Marks are put together with their letters, as they usually are stored.
    /// </summary>
    private static IEnumerable<string> Spellings(string name)
    {
        var whole = ComposedText.Of(name).TrimEnd('.'); // A full stop may end an answer, or "Jr."
        var english = whole.Replace('İ', 'i').ToLowerInvariant();
        var turkish = whole.Replace('I', 'ı').Replace('İ', 'i').ToLowerInvariant();
        return new[] { name, whole, Capitalised(english, char.ToUpperInvariant), Capitalised(english, UpperTurkish), Capitalised(turkish, char.ToUpperInvariant), Capitalised(turkish, UpperTurkish) }.Distinct(StringComparer.Ordinal);
    }

    private static char UpperTurkish(char letter) => letter switch { 'i' => 'İ', 'ı' => 'I', _ => char.ToUpperInvariant(letter) };

    private static string Capitalised(string name, Func<char, char> upper) => string.Join(' ', name.Split(' ').Select(word => word.Length == 0 ? word : upper(word[0]) + word[1..]));
}

/// <summary>A search.</summary>
/// <param name="Collection">Where.</param>
/// <param name="Text">The query.</param>
/// <param name="Vector">Its vector, by the model of the collection's.</param>
internal sealed record Search(EmbeddedCollection Collection, string Text, float[] Vector);

/// <summary>What searches found.</summary>
/// <param name="Chunks">The chunks.</param>
/// <param name="Gone">Collections whose generation is not there any more.</param>
internal sealed record Hits(IReadOnlyList<Chunk> Chunks, IReadOnlyList<EmbeddedCollection> Gone);
