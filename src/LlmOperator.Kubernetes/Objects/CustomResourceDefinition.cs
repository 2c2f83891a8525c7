using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>A kind added to the API.</summary>
public sealed record CustomResourceDefinition : IKubeObject<CustomResourceDefinition>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", Namespaced: false);

    /// <inheritdoc/>
    public static JsonTypeInfo<CustomResourceDefinition> JsonTypeInfo => KubeJson.Default.CustomResourceDefinition;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; init; } = ObjectMeta.Empty;

    /// <summary>What is defined.</summary>
    public CustomResourceDefinitionSpec? Spec { get; init; }

    /// <summary>What is served.</summary>
    public CustomResourceDefinitionStatus? Status { get; init; }
}

/// <summary>What a definition defines.</summary>
public sealed record CustomResourceDefinitionSpec
{
    /// <summary>API group.</summary>
    public required string Group { get; init; }

    /// <summary>Names.</summary>
    public required CustomResourceDefinitionNames Names { get; init; }

    /// <summary><c>Namespaced</c> or <c>Cluster</c>.</summary>
    public required string Scope { get; init; }

    /// <summary>Versions.</summary>
    public IReadOnlyList<CustomResourceDefinitionVersion>? Versions { get; init; }

    /// <summary>How versions are converted.</summary>
    public CustomResourceConversion? Conversion { get; init; }

    /// <summary>Keep unknown fields; must be false in v1.</summary>
    public bool? PreserveUnknownFields { get; init; }
}

/// <summary>Names of a kind.</summary>
public sealed record CustomResourceDefinitionNames
{
    /// <summary>Lower-case plural.</summary>
    public required string Plural { get; init; }

    /// <summary>Lower-case singular.</summary>
    public string? Singular { get; init; }

    /// <summary>CamelCase kind.</summary>
    public required string Kind { get; init; }

    /// <summary>Kind of its list.</summary>
    public string? ListKind { get; init; }

    /// <summary>Short names for the command line.</summary>
    public IReadOnlyList<string>? ShortNames { get; init; }

    /// <summary>Groups of kinds for the command line.</summary>
    public IReadOnlyList<string>? Categories { get; init; }
}

/// <summary>A version of a kind.</summary>
public sealed record CustomResourceDefinitionVersion
{
    /// <summary>Version, for example <c>v1alpha1</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it can be asked for.</summary>
    public bool? Served { get; init; }

    /// <summary>Whether it is the stored one.</summary>
    public bool? Storage { get; init; }

    /// <summary>Whether using it warns.</summary>
    public bool? Deprecated { get; init; }

    /// <summary>The warning.</summary>
    public string? DeprecationWarning { get; init; }

    /// <summary>Schema.</summary>
    public CustomResourceValidation? Schema { get; init; }

    /// <summary>Subresources.</summary>
    public CustomResourceSubresources? Subresources { get; init; }

    /// <summary>Columns of a table.</summary>
    public IReadOnlyList<CustomResourceColumnDefinition>? AdditionalPrinterColumns { get; init; }

    /// <summary>Fields that field selectors may name.</summary>
    public IReadOnlyList<SelectableField>? SelectableFields { get; init; }
}

/// <summary>Schema of a version.</summary>
public sealed record CustomResourceValidation
{
    /// <summary>Structural schema.</summary>
    [JsonPropertyName("openAPIV3Schema")]
    public JsonSchemaProps? OpenAPIV3Schema { get; init; }
}

/// <summary>Subresources of a version.</summary>
public sealed record CustomResourceSubresources
{
    /// <summary>Status is written apart.</summary>
    public CustomResourceSubresourceStatus? Status { get; init; }

    /// <summary>Replicas are written apart.</summary>
    public CustomResourceSubresourceScale? Scale { get; init; }
}

/// <summary>The status subresource; has no settings.</summary>
public sealed record CustomResourceSubresourceStatus
{
}

/// <summary>The scale subresource.</summary>
public sealed record CustomResourceSubresourceScale
{
    /// <summary>Path of the replicas wanted.</summary>
    public required string SpecReplicasPath { get; init; }

    /// <summary>Path of the replicas there are.</summary>
    public required string StatusReplicasPath { get; init; }

    /// <summary>Path of the selector.</summary>
    public string? LabelSelectorPath { get; init; }
}

/// <summary>A column of a table.</summary>
public sealed record CustomResourceColumnDefinition
{
    /// <summary>Heading.</summary>
    public required string Name { get; init; }

    /// <summary><c>string</c>, <c>integer</c>, <c>number</c>, <c>boolean</c> or <c>date</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Value.</summary>
    public required string JsonPath { get; init; }

    /// <summary>Format of the type.</summary>
    public string? Format { get; init; }

    /// <summary>Meaning.</summary>
    public string? Description { get; init; }

    /// <summary>Above 0: only in the wide table.</summary>
    public int? Priority { get; init; }
}

/// <summary>A field that field selectors may name.</summary>
public sealed record SelectableField
{
    /// <summary>Path.</summary>
    public required string JsonPath { get; init; }
}

/// <summary>How versions are converted.</summary>
public sealed record CustomResourceConversion
{
    /// <summary><c>None</c> or <c>Webhook</c>.</summary>
    public required string Strategy { get; init; }

    /// <summary>The webhook.</summary>
    public WebhookConversion? Webhook { get; init; }
}

/// <summary>The webhook that converts versions.</summary>
public sealed record WebhookConversion
{
    /// <summary>Where it is.</summary>
    public WebhookClientConfig? ClientConfig { get; init; }

    /// <summary>Versions it speaks.</summary>
    public IReadOnlyList<string>? ConversionReviewVersions { get; init; }
}

/// <summary>Where a webhook is.</summary>
public sealed record WebhookClientConfig
{
    /// <summary>Its URL.</summary>
    public string? Url { get; init; }

    /// <summary>Its service instead.</summary>
    public ServiceReference? Service { get; init; }

    /// <summary>Authorities it is trusted by, base64 of PEM.</summary>
    public string? CaBundle { get; init; }
}

/// <summary>A service of a webhook.</summary>
public sealed record ServiceReference
{
    /// <summary>Namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Path.</summary>
    public string? Path { get; init; }

    /// <summary>Port.</summary>
    public int? Port { get; init; }
}

/// <summary>What is served of a definition.</summary>
public sealed record CustomResourceDefinitionStatus
{
    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<CustomResourceDefinitionCondition>? Conditions { get; init; }

    /// <summary>Names that are served.</summary>
    public CustomResourceDefinitionNames? AcceptedNames { get; init; }

    /// <summary>Versions objects were ever stored in.</summary>
    public IReadOnlyList<string>? StoredVersions { get; init; }

    /// <summary>Generation the status speaks of.</summary>
    public long? ObservedGeneration { get; init; }
}

/// <summary>One aspect of a definition's state.</summary>
public sealed record CustomResourceDefinitionCondition
{
    /// <summary><c>Established</c>, <c>NamesAccepted</c> ….</summary>
    public required string Type { get; init; }

    /// <summary><c>True</c>, <c>False</c> or <c>Unknown</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Machine word.</summary>
    public string? Reason { get; init; }

    /// <summary>Sentence for a person.</summary>
    public string? Message { get; init; }

    /// <summary>When the status last changed.</summary>
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? LastTransitionTime { get; init; }

    /// <summary>Generation the condition speaks of.</summary>
    public long? ObservedGeneration { get; init; }
}
