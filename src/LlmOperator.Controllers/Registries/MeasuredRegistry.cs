using System.Diagnostics.Metrics;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Registries;

/// <summary>Counts and times questions to registries: by kind of registry and by what came of them, never by model or address.</summary>
internal sealed class MeasuredRegistry(IModelRegistry registry, Meter meter, TimeProvider time) : IModelRegistry
{
    private readonly Counter<long> _requests = meter.CreateCounter<long>(
        "llm_operator_registry_requests_total", null, "Look-ups of models and adapters, by registry (HuggingFace, S3, OCI, PVC) and result: Resolved, the reason it failed for, or Skipped while the registry is left alone");

    private readonly Histogram<double> _duration = meter.CreateHistogram(
        "llm_operator_registry_request_duration_seconds",
        null,
        "Time a look-up of a model or adapter took, by registry",
        null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] });

    public async Task<RegistryReading> ReadAsync(RegistryQuery query, CancellationToken cancellationToken)
    {
        var kind = query.Source switch
        {
            { HuggingFace: not null } => "HuggingFace",
            { S3: not null } => "S3",
            { Oci: not null } => "OCI",
            _ => "PVC",
        };
        var started = time.GetTimestamp();
        var result = "Error";
        try
        {
            var reading = await registry.ReadAsync(query, cancellationToken).ConfigureAwait(false);
            result = reading.Problem?.Reason ?? RegistryReasons.Resolved;
            return reading;
        }
        catch (RegistryException fault)
        {
            result = fault.IsOfRest ? "Skipped" : fault.Reason;
            throw;
        }
        catch (OperationCanceledException)
        {
            result = "Cancelled";
            throw;
        }
        finally
        {
            _requests.Add(1, new("registry", kind), new KeyValuePair<string, object?>("result", result));
            if (result != "Skipped")
            {
                _duration.Record(time.GetElapsedTime(started).TotalSeconds, new KeyValuePair<string, object?>("registry", kind));
            }
        }
    }
}
