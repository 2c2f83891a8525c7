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

    /// <summary>Pods, each on a node of its own, that share a copy of the model; 1 unless a copy takes more accelerators than a pod has.</summary>
    public int Nodes => Math.Max(Tensor * Pipeline / AcceleratorCount, 1);

    /// <summary>Copies of the model inside one pod, where it has more accelerators than one copy takes.</summary>
    public int DataInPod => Math.Max(AcceleratorCount / (Tensor * Pipeline), 1);

    /// <summary>Pods wanted; groups of pods where several share a copy of the model.</summary>
    public required int Pods { get; init; }

    /// <summary>What stands between clients and the engine.</summary>
    public DataPathOptions DataPath { get; init; } = new();

    /// <summary>What is loaded of the model's cache; null where it has none. A set that is whole goes on being loaded while the next one is fetched.</summary>
    public CachedWeights? Cached => ModelSpec.Cache is null ? null : Model.Status?.Cache?.Serving;

    /// <summary>Revision of the weights; null where the registry has none.</summary>
    public string? Revision => Cached?.Folder ?? Model.Status?.ResolvedRevision ?? Models.ModelSources.Revision(ModelSpec.Source);
}
