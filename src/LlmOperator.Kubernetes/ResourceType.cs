namespace LlmOperator.Kubernetes;

/// <summary>What the API server calls a kind: where its objects live and how they are named.</summary>
/// <param name="Group">API group, empty for the core group.</param>
/// <param name="Version">API version, for example <c>v1</c>.</param>
/// <param name="Kind">CamelCase kind, for example <c>Deployment</c>.</param>
/// <param name="Plural">Lower-case plural used in paths, for example <c>deployments</c>.</param>
/// <param name="Namespaced">Whether objects live in a namespace.</param>
public sealed record ResourceType(string Group, string Version, string Kind, string Plural, bool Namespaced)
{
    /// <summary><c>group/version</c>, or the version alone for the core group.</summary>
    public string ApiVersion { get; } = Group.Length == 0 ? Version : $"{Group}/{Version}";
}
