using System.Diagnostics.Metrics;
using System.Text;

namespace LlmOperator.Telemetry;

/// <summary>
/// Sums up what instruments record and writes it for Prometheus. Create it before the instruments are used: what was recorded earlier is not in it.
/// An instrument's name is its Prometheus name, unless it has dots, as OpenTelemetry's have: <c>a.b</c> in seconds becomes <c>a_b_seconds</c>.
/// </summary>
public sealed class MetricsRegistry : IDisposable
{
    /// <summary>Media type of what <see cref="WriteAsync"/> writes.</summary>
    public const string ContentType = PrometheusText.ContentType;

    private readonly MeterListener _listener = new();
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _collecting = new(1);

    /// <summary>Collects from the meters that pass; from all whose name begins with <c>LlmOperator</c> when null.</summary>
    public MetricsRegistry(Func<Meter, bool>? meters = null)
    {
        meters ??= static meter => meter.Name.StartsWith("LlmOperator", StringComparison.Ordinal);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (meters(instrument.Meter))
            {
                listener.EnableMeasurementEvents(instrument, FamilyOf(instrument));
            }
        };

        // Of an instrument that is disposed of while it is read, the family is known no more.
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => (family as MetricFamily)?.Record(value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, family) => (family as MetricFamily)?.Record(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => (family as MetricFamily)?.Record(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => (family as MetricFamily)?.Record(value, tags));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, family) => (family as MetricFamily)?.Record(value, tags));
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, family) => (family as MetricFamily)?.Record(value, tags));
        _listener.Start();
    }

    /// <summary>Writes the present values.</summary>
    public async Task WriteAsync(Stream output, CancellationToken cancellationToken = default)
        => await output.WriteAsync(Encoding.UTF8.GetBytes(await ReadAsync(cancellationToken).ConfigureAwait(false)), cancellationToken).ConfigureAwait(false);

    /// <summary>The present values as text.</summary>
    public async Task<string> ReadAsync(CancellationToken cancellationToken = default)
    {
        // Observed values are gathered anew for each reader; two readers at once would mix theirs.
        await _collecting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            MetricFamily[] families;
            lock (_gate)
            {
                families = [.. _families.Values];
            }

            Array.ForEach(families, family => family.BeginCollection());
            _listener.RecordObservableInstruments();
            var text = new StringBuilder(16 * 1024);
            Array.ForEach(families, family => family.Write(text));
            return text.ToString();
        }
        finally
        {
            _collecting.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _listener.Dispose();
        _collecting.Dispose();
    }

    private MetricFamily FamilyOf(Instrument instrument)
    {
        lock (_gate)
        {
            if (!_families.TryGetValue(instrument.Name, out var family))
            {
                _families.Add(instrument.Name, family = new MetricFamily(instrument));
            }

            return family;
        }
    }
}
