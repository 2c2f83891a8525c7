using LlmOperator.Api.Endpoints;

namespace LlmOperator.Planning.Engines;

/// <summary>The engines there are.</summary>
internal static class EngineTable
{
    private static readonly Dictionary<string, Engine> ByType = new Engine[]
    {
        VLlmEngine.Definition, TgiEngine.Definition, SGLangEngine.Definition, LlamaCppEngine.Definition, TeiEngine.Definition, CustomEngine.Definition,
    }.ToDictionary(engine => engine.Type, StringComparer.Ordinal);

    public static IReadOnlyCollection<Engine> All => ByType.Values;

    /// <summary>The engine of a spec. The schema lets no other type through.</summary>
    public static Engine Of(EngineSpec spec) =>
        ByType.TryGetValue(spec.Type, out var engine) ? engine : throw new ArgumentException($"engine type {spec.Type} is refused by the schema", nameof(spec));
}
