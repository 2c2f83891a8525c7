using System.Diagnostics.Metrics;
using System.Globalization;
using LlmOperator.Api.Endpoints;
using LlmOperator.Controllers.Caching;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning;

namespace LlmOperator.Controllers.Telemetry;

/// <summary>What is the case of every endpoint, for Prometheus. It is read from the cache at each scrape, so an endpoint that is gone has no series.</summary>
internal static class EndpointMetrics
{
    /// <summary>Adds the instruments to a meter.</summary>
    public static void AddTo(Meter meter, OperatorCaches caches)
    {
        meter.CreateObservableGauge(
            "llm_operator_endpoint_cost_per_hour", () => caches.AllEndpoints.SelectMany(Cost), null, "Price an hour of the replicas an endpoint has, by the accelerator catalogue");
        meter.CreateObservableGauge(
            "llm_operator_endpoint_ready", () => caches.AllEndpoints.Select(Ready), null, "Whether an endpoint is ready: 1 or 0");
        meter.CreateObservableGauge(
            "llm_operator_endpoint_replicas", () => caches.AllEndpoints.SelectMany(Replicas), null, "Replicas of an endpoint, by state: desired or ready");
    }

    private static IEnumerable<Measurement<double>> Cost(LlmEndpoint endpoint)
    {
        if (endpoint.Status is { Cost: { } cost, Accelerator: { } accelerator } && decimal.TryParse(cost.PerHour, NumberStyles.Number, CultureInfo.InvariantCulture, out var price))
        {
            yield return new((double)price, [.. Labels(endpoint), new("accelerator", accelerator.Type), new("currency", cost.Currency)]);
        }
    }

    private static Measurement<int> Ready(LlmEndpoint endpoint) => new(endpoint.Status?.Conditions.IsTrue(ConditionTypes.Ready) == true ? 1 : 0, Labels(endpoint));

    private static IEnumerable<Measurement<int>> Replicas(LlmEndpoint endpoint)
    {
        if (endpoint.Status is { } status)
        {
            yield return new(status.DesiredReplicas ?? 0, [.. Labels(endpoint), new("state", "desired")]);
            yield return new(status.ReadyReplicas ?? 0, [.. Labels(endpoint), new("state", "ready")]);
        }
    }

    private static KeyValuePair<string, object?>[] Labels(LlmEndpoint endpoint) => [new("namespace", endpoint.Metadata.Namespace), new("name", endpoint.Metadata.Name)];
}
