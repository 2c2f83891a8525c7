using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>How a list merges: as one value, by value, or by key.</summary>
internal enum ListType
{
    /// <summary>Owned and replaced as a whole.</summary>
    Atomic,

    /// <summary>Scalars, each owned by itself; no duplicates.</summary>
    Set,

    /// <summary>Objects told apart by <see cref="Schema.ListMapKeys"/>.</summary>
    Map,
}

/// <summary>
/// A structural schema: the one description of a value's shape from which pruning, defaulting, validation, field ownership,
/// merging, <c>kubectl explain</c> and the served OpenAPI all follow. Custom resources get theirs from the definition's
/// openAPIV3Schema, built-in kinds from the <c>.kinds</c> files. Graphs may be cyclic (a named type may hold itself).
/// </summary>
internal sealed class Schema
{
    /// <summary>Name under which OpenAPI refers to a shared type (<c>io.k8s.api.apps.v1.DeploymentSpec</c>); null inlines it.</summary>
    public string? TypeName { get; set; }

    /// <summary>object, array, string, integer, number, boolean; null for int-or-string and for any value.</summary>
    public string? Type { get; set; }

    /// <summary>OpenAPI format: int32, int64, double, byte, date-time, quantity …</summary>
    public string? Format { get; set; }

    /// <summary>Text for explain.</summary>
    public string? Description { get; set; }

    /// <summary>Title, carried for OpenAPI only.</summary>
    public string? Title { get; set; }

    /// <summary>Whether null is a value of its own (custom resources).</summary>
    public bool Nullable { get; set; }

    /// <summary>Declared fields, in declaration order.</summary>
    public OrderedDictionary<string, Schema> Properties { get; } = [];

    /// <summary>Fields that must be present.</summary>
    public List<string> Required { get; } = [];

    /// <summary>Schema of list elements.</summary>
    public Schema? Items { get; set; }

    /// <summary>Schema of the values of a string-keyed map.</summary>
    public Schema? AdditionalProperties { get; set; }

    /// <summary>Value filled in when the field is absent.</summary>
    public JsonNode? Default { get; set; }

    /// <summary>Allowed values, null when any.</summary>
    public List<JsonNode?>? Enum { get; set; }

    /// <summary>RE2-style pattern a string must match somewhere.</summary>
    public string? Pattern { get; set; }

    /// <summary>Lower bound of a number.</summary>
    public double? Minimum { get; set; }

    /// <summary>Whether the lower bound itself is excluded.</summary>
    public bool ExclusiveMinimum { get; set; }

    /// <summary>Upper bound of a number.</summary>
    public double? Maximum { get; set; }

    /// <summary>Whether the upper bound itself is excluded.</summary>
    public bool ExclusiveMaximum { get; set; }

    /// <summary>Divisor of a number.</summary>
    public double? MultipleOf { get; set; }

    /// <summary>Least length of a string, in code points.</summary>
    public long? MinLength { get; set; }

    /// <summary>Greatest length of a string, in code points.</summary>
    public long? MaxLength { get; set; }

    /// <summary>Least number of elements.</summary>
    public long? MinItems { get; set; }

    /// <summary>Greatest number of elements.</summary>
    public long? MaxItems { get; set; }

    /// <summary>Whether elements must differ.</summary>
    public bool UniqueItems { get; set; }

    /// <summary>Least number of fields.</summary>
    public long? MinProperties { get; set; }

    /// <summary>Greatest number of fields.</summary>
    public long? MaxProperties { get; set; }

    /// <summary>Value validations that must all hold.</summary>
    public List<Schema>? AllOf { get; set; }

    /// <summary>Value validations of which at least one must hold.</summary>
    public List<Schema>? AnyOf { get; set; }

    /// <summary>Value validations of which exactly one must hold.</summary>
    public List<Schema>? OneOf { get; set; }

    /// <summary>Value validation that must not hold.</summary>
    public Schema? Not { get; set; }

    /// <summary>x-kubernetes-preserve-unknown-fields: undeclared fields stay.</summary>
    public bool PreserveUnknownFields { get; set; }

    /// <summary>x-kubernetes-int-or-string.</summary>
    public bool IntOrString { get; set; }

    /// <summary>x-kubernetes-embedded-resource: apiVersion, kind and metadata are implied.</summary>
    public bool EmbeddedResource { get; set; }

    /// <summary>x-kubernetes-list-type.</summary>
    public ListType ListType { get; set; }

    /// <summary>Whether <see cref="ListType"/> was written out (OpenAPI serves only what was).</summary>
    public bool ListTypeDeclared { get; set; }

    /// <summary>x-kubernetes-list-map-keys.</summary>
    public List<string>? ListMapKeys { get; set; }

    /// <summary>x-kubernetes-map-type: atomic.</summary>
    public bool AtomicMap { get; set; }

    /// <summary>Strategic merge patch: key by which list elements are told apart; built-in kinds only.</summary>
    public string? PatchMergeKey { get; set; }

    /// <summary>Strategic merge patch: "merge", "replace", "retainKeys" or "merge,retainKeys"; built-in kinds only.</summary>
    public string? PatchStrategy { get; set; }

    /// <summary>x-kubernetes-validations, as written.</summary>
    public JsonArray? Validations { get; set; }
}
