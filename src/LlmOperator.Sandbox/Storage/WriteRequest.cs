using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Admission;

namespace LlmOperator.Sandbox.Storage;

/// <summary>Who writes, where, and how far.</summary>
/// <param name="Manager">Name under which the fields are recorded.</param>
internal sealed record WriteRequest(string Manager)
{
    /// <summary>Null for the object itself, else <c>status</c>, <c>scale</c>, <c>finalize</c> …</summary>
    public string? Subresource { get; init; }

    /// <summary>Whether this is a POST: the object cannot have a version yet.</summary>
    public bool IsNew { get; init; }

    /// <summary>Whether the new state was made by patching the present one.</summary>
    public bool IsPatch { get; init; }

    /// <summary>Everything but the commit.</summary>
    public bool DryRun { get; init; }

    /// <summary>Treatment of unknown and duplicate fields.</summary>
    public FieldValidation FieldValidation { get; init; } = FieldValidation.Warn;

    /// <summary>Who writes, as webhooks are told.</summary>
    public AdmissionUser User { get; init; } = AdmissionUser.Administrator;

    /// <summary>A write of the API server's own: webhooks are not asked. Any write made with the store's lock held must be one.</summary>
    public bool Internal { get; init; }

    /// <summary>Texts to send along with the answer.</summary>
    public List<string> Warnings { get; } = [];
}
