using System.Diagnostics.Metrics;

namespace LlmOperator.Gateway.Measuring;

/// <summary>The figures of retrieval.</summary>
internal sealed class RagMetrics
{
    private readonly Counter<long> _degradations;
    private readonly Counter<long> _ingested;
    private readonly Histogram<double> _steps;
    private readonly Histogram<long> _hits;

    /// <summary>Adds the instruments to a meter.</summary>
    /// <param name="meter">The meter.</param>
    public RagMetrics(Meter meter)
    {
        _degradations = meter.CreateCounter<long>("llm_gateway_rag_degradations_total", null, "Steps of retrieval that were left out because they failed, by step and reason");
        _ingested = meter.CreateCounter<long>("llm_gateway_rag_ingested_total", null, "Documents that were given to an index, by what became of them");
        _steps = meter.CreateHistogram("llm_gateway_rag_step_duration_seconds", null, "Time the steps of retrieval and generation took", null, new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384, 32.768],
        });
        _hits = meter.CreateHistogram("llm_gateway_rag_chunks", "{chunk}", "Distinct chunks that searches found for a request", null, new InstrumentAdvice<long> { HistogramBucketBoundaries = [0, 1, 2, 3, 6, 9, 18, 36, 72, 144, 288] });
    }

    public void Degraded(string step, string reason) => _degradations.Add(1, new("step", step), new("reason", reason));

    public void Ingested(string index, string result) => _ingested.Add(1, new("index", index), new("result", result));

    public void Took(string step, TimeSpan time) => _steps.Record(time.TotalSeconds, new KeyValuePair<string, object?>("step", step));

    public void Found(string endpoint, int chunks) => _hits.Record(chunks, new KeyValuePair<string, object?>("endpoint", endpoint));
}
