using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Controllers.Registries;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Planning.Models;
using Xunit;

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

    /// <summary>Lets the clock run until the cluster holds what is expected, and fails with what it holds when it never does.</summary>
    public static async Task ReachAsync(OperatorFixture cluster, string expected, string when)
    {
        for (var second = 0; second < 600 && Of(cluster) != expected; second++)
        {
            await PassAsync(cluster, seconds: 1);
        }

        var outcome = Of(cluster);
        Assert.True(outcome == expected, $"{when}:\n{outcome}\nexpected:\n{expected}");
    }

    /// <summary>Lets the clock run second by second, and all that it wakes run out.</summary>
    public static async Task PassAsync(OperatorFixture cluster, int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            cluster.Clock.Advance(TimeSpan.FromSeconds(1));
            for (var round = 0; round < 10; round++)
            {
                await Until.QuietAsync();
            }
        }
    }

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
