using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Webhooks the API server asks before it stores an object.</summary>
public sealed record ValidatingWebhookConfiguration : IKubeObject<ValidatingWebhookConfiguration>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", Namespaced: false);

    /// <inheritdoc/>
    public static JsonTypeInfo<ValidatingWebhookConfiguration> JsonTypeInfo => KubeJson.Default.ValidatingWebhookConfiguration;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; init; } = ObjectMeta.Empty;

    /// <summary>The webhooks; a list keyed by name.</summary>
    public IReadOnlyList<ValidatingWebhook>? Webhooks { get; init; }
}

/// <summary>One webhook: what it is asked about, and where.</summary>
public sealed record ValidatingWebhook
{
    /// <summary>Name, a domain name of at least three parts.</summary>
    public required string Name { get; init; }

    /// <summary>Where it is asked.</summary>
    public WebhookClientConfig? ClientConfig { get; init; }

    /// <summary>What it is asked about.</summary>
    public IReadOnlyList<WebhookRule>? Rules { get; init; }

    /// <summary><c>Fail</c> or <c>Ignore</c>: what holds when it does not answer.</summary>
    public string? FailurePolicy { get; init; }

    /// <summary><c>Exact</c> or <c>Equivalent</c>: whether it is also asked about the same object in another version.</summary>
    public string? MatchPolicy { get; init; }

    /// <summary>Namespaces whose objects it is asked about.</summary>
    public LabelSelector? NamespaceSelector { get; init; }

    /// <summary>Expressions that must all hold for it to be asked.</summary>
    public IReadOnlyList<WebhookMatchCondition>? MatchConditions { get; init; }

    /// <summary><c>None</c> for one that may be asked in a dry run.</summary>
    public string? SideEffects { get; init; }

    /// <summary>Seconds it is waited for.</summary>
    public int? TimeoutSeconds { get; init; }

    /// <summary>Versions of the review it understands.</summary>
    public IReadOnlyList<string>? AdmissionReviewVersions { get; init; }
}

/// <summary>Operations on resources.</summary>
public sealed record WebhookRule
{
    /// <summary>CREATE, UPDATE, DELETE, CONNECT or *.</summary>
    public required IReadOnlyList<string> Operations { get; init; }

    /// <summary>API groups.</summary>
    public required IReadOnlyList<string> ApiGroups { get; init; }

    /// <summary>Versions.</summary>
    public required IReadOnlyList<string> ApiVersions { get; init; }

    /// <summary>Plural names.</summary>
    public required IReadOnlyList<string> Resources { get; init; }

    /// <summary><c>Namespaced</c>, <c>Cluster</c> or <c>*</c>.</summary>
    public string? Scope { get; init; }
}

/// <summary>A named CEL expression over the request.</summary>
public sealed record WebhookMatchCondition
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Expression.</summary>
    public required string Expression { get; init; }
}
