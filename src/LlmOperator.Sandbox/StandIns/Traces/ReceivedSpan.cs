namespace LlmOperator.Sandbox.StandIns.Traces;

/// <summary>A span as it was received.</summary>
public sealed record ReceivedSpan
{
    /// <summary>Trace, 32 hexadecimal digits.</summary>
    public required string TraceId { get; init; }

    /// <summary>Span, 16 hexadecimal digits.</summary>
    public required string SpanId { get; init; }

    /// <summary>The span it was made by; empty when it is the first.</summary>
    public string ParentSpanId { get; init; } = "";

    /// <summary>Service that made it.</summary>
    public string Service { get; init; } = "";

    /// <summary>Name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Kind, in OTLP's numbers: 1 internal, 2 server, 3 client.</summary>
    public int Kind { get; init; }

    /// <summary>Start, in nanoseconds since 1970.</summary>
    public long Start { get; init; }

    /// <summary>End, in nanoseconds since 1970.</summary>
    public long End { get; init; }

    /// <summary>What is told of it, values as text.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Attributes { get; init; } = [];

    /// <summary>What happened within it: name and moment.</summary>
    public IReadOnlyList<(string Name, long Time)> Events { get; init; } = [];

    /// <summary>Whether it failed.</summary>
    public bool IsError { get; init; }

    /// <summary>Why it failed; empty when not told.</summary>
    public string Error { get; init; } = "";

    /// <summary>A value of <see cref="Attributes"/>; null when there is none of the name.</summary>
    /// <param name="name">Name.</param>
    public string? Attribute(string name) => Attributes.FirstOrDefault(attribute => attribute.Key == name).Value;

    /// <summary>About how much memory it takes.</summary>
    internal long Size => 400 + (2L * (Name.Length + Error.Length + Service.Length + Attributes.Sum(attribute => attribute.Key.Length + attribute.Value.Length + 32) + Events.Sum(each => each.Name.Length + 32)));
}
