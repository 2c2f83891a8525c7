using LlmOperator.Api.Models;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Registries;

/// <summary>Where models lie, and what can be learnt of them without loading them.</summary>
internal interface IModelRegistry
{
    /// <summary>Finds what the wanted revision stands for now and, when asked for, reads the facts.</summary>
    /// <exception cref="RegistryException">It could not be read; the reason says whose fault that is.</exception>
    Task<RegistryReading> ReadAsync(RegistryQuery query, CancellationToken cancellationToken);
}

/// <summary>A question to a registry.</summary>
/// <param name="Source">The model's source; exactly one registry is set.</param>
/// <param name="Revision">Branch, tag or commit; null where the registry has none beside the source itself.</param>
/// <param name="Credentials">What to show the registry.</param>
internal sealed record RegistryQuery(ModelSource Source, string? Revision, RegistryCredentials Credentials)
{
    /// <summary>Namespace of the model.</summary>
    public string? Namespace { get; init; }

    /// <summary>Whether the facts are wanted, or the revision and the right to read it alone.</summary>
    public bool FactsWanted { get; init; } = true;

    /// <summary>Whether the source holds an adapter rather than a model.</summary>
    public bool IsAdapter { get; init; }

    /// <summary>Whether the files are wanted with their sizes and digests.</summary>
    public bool FilesWanted { get; init; }
}

/// <summary>A registry's answer.</summary>
/// <param name="Revision">Commit, digest or fingerprint of what lies there now; null where the registry knows no revisions.</param>
internal sealed record RegistryReading(string? Revision)
{
    /// <summary>Facts; null when they were not wanted.</summary>
    public RegistryFacts? Facts { get; init; }

    /// <summary>What the adapter's configuration says; null where the source holds a model, or cannot be read.</summary>
    public AdapterConfig? Adapter { get; init; }

    /// <summary>Files, as far as the registry lists them.</summary>
    public IReadOnlyList<RegistryFile> Files { get; init; } = [];

    /// <summary>What keeps the facts from being whole, though the revision is known; null when nothing does.</summary>
    public RegistryProblem? Problem { get; init; }
}

/// <summary>A registry that could not be read.</summary>
/// <param name="reason">One of <see cref="RegistryReasons"/>.</param>
/// <param name="message">What is the case, the field it comes from, and the fix. Never holds a secret, nor the user or the query of an address.</param>
/// <param name="isRetryable">Whether it may pass by itself.</param>
/// <param name="retryAfter">How long the registry asks to be left alone.</param>
/// <param name="inner">Cause.</param>
internal sealed class RegistryException(string reason, string message, bool isRetryable = false, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    public string Reason { get; } = reason;

    public bool IsRetryable { get; } = isRetryable;

    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>Whether nobody was asked, as the registry is left alone for a while.</summary>
    public bool IsOfRest => InnerException is RegistryException;

    public RegistryProblem Problem => new(Reason, Message);
}
