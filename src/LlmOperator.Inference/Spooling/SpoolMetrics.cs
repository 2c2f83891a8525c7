using System.Diagnostics.Metrics;

namespace LlmOperator.Inference.Spooling;

/// <summary>What became of the traces, by exporter: requests = exported + waiting + sampled out + dropped, at every reading and over restarts.</summary>
public sealed class SpoolMetrics
{
    private readonly Func<IReadOnlyList<SpoolReading>> _spools;
    private IReadOnlyList<SpoolReading> _read = [];

    /// <summary>Adds the instruments to a meter.</summary>
    /// <param name="meter">The meter.</param>
    /// <param name="prefix">What their names begin with.</param>
    /// <param name="spools">Reads the spools.</param>
    public SpoolMetrics(Meter meter, string prefix, Func<IReadOnlyList<SpoolReading>> spools)
    {
        _spools = spools;
        Read();
        Counter("spool_requests_total", "Requests a trace was to be made of", static counts => counts.Total + counts.Open);
        Counter("spool_exported_total", "Traces the receiver has", static counts => counts.Exported);
        Counter("spool_sampled_out_total", "Requests left out by sampling", static counts => counts.SampledOut);
        Counter("spool_dropped_total", "Traces lost: no room, refused by the receiver for good, or the process was killed before the request's end", static counts => counts.Dropped);
        meter.CreateObservableGauge($"{prefix}_spool_waiting", () => Each(static counts => counts.Waiting + counts.Open), null, "Traces on disk, and requests that are still being answered");
        meter.CreateObservableGauge($"{prefix}_spool_bytes", () => _read.Select(one => new Measurement<long>(one.Bytes, Label(one.Exporter))), null, "Bytes on disk");
        meter.CreateObservableGauge($"{prefix}_exporter_up", () => _read.Select(one => new Measurement<int>(one.IsUp ? 1 : 0, Label(one.Exporter))), null, "Whether the last attempt to send traces went well");

        void Counter(string name, string description, Func<SpoolCounts, long> value) => meter.CreateObservableCounter($"{prefix}_{name}", () => Each(value), null, description);
    }

    /// <summary>Reads all figures at once, for the collection that follows: read one after another they would not add up.</summary>
    public void Read() => _read = _spools();

    private IEnumerable<Measurement<long>> Each(Func<SpoolCounts, long> value) => _read.Select(one => new Measurement<long>(value(one.Counts), Label(one.Exporter)));

    private static KeyValuePair<string, object?> Label(string exporter) => new("exporter", exporter);
}

/// <summary>A spool at a moment.</summary>
/// <param name="Exporter">Its exporter.</param>
/// <param name="Counts">What became of its records.</param>
/// <param name="Bytes">Bytes on disk.</param>
/// <param name="IsUp">Whether the last attempt to send went well.</param>
public readonly record struct SpoolReading(string Exporter, SpoolCounts Counts, long Bytes, bool IsUp)
{
    /// <summary>Reads a spool.</summary>
    public static SpoolReading Of(string exporter, Spool spool, SpoolDrain drain) => new(exporter, spool.Counts, spool.Bytes, drain.LastFailure is null);
}
