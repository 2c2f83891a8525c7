using LlmOperator.Api.Schema;

namespace LlmOperator.Api.Endpoints;

/// <summary>How the gateway spreads requests over the pods of an endpoint. Changing it starts no pod anew.</summary>
public sealed record LoadBalancingSpec
{
    /// <summary>LeastLoad asks the pod with the fewest requests in flight. PrefixHash asks the same pod for prompts that begin alike, whose key-value cache it then has already, unless that pod is too busy.</summary>
    [AllowedValues(LoadBalancingStrategy.LeastLoad, LoadBalancingStrategy.PrefixHash)]
    [Default(LoadBalancingStrategy.LeastLoad)]
    public string Strategy { get; set; } = LoadBalancingStrategy.LeastLoad;

    /// <summary>Details of the strategy PrefixHash.</summary>
    public PrefixHashSpec? PrefixHash { get; init; }
}

/// <summary>Values of <see cref="LoadBalancingSpec.Strategy"/>.</summary>
public static class LoadBalancingStrategy
{
    /// <summary>The pod with the fewest requests in flight.</summary>
    public const string LeastLoad = "LeastLoad";

    /// <summary>The pod the beginning of the prompt is assigned to.</summary>
    public const string PrefixHash = "PrefixHash";
}

/// <summary>Consistent hashing of the beginning of prompts, with bounded load.</summary>
public sealed record PrefixHashSpec
{
    /// <summary>How busy a pod may be, in per cent of the mean over all pods, before the next one is asked.</summary>
    [Bounds(100, 10_000)]
    [Default(125)]
    public int MeanLoadFactor { get; set; } = 125;

    /// <summary>Places of each pod on the ring: more spread prompts more evenly.</summary>
    [Bounds(1, 1024)]
    [Default(256)]
    public int Replication { get; set; } = 256;

    /// <summary>Characters at the beginning of the prompt that decide.</summary>
    [Bounds(1, 4096)]
    [Default(100)]
    public int PrefixCharLength { get; set; } = 100;
}
