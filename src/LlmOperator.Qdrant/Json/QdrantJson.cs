using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Cluster;
using LlmOperator.Qdrant.Collections;
using LlmOperator.Qdrant.Points;
using LlmOperator.Qdrant.Snapshots;

namespace LlmOperator.Qdrant.Json;

/// <summary>Requests and answers as JSON.</summary>
[JsonSerializable(typeof(Answer<bool>))]
[JsonSerializable(typeof(Answer<CollectionExistence>))]
[JsonSerializable(typeof(Answer<CollectionNames>))]
[JsonSerializable(typeof(Answer<JsonObject>))]
[JsonSerializable(typeof(Answer<AliasList>))]
[JsonSerializable(typeof(Answer<UpdateResult>))]
[JsonSerializable(typeof(Answer<QueryResult>))]
[JsonSerializable(typeof(Answer<IReadOnlyList<QueryResult>>))]
[JsonSerializable(typeof(Answer<ScrollPage>))]
[JsonSerializable(typeof(Answer<CountResult>))]
[JsonSerializable(typeof(Answer<IReadOnlyList<PointRecord>>))]
[JsonSerializable(typeof(Answer<SnapshotDescription>))]
[JsonSerializable(typeof(Answer<IReadOnlyList<SnapshotDescription>>))]
[JsonSerializable(typeof(Answer<ClusterInfo>))]
[JsonSerializable(typeof(Answer<CollectionClusterInfo>))]
[JsonSerializable(typeof(QdrantVersion))]
[JsonSerializable(typeof(CollectionInfo))]
[JsonSerializable(typeof(CreateCollection))]
[JsonSerializable(typeof(UpdateCollection))]
[JsonSerializable(typeof(NewVector))]
[JsonSerializable(typeof(CreateIndex))]
[JsonSerializable(typeof(AliasActions))]
[JsonSerializable(typeof(UpsertPoints))]
[JsonSerializable(typeof(DeletePoints))]
[JsonSerializable(typeof(QueryPoints))]
[JsonSerializable(typeof(QueryBatch))]
[JsonSerializable(typeof(ScrollPoints))]
[JsonSerializable(typeof(CountPoints))]
[JsonSerializable(typeof(RetrievePoints))]
[JsonSerializable(typeof(RecoverSnapshot))]
[JsonSerializable(typeof(ClusterOperation))]
[JsonSerializable(typeof(ScalarQuantization))]
[JsonSerializable(typeof(ProductQuantization))]
[JsonSerializable(typeof(BinaryQuantization))]
[JsonSerializable(typeof(TurboQuantization))]
[JsonSerializable(typeof(JsonObject))]
internal sealed partial class QdrantJson : JsonSerializerContext
{
    /// <summary>Text as it is: escaping what is not ASCII would make Turkish payload up to six times as long.</summary>
    public static QdrantJson Wire { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}

/// <summary>The envelope of an answer.</summary>
internal sealed record Answer<T>(T? Result);

/// <summary>Whether a collection exists.</summary>
internal sealed record CollectionExistence(bool Exists);

/// <summary>Names of collections.</summary>
internal sealed record CollectionNames(IReadOnlyList<CollectionName> Collections);

/// <summary>Name of a collection.</summary>
internal sealed record CollectionName(string Name);

/// <summary>Aliases.</summary>
internal sealed record AliasList(IReadOnlyList<AliasDescription> Aliases);

/// <summary>Changes of aliases.</summary>
internal sealed record AliasActions(IReadOnlyList<AliasAction> Actions);

/// <summary>A payload index to be created.</summary>
internal sealed record CreateIndex(string FieldName, PayloadIndex FieldSchema);

/// <summary>What a search found.</summary>
internal sealed record QueryResult(IReadOnlyList<ScoredPoint> Points);

/// <summary>Searches of one request.</summary>
internal sealed record QueryBatch(IReadOnlyList<QueryPoints> Searches);

/// <summary>A count of points.</summary>
internal sealed record CountPoints(Filter? Filter, bool Exact);

/// <summary>What was counted.</summary>
internal sealed record CountResult(long Count);
