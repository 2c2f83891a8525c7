using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Planning;

/// <summary>Types of the conditions the operator writes.</summary>
public static class ConditionTypes
{
    /// <summary>Sums up: the object does what its spec asks for.</summary>
    public const string Ready = "Ready";

    /// <summary>An endpoint's model is there and can be used.</summary>
    public const string ModelReady = "ModelReady";

    /// <summary>The model's weights and key-value cache have room on the accelerators asked for.</summary>
    public const string Fits = "Fits";

    /// <summary>All wanted pods have a node.</summary>
    public const string Scheduled = "Scheduled";

    /// <summary>Enough pods answer.</summary>
    public const string Available = "Available";

    /// <summary>The wanted revision is being brought out, or is out.</summary>
    public const string Progressing = "Progressing";

    /// <summary>Part of the spec is not acted on.</summary>
    public const string Degraded = "Degraded";

    /// <summary>A model's adapters were found.</summary>
    public const string AdaptersReady = "AdaptersReady";

    /// <summary>A model's weights lie in its cache.</summary>
    public const string Cached = "Cached";

    /// <summary>A model's registry answers, and what it says can be read.</summary>
    public const string RegistryReachable = "RegistryReachable";

    /// <summary>A model's branch or tag has moved on from the revision that is pinned.</summary>
    public const string UpdateAvailable = "UpdateAvailable";

    /// <summary>Arguments or variables of the user's replace some of the operator's.</summary>
    public const string ArgumentsOverridden = "ArgumentsOverridden";

    /// <summary>An object whose deletion waits for its users.</summary>
    public const string InUse = "InUse";

    /// <summary>Qdrant answers, and takes the key.</summary>
    public const string QdrantReady = "QdrantReady";

    /// <summary>Every collection of an index is there and serves.</summary>
    public const string CollectionsReady = "CollectionsReady";

    /// <summary>A collection is stored in a way that cannot be changed to what the spec says.</summary>
    public const string SchemaConflict = "SchemaConflict";

    /// <summary>A name is taken by what is not ours.</summary>
    public const string Conflict = "Conflict";

    /// <summary>The endpoint that makes an index's vectors is there and makes vectors of the right length.</summary>
    public const string EmbeddingReady = "EmbeddingReady";

    /// <summary>The volumes of a managed Qdrant are as the spec says.</summary>
    public const string VolumesReady = "VolumesReady";

    /// <summary>Everything that was stored can be read; there when it cannot.</summary>
    public const string DataComplete = "DataComplete";

    /// <summary>Prometheus is told of the metrics of a managed Qdrant; there when it cannot be.</summary>
    public const string MonitoringReady = "MonitoringReady";

    /// <summary>Scheduled snapshots are taken.</summary>
    public const string SnapshotsReady = "SnapshotsReady";

    /// <summary>What the deletion of an index waits for.</summary>
    public const string Deleting = "Deleting";

    /// <summary>The prompt template an endpoint names can be used.</summary>
    public const string PromptValid = "PromptValid";

    /// <summary>The index an endpoint retrieves from can be searched.</summary>
    public const string RagReady = "RagReady";
}

/// <summary>Values of a condition's status.</summary>
public static class ConditionStatus
{
    /// <summary>It is so.</summary>
    public const string True = "True";

    /// <summary>It is not so.</summary>
    public const string False = "False";

    /// <summary>It cannot be told yet.</summary>
    public const string Unknown = "Unknown";
}

/// <summary>A change of a condition that is worth an Event.</summary>
/// <param name="Condition">The condition as it is now.</param>
/// <param name="IsWarning">Whether something got worse.</param>
public sealed record ConditionTransition(Condition Condition, bool IsWarning);

/// <summary>Collects the conditions of an object; what did not change keeps the time of its last transition.</summary>
/// <param name="before">Conditions of the status as it was.</param>
/// <param name="generation">Generation the conditions are about.</param>
/// <param name="now">Time of transitions.</param>
internal sealed class ConditionSet(IReadOnlyList<Condition>? before, long? generation, DateTimeOffset now)
{
    private readonly List<Condition> _conditions = [];
    private readonly List<ConditionTransition> _transitions = [];

    public IReadOnlyList<Condition> Conditions => _conditions;

    public IReadOnlyList<ConditionTransition> Transitions => _transitions;

    /// <summary>Whether the object was ready before.</summary>
    public bool WasReady => before?.Any(condition => condition is { Type: ConditionTypes.Ready, Status: ConditionStatus.True }) == true;

    /// <summary>Keeps a condition as it was, about the generation it was about; null when there was none.</summary>
    public Condition? Keep(string type)
    {
        var old = before?.FirstOrDefault(condition => condition.Type == type);
        if (old is not null)
        {
            _conditions.Add(old);
        }

        return old;
    }

    /// <summary>Sets a condition.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="status">True, False or Unknown.</param>
    /// <param name="reason">One CamelCase word.</param>
    /// <param name="message">What is the case and what to change.</param>
    /// <param name="announce">Whether a change of it is worth an Event.</param>
    /// <param name="isBad">The status that is the worse one.</param>
    public Condition Set(string type, string status, string reason, string message, bool announce = false, string isBad = ConditionStatus.False)
    {
        var old = before?.FirstOrDefault(condition => condition.Type == type);
        var condition = new Condition
        {
            Type = type,
            Status = status,
            Reason = reason,
            Message = message,
            ObservedGeneration = generation,
            LastTransitionTime = old?.Status == status && old.LastTransitionTime is { } since ? since : now,
        };
        _conditions.Add(condition);
        if (announce && (old?.Status != status || old.Reason != reason) && status != ConditionStatus.Unknown)
        {
            _transitions.Add(new(condition, status == isBad));
        }

        return condition;
    }
}
