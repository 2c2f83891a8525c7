using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Fit;

namespace LlmOperator.Planning.Endpoints;

/// <summary>An endpoint's spec with everything that was left open decided.</summary>
internal sealed record EndpointSettings
{
    public required LlmEndpoint Endpoint { get; init; }

    public required LlmEndpointSpec Spec { get; init; }

    public required LlmModel Model { get; init; }

    public required LlmModelSpec ModelSpec { get; init; }

    public required EngineSpec Engine { get; init; }

    public required AcceleratorClass Accelerator { get; init; }

    /// <summary>Accelerators of one pod.</summary>
    public required int AcceleratorCount { get; init; }

    /// <summary>Digest of what the operator chose the accelerators for; null where the spec names them.</summary>
    public string? AcceleratorBasis { get; init; }

    /// <summary>Whether the model fits on them.</summary>
    public required FitVerdict Fit { get; init; }

    public required int Tensor { get; init; }

    public required int Pipeline { get; init; }

    /// <summary>Copies of the model inside one pod, where it has more accelerators than one copy takes.</summary>
    public int DataInPod => AcceleratorCount / (Tensor * Pipeline);

    /// <summary>Pods wanted.</summary>
    public required int Pods { get; init; }

    /// <summary>Revision of the weights; null where the registry has none.</summary>
    public string? Revision => Model.Status?.ResolvedRevision ?? Models.ModelSources.Revision(ModelSpec.Source);
}
