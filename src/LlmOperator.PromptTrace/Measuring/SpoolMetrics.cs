using System.Diagnostics.Metrics;
using LlmOperator.Inference.Spooling;

namespace LlmOperator.PromptTrace.Measuring;

/// <summary>What became of the traces, by exporter: requests = exported + waiting + sampled out + dropped, at every reading and over restarts.</summary>
internal sealed class SpoolMetrics
{
    private readonly IReadOnlyList<(string Exporter, Spool Spool, SpoolDrain Drain)> _spools;
    private SpoolCounts[] _counts = [];

    public SpoolMetrics(Meter meter, IReadOnlyList<(string Exporter, Spool Spool, SpoolDrain Drain)> spools)
    {
        _spools = spools;
        Read();
        Counter("prompt_trace_spool_requests_total", "Requests a trace was to be made of", static counts => counts.Total + counts.Open);
        Counter("prompt_trace_spool_exported_total", "Traces the receiver has", static counts => counts.Exported);
        Counter("prompt_trace_spool_sampled_out_total", "Requests left out by sampling", static counts => counts.SampledOut);
        Counter("prompt_trace_spool_dropped_total", "Traces lost: no room, refused by the receiver for good, or the process was killed before the request's end", static counts => counts.Dropped);
        meter.CreateObservableGauge("prompt_trace_spool_waiting", () => Each(static counts => counts.Waiting + counts.Open), null, "Traces on disk, and requests that are still being answered");
        meter.CreateObservableGauge("prompt_trace_spool_bytes", () => spools.Select(one => new Measurement<long>(one.Spool.Bytes, Label(one.Exporter))), null, "Bytes on disk");
        meter.CreateObservableGauge("prompt_trace_exporter_up", () => spools.Select(one => new Measurement<int>(one.Drain.LastFailure is null ? 1 : 0, Label(one.Exporter))), null, "Whether the last attempt to send traces went well");

        void Counter(string name, string description, Func<SpoolCounts, long> value) => meter.CreateObservableCounter(name, () => Each(value), null, description);
    }

    /// <summary>Reads all figures at once, for the collection that follows: read one after another they would not add up.</summary>
    public void Read() => _counts = [.. _spools.Select(one => one.Spool.Counts)];

    private IEnumerable<Measurement<long>> Each(Func<SpoolCounts, long> value) => _spools.Zip(_counts, (one, counts) => new Measurement<long>(value(counts), Label(one.Exporter)));

    private static KeyValuePair<string, object?> Label(string exporter) => new("exporter", exporter);
}
