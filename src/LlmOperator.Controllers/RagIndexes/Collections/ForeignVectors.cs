using System.Text.Json.Nodes;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Planning.RagIndexes.Collections;
using LlmOperator.Qdrant.Points;

namespace LlmOperator.Controllers.RagIndexes.Collections;

/// <summary>Looks whether points were written with vectors of another model than the index's: their scores would mean nothing.</summary>
internal static class ForeignVectors
{
    private const int Sample = 32;
    private const string ModelField = "metadata.embedding_model_id";

    /// <summary>Looks at a sample of points. Only when points came or went since the last look, or there was such a conflict then: an index at rest is not read.</summary>
    /// <returns>The conflict; null when there is none.</returns>
    public static async Task<CollectionIssue?> FindAsync(KeepWork work, CollectionSpec spec, Generation active, CancellationToken cancellationToken)
    {
        var before = work.Request.Previous?.FirstOrDefault(status => status.Name == spec.Name);
        if (work.Request.Embedding is not { } embedding || active.Info.PointsCount is null or 0 || (active.Marks.EmbeddingModel is null && spec.Vectors is null && spec.NamedVectors is null)
            || (before is { Reason: null } && before.Points == active.Info.PointsCount && before.PhysicalName == active.PhysicalName))
        {
            return null;
        }

        var points = await work.Client.QueryAsync(
            active.PhysicalName,
            new()
            {
                Query = Query.Sample(),
                Limit = (int)Math.Min(Sample, spec.StrictMode?.MaxQueryLimit ?? Sample),
                WithPayload = PayloadSelector.Include(ModelField),
                WithVector = VectorSelector.None,
            },
            cancellationToken).ConfigureAwait(false);
        var other = points.Select(point => Model(point.Payload)).FirstOrDefault(model => model is not null && model != embedding.Model);
        return other is null ? null : new(
            spec.Name, CollectionIssueKind.SchemaConflict, CollectionReasons.SchemaConflict,
            $"collection {spec.Name} ({active.PhysicalName}): points carry {ModelField} {other}, embedding.model is {embedding.Model}: "
            + "write these points again with the index's model, or correct embedding.model; nothing is deleted");
    }

    private static string? Model(JsonObject? payload) =>
        payload?["metadata"] is JsonObject metadata && metadata["embedding_model_id"] is JsonValue value && value.TryGetValue(out string? model) ? model : null;
}
