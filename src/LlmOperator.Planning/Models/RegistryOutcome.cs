using LlmOperator.Api.Models;

namespace LlmOperator.Planning.Models;

/// <summary>What came of asking a registry.</summary>
public sealed record RegistryOutcome
{
    /// <summary>The commit or digest the wanted revision stands for now; null when that could not be learnt.</summary>
    public string? Revision { get; init; }

    /// <summary>Whether the pinned revision was asked for, so that nothing was learnt of where the branch or tag is.</summary>
    public bool IsOfPin { get; init; }

    /// <summary>What the registry says of it; null when it was not read.</summary>
    public RegistryFacts? Facts { get; init; }

    /// <summary>What went wrong; null when nothing did.</summary>
    public RegistryProblem? Problem { get; init; }
}

/// <summary>What went wrong with a registry.</summary>
/// <param name="Reason">One of <see cref="RegistryReasons"/>.</param>
/// <param name="Message">What is the case and what to change. Never holds a secret.</param>
public sealed record RegistryProblem(string Reason, string Message);

/// <summary>Reasons of conditions that tell of a registry.</summary>
public static class RegistryReasons
{
    /// <summary>It was asked and has answered.</summary>
    public const string Resolved = "Resolved";

    /// <summary>There is no such model, or it is hidden from us.</summary>
    public const string ModelNotFound = "ModelNotFound";

    /// <summary>The model has no such branch, tag or commit.</summary>
    public const string RevisionNotFound = "RevisionNotFound";

    /// <summary>The model is there and we may not read it.</summary>
    public const string AccessDenied = "AccessDenied";

    /// <summary>The operator's own identity may not read the model. Pods may have another, so that this says nothing of the model.</summary>
    public const string OperatorAccessDenied = "OperatorAccessDenied";

    /// <summary>The registry does not accept the credentials.</summary>
    public const string InvalidToken = "InvalidToken";

    /// <summary>The Secret with the credentials, or its key, is missing.</summary>
    public const string TokenSecretNotFound = "TokenSecretNotFound";

    /// <summary>The operator may not read the Secret with the credentials.</summary>
    public const string TokenSecretForbidden = "TokenSecretForbidden";

    /// <summary>The model's configuration cannot be read.</summary>
    public const string MalformedConfig = "MalformedConfig";

    /// <summary>The registry does not answer.</summary>
    public const string RegistryUnavailable = "RegistryUnavailable";

    /// <summary>The registry asks for patience.</summary>
    public const string RateLimited = "RateLimited";

    /// <summary>The repository holds nothing that can be served.</summary>
    public const string UnsupportedRepository = "UnsupportedRepository";

    /// <summary>The persistent volume claim is missing.</summary>
    public const string ClaimNotFound = "ClaimNotFound";

    /// <summary>Whether it passes by itself.</summary>
    public static bool IsTransient(string? reason) => reason is RegistryUnavailable or RateLimited;

    /// <summary>Whether it tells that the operator could not ask, and nothing of the model: what is known or given stays true.</summary>
    public static bool SaysNothing(string? reason) => IsTransient(reason) || reason is OperatorAccessDenied or TokenSecretForbidden;
}
