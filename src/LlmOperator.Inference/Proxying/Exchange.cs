using System.Globalization;
using LlmOperator.Inference.OpenAi;
using LlmOperator.Inference.Tracing;

namespace LlmOperator.Inference.Proxying;

/// <summary>A request and its answer while they pass: what is noted on the way, so that the rest can be made of it afterwards.</summary>
public sealed class Exchange : IDisposable
{
    private readonly TimeProvider _time;
    private readonly Traffic _traffic;
    private readonly long _started;
    private AnswerBody? _answer;
    private bool _isWaiting = true;
    private bool _isStream;

    /// <summary>Begins with the arrival of the request.</summary>
    /// <param name="operation">What is asked for.</param>
    /// <param name="trace">Where it stands in its trace.</param>
    /// <param name="requestBytes">Most bytes of the request that are kept.</param>
    /// <param name="longestText">Most characters of the answer that are kept.</param>
    /// <param name="traffic">Counts it while it lasts.</param>
    /// <param name="time">Clock.</param>
    public Exchange(string operation, TraceContext trace, int requestBytes, int longestText, Traffic traffic, TimeProvider time)
    {
        (Operation, Trace, Request, Meter) = (operation, trace, new(requestBytes), new(longestText));
        (_traffic, _time, _started) = (traffic, time, time.GetTimestamp());
        StartedUnixNanoseconds = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        traffic.Began();
    }

    /// <summary>What is asked for.</summary>
    public string Operation { get; }

    /// <summary>Where it stands in its trace.</summary>
    public TraceContext Trace { get; }

    /// <summary>Beginning of the request's body.</summary>
    public BodyHead Request { get; }

    /// <summary>What the answer says.</summary>
    public AnswerMeter Meter { get; }

    /// <summary>When it arrived.</summary>
    public long StartedUnixNanoseconds { get; }

    /// <summary>Status of the answer; null when the engine gave none.</summary>
    public int? Status { get; private set; }

    /// <summary>Whether the answer came as a stream of events.</summary>
    public bool IsStream => _isStream;

    /// <summary>Until the first event of a stream.</summary>
    public TimeSpan? FirstChunk { get; private set; }

    /// <summary>Until the first piece of text of a stream.</summary>
    public TimeSpan? FirstToken { get; private set; }

    /// <summary>Until the last piece of text of a stream.</summary>
    public TimeSpan? LastToken { get; private set; }

    /// <summary>Until the end of the answer.</summary>
    public TimeSpan Duration { get; private set; }

    /// <summary>Why it failed; null when it did not.</summary>
    public string? Error { get; private set; }

    /// <summary>Memory that is held until the span is made, roughly.</summary>
    public int Held => 1024 + Request.Held + (Meter.KeptCharacters * sizeof(char));

    private bool IsIncomplete => _isStream && !Meter.IsDone && Meter.FinishReasons.Count == 0 && (Operation is Operations.Chat or Operations.TextCompletion);

    /// <summary>The request failed. The first reason holds.</summary>
    public void Fail(string error) => Error ??= error;

    /// <summary>The engine has begun to answer.</summary>
    public void Answered(HttpResponseMessage response)
    {
        ArgumentNullException.ThrowIfNull(response);
        Answered((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, response.Content.Headers.ContentEncoding.Count > 0);
    }

    /// <summary>The engine has begun to answer.</summary>
    /// <param name="status">Status.</param>
    /// <param name="contentType">Type of the body, as its header says it.</param>
    /// <param name="isEncoded">Whether the body is compressed.</param>
    public void Answered(int status, string? contentType, bool isEncoded)
    {
        Status = status;
        if (isEncoded)
        {
            return; // Compressed answers pass unread.
        }

        var type = contentType.AsSpan();
        type = type.IndexOf(';') is >= 0 and var parameters ? type[..parameters] : type;
        _isStream = type.Trim().Equals("text/event-stream", StringComparison.OrdinalIgnoreCase);
        _answer = _isStream ? new EventStream(this) : new WholeBody(Meter);
        if (_isStream)
        {
            _traffic.StreamBegan();
        }
    }

    /// <summary>A piece of the answer has been passed on.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_isWaiting)
        {
            _isWaiting = false;
            _traffic.FirstByte();
        }

        _answer?.Add(bytes);
    }

    /// <summary>The answer has ended.</summary>
    public void End()
    {
        Duration = _time.GetElapsedTime(_started);
        if (_isWaiting)
        {
            _traffic.FirstByte();
        }

        if (_isStream)
        {
            _traffic.StreamEnded();
        }

        _traffic.Ended();
    }

    /// <summary>Reads what was only kept so far. For afterwards, when nobody waits.</summary>
    public void Finish()
    {
        _answer?.End();
        Error ??= Status >= 400 ? Status.Value.ToString(CultureInfo.InvariantCulture)
            : Meter.ErrorType
            ?? (IsIncomplete ? ErrorTypes.IncompleteStream : null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Request.Dispose();
        (_answer as IDisposable)?.Dispose();
    }

    private void AddEvent(ReadOnlySpan<byte> data)
    {
        var now = _time.GetElapsedTime(_started);
        FirstChunk ??= now;
        if (Meter.AddEvent(data))
        {
            FirstToken ??= now;
            LastToken = now;
        }
    }

    /// <summary>Reads the events of a stream as they pass.</summary>
    private sealed class EventStream : AnswerBody, IDisposable
    {
        private readonly ServerSentEvents _events = new();
        private readonly ServerSentEvents.EventHandler _received;

        public EventStream(Exchange exchange) => _received = exchange.AddEvent;

        public override void Add(ReadOnlySpan<byte> bytes) => _events.Add(bytes, _received);

        public void Dispose() => _events.Dispose();
    }
}
