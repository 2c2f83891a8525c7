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
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>What is defined.</summary>
    public CustomResourceDefinitionSpec? Spec { get; set; }

    /// <summary>What is served.</summary>
    public CustomResourceDefinitionStatus? Status { get; set; }
}

/// <summary>What a definition defines.</summary>
public sealed record CustomResourceDefinitionSpec
{
    /// <summary>API group.</summary>
    public required string Group { get; set; }

    /// <summary>Names.</summary>
    public required CustomResourceDefinitionNames Names { get; set; }

    /// <summary><c>Namespaced</c> or <c>Cluster</c>.</summary>
    public required string Scope { get; set; }

    /// <summary>Versions.</summary>
    public IReadOnlyList<CustomResourceDefinitionVersion>? Versions { get; set; }

    /// <summary>How versions are converted.</summary>
    public CustomResourceConversion? Conversion { get; set; }

    /// <summary>Keep unknown fields; must be false in v1.</summary>
    public bool? PreserveUnknownFields { get; set; }
}

/// <summary>Names of a kind.</summary>
public sealed record CustomResourceDefinitionNames
{
    /// <summary>Lower-case plural.</summary>
    public required string Plural { get; set; }

    /// <summary>Lower-case singular.</summary>
    public string? Singular { get; set; }

    /// <summary>CamelCase kind.</summary>
    public required string Kind { get; set; }

    /// <summary>Kind of its list.</summary>
    public string? ListKind { get; set; }

    /// <summary>Short names for the command line.</summary>
    public IReadOnlyList<string>? ShortNames { get; set; }

    /// <summary>Groups of kinds for the command line.</summary>
    public IReadOnlyList<string>? Categories { get; set; }
}

/// <summary>A version of a kind.</summary>
public sealed record CustomResourceDefinitionVersion
{
    /// <summary>Version, for example <c>v1alpha1</c>.</summary>
    public required string Name { get; set; }

    /// <summary>Whether it can be asked for.</summary>
    public bool? Served { get; set; }

    /// <summary>Whether it is the stored one.</summary>
    public bool? Storage { get; set; }

    /// <summary>Whether using it warns.</summary>
    public bool? Deprecated { get; set; }

    /// <summary>The warning.</summary>
    public string? DeprecationWarning { get; set; }

    /// <summary>Schema.</summary>
    public CustomResourceValidation? Schema { get; set; }

    /// <summary>Subresources.</summary>
    public CustomResourceSubresources? Subresources { get; set; }

    /// <summary>Columns of a table.</summary>
    public IReadOnlyList<CustomResourceColumnDefinition>? AdditionalPrinterColumns { get; set; }

    /// <summary>Fields that field selectors may name.</summary>
    public IReadOnlyList<SelectableField>? SelectableFields { get; set; }
}

/// <summary>Schema of a version.</summary>
public sealed record CustomResourceValidation
{
    /// <summary>Structural schema.</summary>
    [JsonPropertyName("openAPIV3Schema")]
    public JsonSchemaProps? OpenAPIV3Schema { get; set; }
}

/// <summary>Subresources of a version.</summary>
public sealed record CustomResourceSubresources
{
    /// <summary>Status is written apart.</summary>
    public CustomResourceSubresourceStatus? Status { get; set; }

    /// <summary>Replicas are written apart.</summary>
    public CustomResourceSubresourceScale? Scale { get; set; }
}

/// <summary>The status subresource; has no settings.</summary>
public sealed record CustomResourceSubresourceStatus
{
}

/// <summary>The scale subresource.</summary>
public sealed record CustomResourceSubresourceScale
{
    /// <summary>Path of the replicas wanted.</summary>
    public required string SpecReplicasPath { get; set; }

    /// <summary>Path of the replicas there are.</summary>
    public required string StatusReplicasPath { get; set; }

    /// <summary>Path of the selector.</summary>
    public string? LabelSelectorPath { get; set; }
}

/// <summary>A column of a table.</summary>
public sealed record CustomResourceColumnDefinition
{
    /// <summary>Heading.</summary>
    public required string Name { get; set; }

    /// <summary><c>string</c>, <c>integer</c>, <c>number</c>, <c>boolean</c> or <c>date</c>.</summary>
    public required string Type { get; set; }

    /// <summary>Value.</summary>
    public required string JsonPath { get; set; }

    /// <summary>Format of the type.</summary>
    public string? Format { get; set; }

    /// <summary>Meaning.</summary>
    public string? Description { get; set; }

    /// <summary>Above 0: only in the wide table.</summary>
    public int? Priority { get; set; }
}

/// <summary>A field that field selectors may name.</summary>
public sealed record SelectableField
{
    /// <summary>Path.</summary>
    public required string JsonPath { get; set; }
}

/// <summary>How versions are converted.</summary>
public sealed record CustomResourceConversion
{
    /// <summary><c>None</c> or <c>Webhook</c>.</summary>
    public required string Strategy { get; set; }

    /// <summary>The webhook.</summary>
    public WebhookConversion? Webhook { get; set; }
}

/// <summary>The webhook that converts versions.</summary>
public sealed record WebhookConversion
{
    /// <summary>Where it is.</summary>
    public WebhookClientConfig? ClientConfig { get; set; }

    /// <summary>Versions it speaks.</summary>
    public IReadOnlyList<string>? ConversionReviewVersions { get; set; }
}

/// <summary>Where a webhook is.</summary>
public sealed record WebhookClientConfig
{
    /// <summary>Its URL.</summary>
    public string? Url { get; set; }

    /// <summary>Its service instead.</summary>
    public ServiceReference? Service { get; set; }

    /// <summary>Authorities it is trusted by, base64 of PEM.</summary>
    public string? CaBundle { get; set; }
}

/// <summary>A service of a webhook.</summary>
public sealed record ServiceReference
{
    /// <summary>Namespace.</summary>
    public required string Namespace { get; set; }

    /// <summary>Name.</summary>
    public required string Name { get; set; }

    /// <summary>Path.</summary>
    public string? Path { get; set; }

    /// <summary>Port.</summary>
    public int? Port { get; set; }
}

/// <summary>What is served of a definition.</summary>
public sealed record CustomResourceDefinitionStatus
{
    /// <summary>Aspects of the state.</summary>
    public IReadOnlyList<CustomResourceDefinitionCondition>? Conditions { get; set; }

    /// <summary>Names that are served.</summary>
    public CustomResourceDefinitionNames? AcceptedNames { get; set; }

    /// <summary>Versions objects were ever stored in.</summary>
    public IReadOnlyList<string>? StoredVersions { get; set; }

    /// <summary>Generation the status speaks of.</summary>
    public long? ObservedGeneration { get; set; }
}

/// <summary>One aspect of a definition's state.</summary>
public sealed record CustomResourceDefinitionCondition : StatusCondition
{
    /// <summary>Generation the condition speaks of.</summary>
    public long? ObservedGeneration { get; set; }
}
