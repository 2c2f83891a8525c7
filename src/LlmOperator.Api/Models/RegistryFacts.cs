using LlmOperator.Api.Schema;

namespace LlmOperator.Api.Models;

/// <summary>What a registry says of a model at one revision. It stays in use while the registry cannot be asked.</summary>
public sealed record RegistryFacts
{
    /// <summary>Registry and name these facts are about.</summary>
    [Length(2048)]
    public string? Source { get; init; }

    /// <summary>Number of parameters.</summary>
    public long? Parameters { get; init; }

    /// <summary>Shape of the model.</summary>
    public ModelArchitecture? Architecture { get; init; }

    /// <summary>Bits a weight takes in the repository.</summary>
    public double? BitsPerWeight { get; init; }

    /// <summary>How the weights in the repository are quantised, for example awq; absent when they are not.</summary>
    [Length(64)]
    public string? QuantizationMethod { get; init; }

    /// <summary>Bytes of the weights in the repository, each counted once.</summary>
    public long? WeightsBytes { get; init; }

    /// <summary>Bytes of all files of the repository.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>Licence.</summary>
    [Length(128)]
    public string? License { get; init; }

    /// <summary>Whether access has to be asked for at the registry.</summary>
    public bool? Gated { get; init; }

    /// <summary>Value of the annotation llmops.dev/refresh when the revision was resolved.</summary>
    [Length(256)]
    public string? Refresh { get; init; }
}
