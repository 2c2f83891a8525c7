using LlmOperator.Api.Schema;

namespace LlmOperator.Api.Models;

/// <summary>A LoRA adapter as it was found.</summary>
public sealed record AdapterStatus
{
    /// <summary>Name clients ask for.</summary>
    [Length(63)]
    public required string Name { get; init; }

    /// <summary>Registry and name in one text.</summary>
    [Length(2048)]
    public string? Source { get; init; }

    /// <summary>Commit, digest or fingerprint it is held at.</summary>
    [Length(512)]
    public string? Revision { get; init; }

    /// <summary>Branch, tag or commit it was resolved from.</summary>
    [Length(512)]
    public string? ResolvedFrom { get; init; }

    /// <summary>Rank of the adapter.</summary>
    public int? Rank { get; init; }

    /// <summary>Bytes of its files.</summary>
    public long? Bytes { get; init; }

    /// <summary>Value of the annotation llmops.dev/refresh when it was resolved.</summary>
    [Length(256)]
    public string? Refresh { get; init; }
}
