namespace LlmOperator.Planning.Diagnosis;

/// <summary>Why something does not run.</summary>
/// <param name="Reason">One CamelCase word, fit for a condition.</param>
/// <param name="Message">What is the case and which field to change. It says nothing that differs between two runs that fail alike, such as ages and counts of restarts.</param>
public sealed record FailureCause(string Reason, string Message)
{
    /// <summary>Whether this says less than what was seen of the same failure before, which then stands.</summary>
    internal bool IsVague { get; init; }

    /// <summary>Whether this names what is wrong, and not only that something is.</summary>
    internal bool IsKnown { get; init; } = true;
}

/// <summary>How much a line of a log tells of what went wrong.</summary>
public enum LogWeight
{
    /// <summary>What others lead to as well: it counts when there is nothing better.</summary>
    Symptom,

    /// <summary>What went wrong.</summary>
    Cause,

    /// <summary>What went wrong, with what to set instead.</summary>
    Exact,
}

/// <summary>What the log of a container that ended tells. It holds no text of the log but the few lines that may be shown.</summary>
public sealed record LogFinding
{
    /// <summary>The cause, when a line names one that is known.</summary>
    public FailureCause? Cause { get; init; }

    /// <summary>How much the cause tells.</summary>
    public LogWeight Weight { get; init; }

    /// <summary>The last lines, without secrets and on one line.</summary>
    public string Excerpt { get; init; } = "";

    /// <summary>Why the log could not be read; null when it was.</summary>
    public string? Unreadable { get; init; }
}
