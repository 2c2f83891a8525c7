using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Admission;

/// <summary>What the engine's container may ask for, besides accelerators.</summary>
internal static class ResourceRules
{
    /// <summary>Reason of a problem with what is asked for.</summary>
    public const string Reason = "ResourcesInvalid";

    /// <summary>All rules that are broken.</summary>
    public static IEnumerable<SpecProblem> Check(EngineSpec? engine)
    {
        if (engine?.SharedMemory is { Sign: <= 0 } none)
        {
            yield return new(Reason, $"spec.engine.sharedMemory is {none} and must be more than nothing: set it to a size such as 2Gi, or leave it out");
        }

        var (requests, limits) = (engine?.Resources?.Requests, engine?.Resources?.Limits);
        foreach (var (field, amounts) in new[] { ("requests", requests), ("limits", limits) })
        {
            foreach (var (name, amount) in (amounts ?? Nothing).Where(entry => entry.Value.Sign < 0))
            {
                yield return new(Reason, $"spec.engine.resources.{field}.{name} is {amount} and must not be negative");
            }
        }

        foreach (var (name, request) in requests ?? Nothing)
        {
            if (limits?.TryGetValue(name, out var limit) == true && request > limit)
            {
                yield return new(Reason, $"spec.engine.resources.requests.{name} {request} is more than spec.engine.resources.limits.{name} {limit}: lower the one or raise the other");
            }
        }
    }

    /// <summary>Accelerators are asked for by count; a number that differs would be reckoned nowhere.</summary>
    public static SpecProblem? Accelerators(EndpointSettings settings)
    {
        var resource = settings.Accelerator.Resource;
        var given = settings.Engine.Resources;
        var differs = new[] { ("requests", given?.Requests), ("limits", given?.Limits) }
            .FirstOrDefault(amounts => amounts.Item2?.TryGetValue(resource, out var amount) == true && amount.Value != settings.AcceleratorCount);
        return differs.Item1 is { } field
            ? new(Reason, $"spec.engine.resources.{field}.{resource} differs from the {settings.AcceleratorCount} accelerators that a pod gets: remove it, and set spec.accelerator.count instead")
            : null;
    }

    private static IReadOnlyDictionary<string, Quantity> Nothing { get; } = new Dictionary<string, Quantity>();
}
