namespace LlmOperator.Kubernetes.Client;

/// <summary>How consistent a list must be with <see cref="ListOptions.ResourceVersion"/>.</summary>
public enum ResourceVersionMatch
{
    /// <summary>At least as new as the version given.</summary>
    NotOlderThan,

    /// <summary>Exactly the version given.</summary>
    Exact,
}

/// <summary>What happens to an object's dependents when it is deleted.</summary>
public enum DeletionPropagation
{
    /// <summary>The object goes at once, dependents are collected afterwards.</summary>
    Background,

    /// <summary>Dependents that block it go first.</summary>
    Foreground,

    /// <summary>Dependents stay and lose the reference.</summary>
    Orphan,
}

/// <summary>How the server treats unknown or duplicate fields in what we write.</summary>
public enum FieldValidation
{
    /// <summary>Refuse with 400. The default: a dropped field is a bug.</summary>
    Strict,

    /// <summary>Drop and warn.</summary>
    Warn,

    /// <summary>Drop silently.</summary>
    Ignore,
}

/// <summary>Selectors and paging of a list or delete-collection.</summary>
public sealed record ListOptions
{
    /// <summary>Label selector in the API's text form.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Field selector in the API's text form.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>Objects in a page.</summary>
    public int? Limit { get; init; }

    /// <summary>Token of the next page, from the previous one.</summary>
    public string? Continue { get; init; }

    /// <summary>Version the answer relates to; "0" accepts the server's cache.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>How it relates.</summary>
    public ResourceVersionMatch? ResourceVersionMatch { get; init; }
}

/// <summary>Where a watch starts and what it delivers.</summary>
public sealed record WatchOptions
{
    /// <summary>Label selector in the API's text form.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Field selector in the API's text form.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>Version after which changes are wanted.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Ask for the present objects first, ended by a bookmark (streaming list).</summary>
    public bool SendInitialEvents { get; init; }

    /// <summary>When the server should end the stream.</summary>
    public TimeSpan? Timeout { get; init; }
}

/// <summary>Options every write shares.</summary>
public record WriteOptions
{
    /// <summary>Subresource to write (<c>status</c>), null for the object itself.</summary>
    public string? Subresource { get; init; }

    /// <summary>Name under which the server records the fields written.</summary>
    public string? FieldManager { get; init; }

    /// <summary>Everything but the last step: validated and answered, not stored.</summary>
    public bool DryRun { get; init; }

    /// <summary>Treatment of unknown fields.</summary>
    public FieldValidation FieldValidation { get; init; } = FieldValidation.Strict;
}

/// <summary>Options of a server-side apply.</summary>
public sealed record ApplyOptions : WriteOptions
{
    /// <summary>Take fields over from other managers instead of answering a conflict.</summary>
    public bool Force { get; init; }
}

/// <summary>Options of a delete.</summary>
public sealed record DeleteOptions
{
    /// <summary>Delete only the object with this uid.</summary>
    public string? Uid { get; init; }

    /// <summary>Delete only when still at this version.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>What happens to dependents; the kind's default when absent.</summary>
    public DeletionPropagation? Propagation { get; init; }

    /// <summary>Seconds a pod may take to stop.</summary>
    public int? GracePeriodSeconds { get; init; }

    /// <summary>Answered, not done.</summary>
    public bool DryRun { get; init; }
}

/// <summary>Which log to read.</summary>
public sealed record LogOptions
{
    /// <summary>Container; may be absent when the pod has one.</summary>
    public string? Container { get; init; }

    /// <summary>Last lines only.</summary>
    public int? TailLines { get; init; }

    /// <summary>At most this many bytes.</summary>
    public int? LimitBytes { get; init; }

    /// <summary>The log of the container's previous run.</summary>
    public bool Previous { get; init; }

    /// <summary>Keep the stream open for new lines.</summary>
    public bool Follow { get; init; }
}
