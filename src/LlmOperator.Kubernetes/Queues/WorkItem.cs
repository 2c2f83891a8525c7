namespace LlmOperator.Kubernetes.Queues;

/// <summary>A key handed to a worker.</summary>
/// <param name="Key">What to look at.</param>
/// <param name="Priority">Priority it had, to be kept on a retry.</param>
public readonly record struct WorkItem(ObjectKey Key, int Priority);

/// <summary>Priorities of the work queue. Higher goes first.</summary>
public static class WorkPriority
{
    /// <summary>A real change.</summary>
    public const int Normal = 0;

    /// <summary>The initial list and resyncs: a live change overtakes a start-up backlog.</summary>
    public const int Low = -100;
}
