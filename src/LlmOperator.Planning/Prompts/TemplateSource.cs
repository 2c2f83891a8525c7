namespace LlmOperator.Planning.Prompts;

/// <summary>What a ConfigMap that an endpoint names says.</summary>
/// <param name="Data">Its texts; null when there is no such ConfigMap.</param>
public sealed record TemplateSource(IReadOnlyDictionary<string, string>? Data);
