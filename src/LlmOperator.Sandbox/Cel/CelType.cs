namespace LlmOperator.Sandbox.Cel;

/// <summary>What sort of type.</summary>
internal enum CelKind
{
    /// <summary>Any value; checked when evaluated.</summary>
    Dyn,

    /// <summary>An expression that could not be typed.</summary>
    Error,

    /// <summary>Type variable of a declaration.</summary>
    Parameter,

    /// <summary>Boolean.</summary>
    Bool,

    /// <summary>64-bit integer.</summary>
    Int,

    /// <summary>64-bit unsigned integer.</summary>
    Uint,

    /// <summary>64-bit floating point.</summary>
    Double,

    /// <summary>Text.</summary>
    String,

    /// <summary>Bytes.</summary>
    Bytes,

    /// <summary>Null.</summary>
    Null,

    /// <summary>Span of time.</summary>
    Duration,

    /// <summary>Point in time.</summary>
    Timestamp,

    /// <summary>List.</summary>
    List,

    /// <summary>Map.</summary>
    Map,

    /// <summary>Object with declared fields.</summary>
    Object,

    /// <summary>A type as a value.</summary>
    Type,

    /// <summary>A value that may be absent.</summary>
    Optional,

    /// <summary>A type of a library: quantity, URL …</summary>
    Opaque,
}

/// <summary>A type of the expression language. Those made of a schema also know how large a value can be, for the estimate of costs.</summary>
internal sealed class CelType
{
    private CelType(CelKind kind, string name, params CelType[] parameters)
    {
        Kind = kind;
        Name = name;
        Parameters = parameters;
    }

    /// <summary>Any value.</summary>
    public static CelType Dyn { get; } = new(CelKind.Dyn, "dyn");

    /// <summary>Not typed.</summary>
    public static CelType Error { get; } = new(CelKind.Error, "!error!");

    /// <summary>Boolean.</summary>
    public static CelType Bool { get; } = new(CelKind.Bool, "bool");

    /// <summary>Integer.</summary>
    public static CelType Int { get; } = new(CelKind.Int, "int");

    /// <summary>Unsigned integer.</summary>
    public static CelType Uint { get; } = new(CelKind.Uint, "uint");

    /// <summary>Floating point.</summary>
    public static CelType Double { get; } = new(CelKind.Double, "double");

    /// <summary>Text.</summary>
    public static CelType String { get; } = new(CelKind.String, "string");

    /// <summary>Bytes.</summary>
    public static CelType Bytes { get; } = new(CelKind.Bytes, "bytes");

    /// <summary>Null.</summary>
    public static CelType Null { get; } = new(CelKind.Null, "null");

    /// <summary>Span of time.</summary>
    public static CelType Duration { get; } = new(CelKind.Duration, "duration");

    /// <summary>Point in time.</summary>
    public static CelType Timestamp { get; } = new(CelKind.Timestamp, "timestamp");

    /// <summary>Sort.</summary>
    public CelKind Kind { get; }

    /// <summary>Name of a library's type, an object's type or a type variable.</summary>
    public string Name { get; }

    /// <summary>Element; key and value; type of a type.</summary>
    public IReadOnlyList<CelType> Parameters { get; }

    /// <summary>Fields of an object by the name expressions use.</summary>
    public IReadOnlyDictionary<string, CelField> Fields { get; init; } = new Dictionary<string, CelField>();

    /// <summary>Most characters, elements or entries a value can have; of a schema's types only.</summary>
    public ulong MaxElements { get; init; }

    /// <summary>Bytes the smallest value takes in JSON.</summary>
    public long MinSize { get; init; }

    /// <summary>Whether null is a value.</summary>
    public bool Nullable { get; init; }

    /// <summary>Keys by which items of a list are told apart, when its items are.</summary>
    public IReadOnlyList<string>? MapKeys { get; init; }

    /// <summary>Whether the items of a list are a set.</summary>
    public bool IsSet { get; init; }

    /// <summary>A list.</summary>
    public static CelType ListOf(CelType element) => new(CelKind.List, "list", element);

    /// <summary>A map.</summary>
    public static CelType MapOf(CelType key, CelType value) => new(CelKind.Map, "map", key, value);

    /// <summary>A type as a value.</summary>
    public static CelType TypeOf(CelType type) => new(CelKind.Type, "type", type);

    /// <summary>An optional value.</summary>
    public static CelType OptionalOf(CelType type) => new(CelKind.Optional, "optional_type", type);

    /// <summary>A library's type.</summary>
    public static CelType Opaque(string name) => new(CelKind.Opaque, name);

    /// <summary>A type variable.</summary>
    public static CelType Parameter(string name) => new(CelKind.Parameter, name);

    /// <summary>A list of a schema.</summary>
    public static CelType List(CelType element, ulong maxElements, IReadOnlyList<string>? keys, bool set, bool nullable) =>
        new(CelKind.List, "list", element) { MaxElements = maxElements, MinSize = 2, MapKeys = keys, IsSet = set, Nullable = nullable };

    /// <summary>A map of a schema.</summary>
    public static CelType Map(CelType value, ulong maxElements, bool nullable) =>
        new(CelKind.Map, "map", String, value) { MaxElements = maxElements, MinSize = 2, Nullable = nullable };

    /// <summary>An object of a schema.</summary>
    public static CelType Object(IReadOnlyDictionary<string, CelField> fields, long minSize, bool nullable) =>
        new(CelKind.Object, "object") { Fields = fields, MinSize = minSize, Nullable = nullable };

    /// <summary>A scalar of a schema.</summary>
    public static CelType Scalar(CelType type, ulong maxElements, long minSize, bool nullable) =>
        new(type.Kind, type.Name) { MaxElements = maxElements, MinSize = minSize, Nullable = nullable };

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        CelKind.Null => "null",
        CelKind.Duration => "google.protobuf.Duration",
        CelKind.Timestamp => "google.protobuf.Timestamp",
        _ when Parameters.Count > 0 => $"{Name}({string.Join(", ", Parameters)})",
        _ => Name,
    };
}

/// <summary>A field of an object.</summary>
/// <param name="Name">Name in JSON.</param>
/// <param name="Type">Type of its value.</param>
internal sealed record CelField(string Name, CelType Type);
