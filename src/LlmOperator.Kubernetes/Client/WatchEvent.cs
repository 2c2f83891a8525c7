namespace LlmOperator.Kubernetes.Client;

/// <summary>What a watch event says happened.</summary>
public enum WatchEventType
{
    /// <summary>The object is new, or new to this watch's selector.</summary>
    Added,

    /// <summary>The object changed.</summary>
    Modified,

    /// <summary>The object is gone, or left the selector; it carries its last state.</summary>
    Deleted,

    /// <summary>No change: only the version up to which the watch has seen everything.</summary>
    Bookmark,
}

/// <summary>One event of a watch.</summary>
/// <param name="Type">What happened.</param>
/// <param name="Object">The object; null for a bookmark.</param>
/// <param name="ResourceVersion">Version to resume after.</param>
/// <param name="InitialEventsEnd">True on the bookmark that ends a streaming list.</param>
public readonly record struct WatchEvent<T>(WatchEventType Type, T? Object, string ResourceVersion, bool InitialEventsEnd = false)
    where T : class;

/// <summary>A page of a list.</summary>
/// <param name="Items">Objects.</param>
/// <param name="ResourceVersion">Version the list stands for; where a watch goes on.</param>
/// <param name="Continue">Token of the next page; null on the last.</param>
public sealed record ObjectList<T>(IReadOnlyList<T> Items, string ResourceVersion, string? Continue)
    where T : class;
