namespace LlmOperator.Controllers.Registries;

/// <summary>How the operator asks registries.</summary>
public sealed record RegistryOptions
{
    /// <summary>The hub itself.</summary>
    public static readonly Uri HuggingFace = new("https://huggingface.co");

    /// <summary>Where Hugging Face repositories lie that name no endpoint of their own: the hub, a mirror or a proxy of it.</summary>
    public Uri HuggingFaceEndpoint { get; init; } = HuggingFace;

    /// <summary>The mirror or proxy, as pods are told of it; null for the hub itself.</summary>
    internal string? MirrorOfHub => HuggingFaceEndpoint == HuggingFace ? null : HuggingFaceEndpoint.AbsoluteUri.TrimEnd('/');

    /// <summary>How often a registry is asked whether a branch or tag has moved, give or take a tenth.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Image of the operator, which the Jobs run that fetch models into their caches; the one of this version when null.</summary>
    public string? FetcherImage { get; init; }
}
