using LlmOperator.Api.Schema;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Api.Models;

/// <summary>A model as it was found.</summary>
public sealed record LlmModelStatus
{
    /// <summary>Generation of the spec this status is about.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Registry and name in one text, for example hf://mlabonne/TwinLlama-3.1-8B-DPO.</summary>
    [Length(2048)]
    public string? Source { get; init; }

    /// <summary>Revision served: a commit once a registry has resolved it, the revision of the spec until then.</summary>
    [Length(512)]
    public string? ResolvedRevision { get; init; }

    /// <summary>Branch, tag or commit of the spec that the revision served was resolved from.</summary>
    [Length(512)]
    public string? ResolvedFrom { get; init; }

    /// <summary>What the registry says of the revision served, as it was read last.</summary>
    public RegistryFacts? Registry { get; init; }

    /// <summary>Number of parameters in short form, for people.</summary>
    [Length(32)]
    public string? Parameters { get; init; }

    /// <summary>Number of parameters.</summary>
    public long? ParameterCount { get; init; }

    /// <summary>Class name of the architecture.</summary>
    [Length(128)]
    public string? Architecture { get; init; }

    /// <summary>Bits a weight takes on the GPU after quantisation.</summary>
    public double? BitsPerWeight { get; init; }

    /// <summary>Bytes of all weights on the GPU after quantisation.</summary>
    public long? WeightsBytes { get; init; }

    /// <summary>Bytes of key-value cache a token of context takes.</summary>
    public long? KvBytesPerToken { get; init; }

    /// <summary>Longest context, in tokens.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Facts that were given in the spec rather than read from the registry.</summary>
    [Atomic]
    [Count(32)]
    [Length(64)]
    public IReadOnlyList<string>? GivenFacts { get; init; }

    /// <summary>Licence.</summary>
    [Length(128)]
    public string? License { get; init; }

    /// <summary>LoRA adapters as they were found.</summary>
    [ListMap("name")]
    [Count(64)]
    public IReadOnlyList<AdapterStatus>? Adapters { get; init; }

    /// <summary>Bytes in the cache.</summary>
    public long? CachedBytes { get; init; }

    /// <summary>The cache, where the spec asks for one.</summary>
    public CacheStatus? Cache { get; init; }

    /// <summary>LlmEndpoints of the namespace that name this model.</summary>
    [Atomic]
    [Count(1000)]
    [Length(253)]
    public IReadOnlyList<string>? UsedBy { get; init; }

    /// <summary>What is the case: Ready; RegistryReachable; UpdateAvailable when the branch or tag has moved on; InUse while the model's deletion waits for endpoints.</summary>
    [ListMap("type")]
    [Count(32)]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}
