using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Controllers.Registries;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Tests.Hold;

/// <summary>What a cluster holds in the end, as text to compare: all but what the API server gives at random.</summary>
internal static class Outcome
{
    public static string Of(OperatorFixture cluster) => string.Join(
        '\n',
        [
            .. All<Deployment>(cluster), .. All<Service>(cluster), .. All<PodDisruptionBudget>(cluster), .. All<NetworkPolicy>(cluster),
            .. cluster.Api.PeekAll<LlmEndpoint>().Select(endpoint => $"{endpoint.Metadata.Name} {Conditions(endpoint.Status?.Conditions)}"),
            .. cluster.Api.PeekAll<LlmModel>().Select(model => $"{model.Metadata.Name} {string.Join(',', model.Metadata.Finalizers ?? [])} {model.Status?.ResolvedRevision} {Conditions(model.Status?.Conditions)}"),
        ]);

    private static IEnumerable<string> All<T>(OperatorFixture cluster)
        where T : class, IKubeObject<T>
        => cluster.Api.PeekAll<T>().Select(item =>
        {
            var json = JsonSerializer.SerializeToNode(item, T.JsonTypeInfo)!.AsObject();
            var metadata = json["metadata"]!.AsObject();
            foreach (var name in (string[])["uid", "resourceVersion", "generation"])
            {
                metadata.Remove(name);
            }

            // The hash covers the owner's uid.
            metadata["annotations"]?.AsObject().Remove(ApiGroup.ContentHashAnnotation);
            foreach (var owner in metadata["ownerReferences"]?.AsArray() ?? [])
            {
                owner!.AsObject().Remove("uid");
            }

            json.Remove("status");
            return json.ToJsonString();
        }).Order(StringComparer.Ordinal);

    private static string Conditions(IReadOnlyList<Condition>? conditions) =>
        string.Join(' ', (conditions ?? []).Select(condition => $"{condition.Type}={condition.Status}/{condition.Reason}").Order(StringComparer.Ordinal));
}

/// <summary>A registry in which each revision is a commit of its own.</summary>
internal sealed class RevisionRegistry : IModelRegistry
{
    public Task<RegistryReading> ReadAsync(RegistryQuery query, CancellationToken cancellationToken) => Task.FromResult(
        new RegistryReading(Commit(query.Revision)) { Facts = new() { Source = ModelSources.Address(query.Source) } });

    public static string Commit(string? revision) => revision == "v2" ? new string('2', 40) : new string('1', 40);
}
