using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOperator.Controllers.Webhooks;

/// <summary>admission.k8s.io/v1 AdmissionReview: the API server's question, and our answer in the same envelope.</summary>
internal sealed record AdmissionReview
{
    public const string Version = "admission.k8s.io/v1";

    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public AdmissionRequest? Request { get; init; }

    public AdmissionResponse? Response { get; init; }
}

/// <summary>What is to be stored or deleted.</summary>
internal sealed record AdmissionRequest
{
    public string? Uid { get; init; }

    public GroupVersionKind? Kind { get; init; }

    public string? SubResource { get; init; }

    public string? Name { get; init; }

    public string? Namespace { get; init; }

    public string? Operation { get; init; }

    public AdmissionUser? UserInfo { get; init; }

    /// <summary>The object as it would be; null for a deletion.</summary>
    public JsonElement? Object { get; init; }

    /// <summary>The object as it is; null for a creation.</summary>
    public JsonElement? OldObject { get; init; }

    public bool? DryRun { get; init; }
}

internal sealed record GroupVersionKind
{
    public string? Group { get; init; }

    public string? Version { get; init; }

    public string? Kind { get; init; }
}

internal sealed record AdmissionUser
{
    public string? Username { get; init; }
}

/// <summary>Whether it may be.</summary>
internal sealed record AdmissionResponse
{
    public required string Uid { get; init; }

    public required bool Allowed { get; init; }

    public AdmissionStatus? Status { get; init; }

    public IReadOnlyList<string>? Warnings { get; init; }
}

/// <summary>metav1.Status of a refusal.</summary>
internal sealed record AdmissionStatus
{
    public string Status { get; init; } = "Failure";

    public int Code { get; init; }

    public string? Reason { get; init; }

    public string? Message { get; init; }

    public AdmissionDetails? Details { get; init; }
}

internal sealed record AdmissionDetails
{
    public string? Name { get; init; }

    public string? Group { get; init; }

    public string? Kind { get; init; }

    public IReadOnlyList<AdmissionCause>? Causes { get; init; }
}

internal sealed record AdmissionCause(string Reason, string Message, string Field);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AdmissionReview))]
internal sealed partial class AdmissionReviewJson : JsonSerializerContext;
