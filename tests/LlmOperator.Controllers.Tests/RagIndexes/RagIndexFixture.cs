using LlmOperator.Api.RagIndexes;
using LlmOperator.Controllers.RagIndexes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Sandbox.StandIns.Qdrant;

namespace LlmOperator.Controllers.Tests.RagIndexes;

/// <summary>The operator beside a fake API server and a stand-in Qdrant, both in memory.</summary>
internal sealed class RagIndexFixture : IAsyncDisposable
{
    public const string External =
        """
        {"qdrant":{"external":{"url":"http://qdrant:6333"}},
         "collections":[{"name":"posts","vectors":{"size":4},"payloadIndexes":[{"field":"author_id"}]},{"name":"raw"}]}
        """;

    /// <param name="pollInterval">How often Qdrant is looked at where nothing changes.</param>
    public RagIndexFixture(TimeSpan? pollInterval = null)
    {
        Operator = new() { Qdrant = new() { Handler = _ => Server!.CreateHandler(), PollInterval = pollInterval ?? new QdrantOptions().PollInterval } };
        Server = new(Operator.Clock);
    }

    /// <summary>The Qdrant behind every address.</summary>
    public QdrantCluster Server { get; }

    public OperatorFixture Operator { get; }

    public RagIndexStatus? Status => Operator.Api.Peek<RagIndex>("docs")?.Status;

    public Condition? Condition(string type) => Status?.Conditions.Find(type);

    public Task UntilAsync(Func<bool> condition, string what) => Until.TrueAsync(condition, what, Operator.Clock, TimeSpan.FromSeconds(1));

    public Task ConditionAsync(string type, string status, string reason) =>
        UntilAsync(() => Condition(type) is { } found && found.Status == status && found.Reason == reason, $"condition {type}={status} {reason}, it is {Condition(type)?.Status} {Condition(type)?.Reason} {Condition(type)?.Message}");

    /// <summary>Has the API server mark the index as being deleted, as it does where there is a finalizer.</summary>
    public void Delete()
    {
        var index = Operator.Api.Peek<RagIndex>("docs")!;
        Operator.Api.Put(index with { Metadata = index.Metadata with { DeletionTimestamp = Operator.Clock.GetUtcNow(), Generation = index.Metadata.Generation + 1 } });
    }

    /// <summary>Whether nothing keeps the index from going any more.</summary>
    public bool MayGo => Operator.Api.Peek<RagIndex>("docs")!.Metadata.Finalizers is not { Count: > 0 };

    /// <summary>Plays the StatefulSet controller: all pods answer.</summary>
    public void RunPods(int? ready = null)
    {
        var set = Operator.Api.Peek<StatefulSet>("docs-qdrant")!;
        Operator.Api.Put(set with { Status = new() { ObservedGeneration = set.Metadata.Generation, Replicas = set.Spec!.Replicas, ReadyReplicas = ready ?? set.Spec.Replicas } });
    }

    /// <summary>Writes to the stand-in so far: everything but reads.</summary>
    public IReadOnlyList<string> ServerWrites => [.. Server.Calls.Where(call => call.Method != "GET").Select(call => $"{call.Method} /{string.Join('/', call.Path)}")];

    public ValueTask DisposeAsync() => Operator.DisposeAsync();
}
