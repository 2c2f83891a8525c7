using System.Diagnostics;
using LlmOperator.Inference.Redaction;
using LlmOperator.Inference.Tracing;

namespace LlmOperator.Gateway.Rag.Retrieval;

/// <summary>The spans of a request with retrieval, gathered while it runs.</summary>
/// <param name="root">The request's own span.</param>
/// <param name="capturesContent">Whether texts are kept.</param>
/// <param name="time">Clock.</param>
internal sealed class RagTrace(TraceContext root, bool capturesContent, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly List<RagSpan> _spans = [];

    /// <summary>The request's own span, which is finished by whoever began it.</summary>
    public RagSpan Root { get; } = new("rag", root, SpanKind.Server, capturesContent, time);

    /// <summary>Whether texts are kept.</summary>
    public bool CapturesContent { get; } = capturesContent;

    /// <summary>Begins a span.</summary>
    public RagSpan Begin(string name, TraceContext parent, SpanKind kind = SpanKind.Internal)
    {
        var span = new RagSpan(name, parent with { SpanId = ActivitySpanId.CreateRandom(), ParentSpanId = parent.SpanId }, kind, CapturesContent, time);
        lock (_gate)
        {
            _spans.Add(span);
        }

        return span;
    }

    /// <summary>The spans but the request's own, finished.</summary>
    /// <param name="redactor">Blots out texts.</param>
    /// <param name="common">What is told in every span.</param>
    public IReadOnlyList<Span> Finish(Redactor? redactor, IReadOnlyList<SpanAttribute> common)
    {
        lock (_gate)
        {
            return [.. _spans.Select(span => span.Finish(redactor, common))];
        }
    }
}

/// <summary>A span that is being made.</summary>
internal sealed class RagSpan(string name, TraceContext context, SpanKind kind, bool capturesContent, TimeProvider time) : IDisposable
{
    private const int LongestText = 64 << 10;
    private const string Input = "input.value";
    private const string Output = "output.value";

    private readonly Lock _gate = new();
    private readonly List<SpanAttribute> _attributes = [];
    private readonly List<(string Key, string Text)> _texts = [];
    private readonly long _began = Now(time);
    private long? _ended;
    private string? _error;

    /// <summary>Where it stands.</summary>
    public TraceContext Context { get; } = context;

    /// <summary>Tells something of it.</summary>
    public void Add(SpanAttribute attribute)
    {
        lock (_gate)
        {
            _attributes.Add(attribute);
        }
    }

    /// <summary>What went in.</summary>
    public void In(Func<string> text) => Text(Input, text);

    /// <summary>What came out.</summary>
    public void Out(Func<string> text) => Text(Output, text);

    /// <summary>Tells a text, if texts are kept.</summary>
    public void Text(string key, Func<string> text)
    {
        if (capturesContent)
        {
            var whole = text();
            lock (_gate)
            {
                _texts.Add((key, whole));
            }
        }
    }

    /// <summary>It failed. The first reason holds.</summary>
    public void Fail(string reason) => _error ??= reason;

    /// <summary>Ends it.</summary>
    public void Dispose() => _ended ??= Now(time);

    /// <summary>What was told of it.</summary>
    public IReadOnlyList<SpanAttribute> Attributes(Redactor? redactor)
    {
        lock (_gate)
        {
            return [.. _attributes, .. redactor is null ? [] : _texts.Select(one => SpanAttribute.Of(one.Key, Bounded(redactor.Redact(one.Text))))];
        }
    }

    public Span Finish(Redactor? redactor, IReadOnlyList<SpanAttribute> common) => new()
    {
        Context = Context,
        Name = name,
        Kind = kind,
        StartUnixNanoseconds = _began,
        EndUnixNanoseconds = _ended ?? Now(time),
        Attributes = [.. common, .. Attributes(redactor), .. _error is { } error ? [SpanAttribute.Of(GenAiNames.ErrorType, error)] : Array.Empty<SpanAttribute>()],
        Error = _error,
    };

    private static long Now(TimeProvider time) => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    /// <summary>The beginning of a text, without half a surrogate pair at its end.</summary>
    private static string Bounded(string text) => text.Length <= LongestText ? text : text[..(char.IsHighSurrogate(text[LongestText - 1]) ? LongestText - 1 : LongestText)];
}
