using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.RagIndexes;
using LlmOperator.Planning.Tracing;

namespace LlmOperator.Planning.Gateways;

/// <summary>
/// What a gateway may read, and nothing else: endpoints, their models, the indexes they retrieve from, their pods and the addresses of those; and by name alone the prompt templates, its API keys, those of the namespace's
/// Qdrants, the certificates of external ones, and the keys of exporters, helpers and external Qdrants. The last are in a role of their own: nobody can give rights they do not have, and whether the operator may read
/// the Secrets of a namespace is up to those who run it.
/// </summary>
internal static class GatewayRights
{
    private const string RbacGroup = "rbac.authorization.k8s.io";
    private static readonly string[] Read = ["get", "list", "watch"];

    public static Role Role(string ns, IReadOnlyList<LlmEndpoint> endpoints, IReadOnlyList<RagIndex> indexes)
    {
        var maps = ConfigMaps(endpoints, indexes);
        return new()
        {
            Metadata = GatewayObjects.Metadata(ns),
            Rules =
            [
                new() { ApiGroups = [ApiGroup.Name], Resources = [LlmEndpoint.Resource.Plural, LlmModel.Resource.Plural, RagIndex.Resource.Plural], Verbs = Read },
                new() { ApiGroups = [EndpointSlice.Resource.Group], Resources = [EndpointSlice.Resource.Plural], Verbs = Read },
                new() { ApiGroups = [""], Resources = [Pod.Resource.Plural], Verbs = Read },
                new() { ApiGroups = [""], Resources = [Secret.Resource.Plural], ResourceNames = [GatewayObjects.ApiKeys, QdrantNames.Keys], Verbs = Read },

                // No name at all would mean every ConfigMap.
                .. maps.Count > 0 ? [new() { ApiGroups = [""], Resources = [ConfigMap.Resource.Plural], ResourceNames = [.. maps], Verbs = Read }] : Array.Empty<PolicyRule>(),
            ],
        };
    }

    public static Role ExporterRole(string ns, IReadOnlySet<string> secrets) => new()
    {
        Metadata = GatewayObjects.Metadata(ns) with { Name = GatewayObjects.ExporterRights },
        Rules = [new() { ApiGroups = [""], Resources = [Secret.Resource.Plural], ResourceNames = [.. secrets], Verbs = Read }],
    };

    public static RoleBinding Binding(string ns, string role) => new()
    {
        Metadata = GatewayObjects.Metadata(ns) with { Name = role },
        RoleRef = new() { ApiGroup = RbacGroup, Kind = "Role", Name = role },
        Subjects = [new() { Kind = "ServiceAccount", Name = GatewayObjects.Name, Namespace = ns }],
    };

    /// <summary>Secrets with the keys of exporters, helpers and external Qdrants.</summary>
    public static IReadOnlySet<string> NamedSecrets(IReadOnlyList<LlmEndpoint> endpoints, IReadOnlyList<RagIndex> indexes) => new SortedSet<string>(
        endpoints.Select(endpoint => endpoint.Spec?.PromptTrace).Where(trace => trace is { Enabled: true }).SelectMany(trace => trace!.Exporters ?? []).SelectMany(TraceExporters.SecretNames)
            .Concat(endpoints.Select(endpoint => endpoint.Spec?.Rag?.Helper?.ApiKeySecretRef?.Name).OfType<string>())
            .Concat(indexes.SelectMany(SecretsOf)),
        StringComparer.Ordinal);

    /// <summary>ConfigMaps with prompt templates, and with the certificates of authorities of Qdrant servers.</summary>
    public static IReadOnlySet<string> ConfigMaps(IReadOnlyList<LlmEndpoint> endpoints, IReadOnlyList<RagIndex> indexes) => new SortedSet<string>(
        endpoints.Select(endpoint => endpoint.Spec?.Prompt?.TemplateRef?.Name).Concat(indexes.Select(index => index.Spec?.Qdrant.External?.Tls?.CaConfigMapRef?.Name)).OfType<string>(),
        StringComparer.Ordinal);

    private static IEnumerable<string> SecretsOf(RagIndex index) =>
        new[] { index.Spec?.Qdrant.External?.ApiKeySecretRef?.Name, index.Spec?.Qdrant.External?.Tls?.CaSecretRef?.Name }.OfType<string>();
}
