using LlmOperator.Api.Models;

namespace LlmOperator.Planning.Cache;

/// <summary>One folder a cache has to hold: a revision of the weights, or of an adapter.</summary>
public sealed record CacheItem
{
    /// <summary>Name of the adapter; null for the weights themselves.</summary>
    public string? Adapter { get; init; }

    /// <summary>Where it is fetched from.</summary>
    public required ModelSource Source { get; init; }

    /// <summary>Revision, resolved to what never changes: a commit or a digest.</summary>
    public required string Revision { get; init; }

    /// <summary>Bytes of its files; null when the registry does not say.</summary>
    public long? Bytes { get; init; }

    /// <summary>Folder in the cache. A revision names its content, so equal revisions share one.</summary>
    public string Folder => FolderOf(Revision);

    /// <summary>Folder of a revision: the revision itself, made fit for a path and for a label's value.</summary>
    public static string FolderOf(string revision)
    {
        var text = new string([.. revision.Where(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')]).Trim('.', '-', '_');
        return text.Length <= 63 ? text : text[..63];
    }
}
