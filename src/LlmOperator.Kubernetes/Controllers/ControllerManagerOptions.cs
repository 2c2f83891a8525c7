using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Leadership;

namespace LlmOperator.Kubernetes.Controllers;

/// <summary>Settings of a controller manager.</summary>
public sealed record ControllerManagerOptions
{
    /// <summary>Name under which events are reported, for example <c>example.com/operator</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Leader election; none when null, and this process works at once.</summary>
    public LeaderElectionOptions? LeaderElection { get; init; }

    /// <summary>
    /// The fence, when the client was made with a <see cref="LeaderFenceHandler"/> of it, so that repeats inside the client are held back too; of its own when null.
    /// </summary>
    public LeaderFence? Fence { get; init; }

    /// <summary>Settings of the caches.</summary>
    public InformerOptions Informers { get; init; } = new();

    /// <summary>How long a stop waits for what is in hand before it is cancelled.</summary>
    public TimeSpan GracePeriod { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a start waits for all caches before it goes on with those that are filled. A controller whose caches are not filled waits on.</summary>
    public TimeSpan CacheSyncTimeout { get; init; } = TimeSpan.FromMinutes(2);
}

/// <summary>How a run of the manager ended.</summary>
public enum RunOutcome
{
    /// <summary>Stopped as asked: work finished, lease given up.</summary>
    Stopped,

    /// <summary>The lease was lost. The process must end with an error; nothing can be trusted to have stopped writing but its end.</summary>
    LeadershipLost,
}
