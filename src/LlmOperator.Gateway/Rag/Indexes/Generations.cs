using LlmOperator.Planning.RagIndexes.Collections;
using LlmOperator.Qdrant;

namespace LlmOperator.Gateway.Rag.Indexes;

/// <summary>A collection of Qdrant that holds the points of a collection of an index.</summary>
/// <param name="Collection">Name in the index.</param>
/// <param name="Physical">Name in Qdrant.</param>
/// <param name="Source">What makes its vectors.</param>
/// <param name="IsServing">Whether it is the one that is searched; otherwise it is being built to take its place.</param>
/// <param name="IsFilledByOthers">Whether nobody but those who write documents fills it.</param>
/// <param name="IsBefore">Whether it served before, and what the serving one lacks is still taken over from it: nothing is written to it, and what is to go must go from it, too.</param>
internal sealed record Generation(string Collection, string Physical, VectorSource Source, bool IsServing, bool IsFilledByOthers, bool IsBefore = false);

/// <summary>
/// The generations of an index that documents are written to: those that serve, and those that are being built to take their place. They are asked of Qdrant itself, because what is known from the cluster comes later than
/// the alias moves.
/// </summary>
internal static class Generations
{
    /// <summary>Looks at collections.</summary>
    /// <param name="client">Qdrant.</param>
    /// <param name="index">The index.</param>
    /// <param name="collections">Names in the index.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>
    /// The generations of each, in the order of the names, and those that points are copied from before those they are copied to: what is taken away in this order does not come back.
    /// </returns>
    public static async Task<IReadOnlyList<Generation>> OfAsync(IQdrantClient client, IndexFacts index, IReadOnlyList<string> collections, CancellationToken cancellationToken)
    {
        var listing = client.ListCollectionsAsync(cancellationToken);
        var aliases = (await client.ListAliasesAsync(null, cancellationToken).ConfigureAwait(false)).ToDictionary(alias => alias.AliasName, alias => alias.CollectionName, StringComparer.Ordinal);
        var names = await listing.ConfigureAwait(false);
        var found = await Task.WhenAll(collections.Select(async collection =>
        {
            if (!aliases.TryGetValue(collection, out var serving))
            {
                return [new(collection, collection, index.Source, IsServing: true, IsFilledByOthers: false)];
            }

            var marks = await MarksAsync(client, serving, cancellationToken).ConfigureAwait(false);
            var generations = new List<Generation>();
            if (marks.Migration is { From: var before })
            {
                generations.Add(new(collection, before, index.Source, IsServing: false, IsFilledByOthers: false, IsBefore: true));
            }

            generations.Add(new(collection, serving, SourceOf(index, marks), IsServing: true, IsFilledByOthers: false));
            foreach (var later in names.Where(name => NumberOf(name, collection) > NumberOf(serving, collection) && name != marks.Migration?.From).Order(StringComparer.Ordinal))
            {
                var building = await MarksAsync(client, later, cancellationToken).ConfigureAwait(false);
                if (building.Owner is not null && building.Owner == marks.Owner && building.RetiredAt is null)
                {
                    generations.Add(new(collection, later, SourceOf(index, building), IsServing: false, building.Migration?.Method == MigrationMethod.Fill));
                }
            }

            return (IReadOnlyList<Generation>)generations;
        })).ConfigureAwait(false);
        return [.. found.SelectMany(one => one)];
    }

    private static async Task<CollectionMarks> MarksAsync(IQdrantClient client, string physical, CancellationToken cancellationToken) =>
        CollectionMarks.Read((await client.GetCollectionAsync(physical, cancellationToken).ConfigureAwait(false))?.Config.Metadata);

    private static VectorSource SourceOf(IndexFacts index, CollectionMarks marks) => index.Source.Of(marks.EmbeddingModel, marks.EmbeddingEndpoint);

    private static int NumberOf(string physical, string collection) => CollectionNames.TryParse(physical, out var name, out var number) && name == collection ? number : 0;
}
