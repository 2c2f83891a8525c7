using System.Threading.Channels;
using LlmOperator.Inference.OpenAi;
using LlmOperator.Inference.Proxying;
using LlmOperator.Inference.Spooling;
using LlmOperator.Inference.Tracing;
using LlmOperator.PromptTrace.Configuration;
using LlmOperator.PromptTrace.Measuring;
using Microsoft.Extensions.Logging;

namespace LlmOperator.PromptTrace.Tracing;

/// <summary>
/// Makes figures and spans of requests after they have been answered, on a thread of its own, and puts the spans into the spools. Each request is announced to the spools before it is passed on,
/// so that it is accounted for whatever happens to the process.
/// </summary>
internal sealed partial class TraceRecorder
{
    private const int MostInHand = 4096;

    // Beyond these many a small one is told of by the thread that brings it, which slows it down rather than lets them pile up.
    private const int ManyInHand = 512;
    private const int SmallBytes = 16 << 10;

    // Being woken for each request would cost more than the span does. By the machine's clock, as it is a matter of processor time alone.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(10);
    private const long MostBytesInHand = 16L << 20;
    private const int MostBytesAtOnce = 64 << 10;

    private readonly SidecarOptions _options;
    private readonly IReadOnlyList<(Spool Spool, ITraceEncoding Encoding)> _spools;
    private readonly GenAiMetrics _metrics;
    private readonly Traffic _traffic;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SpanBuilder _builder;
    private readonly Sampler _sampler;
    private readonly Channel<Exchange> _ended = Channel.CreateBounded<Exchange>(new BoundedChannelOptions(MostInHand) { SingleReader = true });
    private readonly List<byte[]>[] _made;
    private int _bytesMade;
    private long _bytesInHand;

    public TraceRecorder(SidecarOptions options, IReadOnlyList<(Spool Spool, ITraceEncoding Encoding)> spools, GenAiMetrics metrics, Traffic traffic, TimeProvider time, ILogger logger)
    {
        (_options, _spools, _metrics, _traffic, _time, _logger) = (options, spools, metrics, traffic, time, logger);
        (_builder, _sampler) = (new(options), new(options.SampleRate));
        _made = [.. spools.Select(static _ => new List<byte[]>())];
    }

    /// <summary>A request has arrived.</summary>
    public Exchange Begin(string operation, string? traceparent)
    {
        var trace = TraceContext.Continue(traceparent);
        if (trace.ParentSpanId == default)
        {
            trace = trace with { IsSampled = _sampler.Keeps(trace.TraceId) };
        }

        foreach (var (spool, _) in _spools)
        {
            spool.Announce();
        }

        return new(operation, trace, _options.RequestBytes, _options.CaptureContent ? _options.ContentCharacters : 0, _traffic, _time);
    }

    /// <summary>A request has been answered; the rest happens elsewhere.</summary>
    public void End(Exchange exchange)
    {
        exchange.End();
        if (_ended.Reader.Count > ManyInHand && exchange.Held <= SmallBytes)
        {
            if (Process(exchange, withSpan: true) is { } encoded)
            {
                foreach (var (number, (spool, _)) in _spools.Index())
                {
                    spool.TryAdd(encoded[number]);
                }
            }

            return;
        }

        if (Interlocked.Add(ref _bytesInHand, exchange.Held) <= MostBytesInHand && _ended.Writer.TryWrite(exchange))
        {
            return;
        }

        // More ends than can be told of. Figures are made all the same, by whoever comes with too much.
        Interlocked.Add(ref _bytesInHand, -exchange.Held);
        Log.TooMany(_logger);
        _ = Process(exchange, withSpan: false);
    }

    /// <summary>Works until <see cref="Complete"/>, and then until nothing is left.</summary>
    public async Task RunAsync()
    {
        while (await _ended.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (_ended.Reader.TryRead(out var exchange))
            {
                var held = exchange.Held;
                Keep(Process(exchange, withSpan: true));
                Interlocked.Add(ref _bytesInHand, -held);
            }

            Write();
            if (!_ended.Reader.Completion.IsCompleted)
            {
                await Task.Delay(Gathering, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    /// <summary>No more come.</summary>
    public void Complete() => _ended.Writer.TryComplete();

    /// <summary>Makes the figures of a request, and its span.</summary>
    /// <returns>The span in the form of each spool; null when there is none, which has been counted.</returns>
    private byte[][]? Process(Exchange exchange, bool withSpan)
    {
        byte[][]? encoded = null;
        var isSampledOut = false;
        try
        {
            exchange.Finish();
            isSampledOut = exchange.Error is null && !_sampler.Keeps(exchange.Trace.TraceId);
            var isWanted = withSpan && !isSampledOut && _spools.Count > 0;
            var request = RequestSummary.Read(exchange.Request.Bytes, withInput: isWanted && _options.CaptureContent);
            _metrics.Record(exchange, request);
            encoded = isWanted ? Encode(_builder.Build(exchange, request)) : null;
        }
        catch (Exception error)
        {
            // Whatever a request or an answer has in it, the next one is served.
            Log.NotMade(_logger, error);
        }

        exchange.Dispose();
        if (encoded is not null)
        {
            return encoded;
        }

        foreach (var (spool, _) in _spools)
        {
            if (isSampledOut)
            {
                spool.CountSampledOut();
            }
            else
            {
                spool.CountDropped();
            }
        }

        return null;
    }

    /// <summary>Keeps a span until there are more: many cost hardly more to write than one.</summary>
    private void Keep(byte[][]? encoded)
    {
        if (encoded is null)
        {
            return;
        }

        foreach (var (number, record) in encoded.Index())
        {
            _made[number].Add(record);
            _bytesMade += record.Length;
        }

        if (_bytesMade > MostBytesAtOnce)
        {
            Write();
        }
    }

    private void Write()
    {
        foreach (var (number, (spool, _)) in _spools.Index())
        {
            if (_made[number].Count > 0)
            {
                spool.Add(_made[number]);
                _made[number].Clear();
            }
        }

        _bytesMade = 0;
    }

    /// <summary>The span in the form of each spool; spools with the same form share it.</summary>
    private byte[][] Encode(Span span)
    {
        var encoded = new byte[_spools.Count][];
        for (var i = 0; i < encoded.Length; i++)
        {
            for (var same = 0; same < i && encoded[i] is null; same++)
            {
                encoded[i] = _spools[same].Encoding.GetType() == _spools[i].Encoding.GetType() ? encoded[same] : encoded[i];
            }

            encoded[i] ??= _spools[i].Encoding.Encode(span);
        }

        return encoded;
    }

    private static partial class Log
    {
        [LoggerMessage(11, LogLevel.Error, "The trace of a request could not be made and is dropped")]
        public static partial void NotMade(ILogger logger, Exception error);

        [LoggerMessage(12, LogLevel.Debug, "More requests end than traces can be made; one is dropped")]
        public static partial void TooMany(ILogger logger);
    }
}
