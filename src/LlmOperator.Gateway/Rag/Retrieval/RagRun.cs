using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Measuring;

namespace LlmOperator.Gateway.Rag.Retrieval;

/// <summary>Something that was left out because it failed.</summary>
/// <param name="Step">The step.</param>
/// <param name="Reason">Why.</param>
internal readonly record struct Degradation(string Step, string Reason);

/// <summary>A request on its way through the steps of retrieval.</summary>
/// <param name="endpoint">The endpoint that answers it.</param>
/// <param name="facts">What the cluster said of it when the request came.</param>
/// <param name="trace">Its trace.</param>
/// <param name="metrics">Figures.</param>
internal sealed class RagRun(ServedEndpoint endpoint, EndpointFacts facts, RagTrace trace, RagMetrics metrics)
{
    private readonly Lock _gate = new();
    private readonly List<Degradation> _degradations = [];

    public ServedEndpoint Endpoint { get; } = endpoint;

    public EndpointFacts Facts { get; } = facts;

    public RagTrace Trace { get; } = trace;

    public RagMetrics Metrics { get; } = metrics;

    /// <summary>What was left out, each once.</summary>
    public IReadOnlyList<Degradation> Degradations
    {
        get
        {
            lock (_gate)
            {
                return [.. _degradations];
            }
        }
    }

    /// <summary>Something is left out.</summary>
    public void Degrade(string step, string reason)
    {
        var one = new Degradation(step, reason);
        lock (_gate)
        {
            if (_degradations.Contains(one))
            {
                return;
            }

            _degradations.Add(one);
        }

        Metrics.Degraded(step, reason);
    }
}
