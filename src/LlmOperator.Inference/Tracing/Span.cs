namespace LlmOperator.Inference.Tracing;

/// <summary>What a span is to the one it calls; the numbers are OTLP's.</summary>
public enum SpanKind
{
    /// <summary>Within a process.</summary>
    Internal = 1,

    /// <summary>Answers a request.</summary>
    Server = 2,

    /// <summary>Makes a request.</summary>
    Client = 3,
}

/// <summary>A finished span.</summary>
public sealed record Span
{
    /// <summary>Trace, span and parent.</summary>
    public required TraceContext Context { get; init; }

    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Kind.</summary>
    public SpanKind Kind { get; init; } = SpanKind.Internal;

    /// <summary>Start, in nanoseconds since 1970.</summary>
    public required long StartUnixNanoseconds { get; init; }

    /// <summary>End, in nanoseconds since 1970.</summary>
    public required long EndUnixNanoseconds { get; init; }

    /// <summary>What is told of it.</summary>
    public IReadOnlyList<SpanAttribute> Attributes { get; init; } = [];

    /// <summary>What happened within it.</summary>
    public IReadOnlyList<SpanEvent> Events { get; init; } = [];

    /// <summary>Why it failed; null when it did not.</summary>
    public string? Error { get; init; }
}

/// <summary>Something that happened within a span.</summary>
/// <param name="Name">Name.</param>
/// <param name="UnixNanoseconds">When, in nanoseconds since 1970.</param>
/// <param name="Attributes">What is told of it.</param>
public sealed record SpanEvent(string Name, long UnixNanoseconds, IReadOnlyList<SpanAttribute> Attributes);

/// <summary>A name and a value.</summary>
public readonly record struct SpanAttribute
{
    private SpanAttribute(string key, object value) => (Key, Value) = (key, value);

    /// <summary>Name.</summary>
    public string Key { get; }

    /// <summary>Value: a string, a long, a double, a bool, or a list of strings.</summary>
    public object Value { get; }

    /// <summary>A text.</summary>
    public static SpanAttribute Of(string key, string value) => new(key, value);

    /// <summary>A whole number.</summary>
    public static SpanAttribute Of(string key, long value) => new(key, value);

    /// <summary>A number.</summary>
    public static SpanAttribute Of(string key, double value) => new(key, value);

    /// <summary>Yes or no.</summary>
    public static SpanAttribute Of(string key, bool value) => new(key, value);

    /// <summary>Texts.</summary>
    public static SpanAttribute Of(string key, IReadOnlyCollection<string> values) => new(key, values);
}
