namespace LlmOperator.Inference.Tracing;

/// <summary>Who tells: the same for every span of a process.</summary>
/// <param name="Attributes">service.name and the like.</param>
/// <param name="ScopeName">Name of the instrumentation.</param>
/// <param name="ScopeVersion">Its version.</param>
public sealed record Resource(IReadOnlyList<SpanAttribute> Attributes, string ScopeName, string ScopeVersion)
{
    /// <summary>Version of the conventions the names are taken from.</summary>
    public const string SchemaUrl = "https://opentelemetry.io/schemas/1.41.0";
}
