using System.Diagnostics.Metrics;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Controllers.Caching;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning;
using LlmOperator.Planning.RagIndexes;

namespace LlmOperator.Controllers.Telemetry;

/// <summary>What is the case of every index and its collections, for Prometheus. It is read from the cache at each scrape, so one that is gone has no series.</summary>
internal static class RagIndexMetrics
{
    /// <summary>Adds the instruments to a meter.</summary>
    public static void AddTo(Meter meter, OperatorCaches caches)
    {
        meter.CreateObservableGauge(
            "llm_operator_ragindex_ready", () => caches.AllRagIndexes.Select(index => new Measurement<int>(index.Status?.Conditions.IsTrue(ConditionTypes.Ready) == true ? 1 : 0, Labels(index))), null, "Whether endpoints can retrieve from an index: 1 or 0");
        meter.CreateObservableGauge(
            "llm_operator_ragindex_points", () => Each(caches, static collection => collection.Points), null, "Points in a collection, as last counted");
        meter.CreateObservableGauge(
            "llm_operator_ragindex_indexed_vectors", () => Each(caches, static collection => collection.IndexedVectors), null, "Vectors of a collection that are in an index, as last counted");
        meter.CreateObservableGauge(
            "llm_operator_ragindex_collection_ready", () => Each(caches, static collection => RagIndexPlanner.Serves(collection) ? 1 : 0), null, "Whether a collection answers searches: 1 or 0");
        meter.CreateObservableGauge(
            "llm_operator_ragindex_migration_copied_points", () => Each(caches, static collection => collection.Migration?.Copied), null, "Points copied into the generation of a collection that is being built");
        meter.CreateObservableGauge(
            "llm_operator_ragindex_migration_total_points", () => Each(caches, static collection => collection.Migration?.Total), null, "Points to be copied into the generation of a collection that is being built");
    }

    private static IEnumerable<Measurement<long>> Each(OperatorCaches caches, Func<CollectionStatus, long?> value) =>
        from index in caches.AllRagIndexes
        from collection in index.Status?.Collections ?? []
        let measured = value(collection)
        where measured is not null
        select new Measurement<long>(measured.Value, [.. Labels(index), new("collection", collection.Name)]);

    private static KeyValuePair<string, object?>[] Labels(RagIndex index) => [new("namespace", index.Metadata.Namespace), new("name", index.Metadata.Name)];
}
