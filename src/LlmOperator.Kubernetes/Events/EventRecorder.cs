using System.Globalization;
using System.Text;
using System.Threading.Channels;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Telemetry;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Kubernetes.Events;

/// <summary>Who reports events.</summary>
public sealed record EventRecorderOptions
{
    /// <summary>Reporting controller, for example <c>example.com/operator</c>.</summary>
    public required string Controller { get; init; }

    /// <summary>Reporting process.</summary>
    public required string Instance { get; init; }

    /// <summary>Reports kept until they are written; more are dropped.</summary>
    public int Capacity { get; init; } = 1000;
}

/// <summary>
/// Reports what happened to objects as <c>events.k8s.io/v1</c>. Reporting never blocks and never fails: it fills a bounded queue that one writer empties.
/// Repetitions become a series on the first event.
/// </summary>
public sealed partial class EventRecorder
{
    // The API server's bounds.
    private const int MaxNote = 1024;
    private const int MaxWord = 128;
    private const int Attempts = 3;
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(2);

    private readonly IKubeClient _client;
    private readonly EventRecorderOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RuntimeMetrics? _metrics;
    private readonly EventCorrelator _correlator;
    private readonly Channel<EventReport> _reports;
    private long _lastName;

    /// <summary>Creates a recorder; it writes while <see cref="RunAsync"/> runs.</summary>
    public EventRecorder(IKubeClient client, EventRecorderOptions options, TimeProvider time, ILogger logger, RuntimeMetrics? metrics = null)
    {
        (_client, _options, _time, _logger, _metrics) = (client, options, time, logger, metrics);
        _correlator = new EventCorrelator(time);
        _reports = Channel.CreateBounded<EventReport>(new BoundedChannelOptions(options.Capacity) { SingleReader = true });
    }

    /// <summary>Something went as it should.</summary>
    /// <param name="regarding">The object it is about.</param>
    /// <param name="reason">Why, as a CamelCase word.</param>
    /// <param name="note">Text for people; cut at 1,024 bytes.</param>
    /// <param name="action">What was being done, as a CamelCase word.</param>
    /// <param name="related">A second object that has to do with it.</param>
    public void Normal(IKubeObject regarding, string reason, string note, string action = "Reconcile", IKubeObject? related = null)
        => Record("Normal", regarding, reason, note, action, related);

    /// <summary>Something is wrong. Parameters as for <see cref="Normal"/>.</summary>
    public void Warning(IKubeObject regarding, string reason, string note, string action = "Reconcile", IKubeObject? related = null)
        => Record("Warning", regarding, reason, note, action, related);

    /// <summary>Writes reports until cancelled, then what is left, for two seconds at most.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await _reports.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                while (!cancellationToken.IsCancellationRequested && _reports.Reader.TryRead(out var report))
                {
                    await WriteAsync(report, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }

        using var limit = new CancellationTokenSource(FlushLimit, _time);
        try
        {
            while (_reports.Reader.TryRead(out var report))
            {
                await WriteAsync(report, limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            Dropped("stopped");
        }
    }

    private void Record(string type, IKubeObject regarding, string reason, string note, string action, IKubeObject? related)
    {
        // Only the reference is kept: the queue must not hold whole objects.
        var report = new EventReport(type, Reference(regarding), related is null ? null : Reference(related), Cut(reason, MaxWord), Cut(action, MaxWord), note);
        if (!_reports.Writer.TryWrite(report))
        {
            Dropped("queue_full");
        }
    }

    private async Task WriteAsync(EventReport incoming, CancellationToken cancellationToken)
    {
        var (row, report, allowed) = _correlator.Correlate(incoming);
        if (!allowed)
        {
            Dropped("spam_filter");
            return;
        }

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (row.Written is null || !await TryRepeatAsync(row, cancellationToken).ConfigureAwait(false))
                {
                    var made = New(report);
                    await _client.CreateAsync(made, null, cancellationToken).ConfigureAwait(false);
                    row.Written = ObjectKey.Of(made);
                    row.Count = 1;
                }

                return;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception error)
            {
                if (attempt == Attempts || error is KubeApiException { Code: < System.Net.HttpStatusCode.InternalServerError } or Leadership.LeadershipLostException)
                {
                    Dropped("refused");
                    Log.NotWritten(_logger, report.Reason, report.Regarding.Kind, report.Regarding.Name, error.Message);
                    return;
                }
            }

            await Task.Delay(TimeSpan.FromSeconds(attempt), _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Counts one more on the event written before; false when that event is gone.</summary>
    private async Task<bool> TryRepeatAsync(EventRow row, CancellationToken cancellationToken)
    {
        var seen = _time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
        var patch = Encoding.UTF8.GetBytes($$$"""{"series":{"count":{{{row.Count}}},"lastObservedTime":"{{{seen}}}"}}""");
        try
        {
            await _client.PatchAsync<Event>(row.Written!.Value, Patch.Merge(patch), null, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (KubeApiException error) when (error.IsNotFound)
        {
            return false;
        }
    }

    private Event New(EventReport report)
    {
        // Names must be unique and end in something short; the object's own name in front is what people look for.
        _lastName = Math.Max(_lastName + 1, _time.GetUtcNow().Ticks);
        var name = report.Regarding.Name is { Length: > 230 } longName ? longName[..230].TrimEnd('.', '-') : report.Regarding.Name;
        return new Event
        {
            Metadata = new ObjectMeta { Namespace = report.Regarding.Namespace ?? "default", Name = $"{name}.{_lastName:x}" },
            EventTime = _time.GetUtcNow(),
            ReportingController = _options.Controller,
            ReportingInstance = Cut(_options.Instance, MaxWord),
            Type = report.Type,
            Reason = report.Reason,
            Action = report.Action,
            Regarding = report.Regarding,
            Related = report.Related,
            Note = Cut(report.Note, MaxNote),
        };
    }

    private static ObjectReference Reference(IKubeObject obj) => new()
    {
        ApiVersion = obj.ApiVersion,
        Kind = obj.Kind,
        Namespace = obj.Metadata.Namespace,
        Name = obj.Metadata.Name,
        Uid = obj.Metadata.Uid,
    };

    /// <summary>The server counts bytes of UTF-8; a character is never cut in two.</summary>
    private static string Cut(string text, int bytes)
    {
        if (text.Length * 3 <= bytes || Encoding.UTF8.GetByteCount(text) <= bytes)
        {
            return text;
        }

        var (length, left) = (0, bytes);
        foreach (var rune in text.EnumerateRunes())
        {
            if ((left -= rune.Utf8SequenceLength) < 0)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return text[..length];
    }

    private void Dropped(string reason) => _metrics?.EventsDropped.Add(1, new KeyValuePair<string, object?>("reason", reason));

    private static partial class Log
    {
        [LoggerMessage(50, LogLevel.Warning, "Event {Reason} of {Kind} {Name} could not be written: {Error}")]
        public static partial void NotWritten(ILogger logger, string reason, string? kind, string? name, string error);
    }
}
