using LlmOperator.Api;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Planning;
using Xunit;

namespace LlmOperator.Controllers.Tests.Hold;

/// <summary>As <see cref="HandEditTests"/>, of what is not an endpoint's workload: a model's cache, a sidecar's configuration, and the identity of a gateway.</summary>
public sealed class HandEditOthersTests
{
    private const string Gateway = "llm-gateway";

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    [Fact]
    public async Task A_sidecars_configuration_that_is_deleted_is_made_again_and_cannot_be_edited()
    {
        await using var cluster = await ServeAsync(new());
        var configuration = Assert.Single(cluster.Api.PeekAll<ConfigMap>());
        Assert.True(configuration.Immutable);

        cluster.Api.Remove<ConfigMap>(configuration.Metadata.Name!);
        await Until.TrueAsync(() => cluster.Api.Peek<ConfigMap>(configuration.Metadata.Name!) is not null, "the configuration is back", cluster.Clock, Tick);

        Assert.Equal(configuration.Data!["config.json"], cluster.Api.Peek<ConfigMap>(configuration.Metadata.Name!)!.Data!["config.json"]);
        await RestAsync(cluster, "apply configmaps");
    }

    [Fact]
    public Task A_gateways_ServiceAccount() => TouchGatewayAsync<ServiceAccount>(
        account => account with { AutomountServiceAccountToken = true }, account => account.AutomountServiceAccountToken != true, (account, metadata) => account with { Metadata = metadata });

    [Fact]
    public Task A_gateways_Role() => TouchGatewayAsync<Role>(
        role => role with { Rules = [.. role.Rules!, new() { ApiGroups = [""], Resources = ["secrets"], Verbs = ["*"] }] },
        role => role.Rules!.All(rule => !rule.Verbs!.Contains("*")),
        (role, metadata) => role with { Metadata = metadata });

    [Fact]
    public Task A_gateways_RoleBinding() => TouchGatewayAsync<RoleBinding>(
        binding => binding with { Subjects = [new() { Kind = "ServiceAccount", Name = "other", Namespace = "default" }] },
        binding => binding.Subjects is [{ Name: Gateway }],
        (binding, metadata) => binding with { Metadata = metadata });

    [Fact]
    public async Task A_caches_volume_that_is_deleted_is_made_again_and_filled_again()
    {
        await using var cluster = await CacheAsync();
        var job = Assert.Single(cluster.Api.PeekAll<Job>());

        cluster.Api.Remove<PersistentVolumeClaim>("m-cache");
        await Until.TrueAsync(() => cluster.Api.Peek<PersistentVolumeClaim>("m-cache") is not null, "the claim is back", cluster.Clock, Tick);

        // What the Job before was to fill is gone.
        await Until.TrueAsync(
            () => cluster.Api.PeekAll<Job>() is [var next] && next.Metadata.Uid != job.Metadata.Uid, "the Job that fills it is another", cluster.Clock, TimeSpan.FromSeconds(1));
        await RestAsync(cluster, "apply persistentvolumeclaims");
    }

    [Fact]
    public async Task A_caches_volume_whose_labels_are_edited_is_put_right_and_what_others_add_is_left()
    {
        await using var cluster = await CacheAsync();
        var claim = cluster.Api.Peek<PersistentVolumeClaim>("m-cache")!;
        var labels = claim.Metadata.Labels!;

        cluster.Api.Put(claim with { Metadata = claim.Metadata with { Labels = labels.ToDictionary(label => label.Key, label => label.Key == ApiGroup.ModelLabel ? "other" : label.Value) } });
        await Until.TrueAsync(() => cluster.Api.Peek<PersistentVolumeClaim>("m-cache")!.Metadata.Labels![ApiGroup.ModelLabel] == "m", "the label is put right", cluster.Clock, Tick);
        await RestAsync(cluster, "apply persistentvolumeclaims");

        claim = cluster.Api.Peek<PersistentVolumeClaim>("m-cache")!;
        cluster.Api.Put(claim with { Metadata = claim.Metadata with { Annotations = new Dictionary<string, string>(claim.Metadata.Annotations!) { ["volume.kubernetes.io/selected-node"] = "n" } } });
        await Outcome.PassAsync(cluster, seconds: 60);
        Assert.Empty(cluster.Writes);
    }

    [Fact]
    public async Task A_caches_Job_that_is_deleted_is_made_again()
    {
        await using var cluster = await CacheAsync();
        var job = Assert.Single(cluster.Api.PeekAll<Job>());

        cluster.Api.Remove<Job>(job.Metadata.Name!);
        await Until.TrueAsync(() => cluster.Api.PeekAll<Job>().Count == 1, "the Job is back", cluster.Clock, Tick);

        Assert.Equal(job.Spec!.Template!.Spec!.Containers![0].Args!, cluster.Api.PeekAll<Job>()[0].Spec!.Template!.Spec!.Containers![0].Args!);
        await RestAsync(cluster, "apply jobs");
    }

    [Fact]
    public async Task In_a_namespace_that_goes_nothing_is_made_again()
    {
        await using var cluster = await ServeAsync(new());
        cluster.Api.Intercept = (request, _) => request is { Verb: "apply", Subresource: null }
            ? throw new Kubernetes.Client.KubeApiException(
                System.Net.HttpStatusCode.Forbidden, "Forbidden", "the namespace is being terminated", [new("NamespaceTerminating", "metadata.namespace", "namespace default is being terminated")])
            : Task.CompletedTask;

        cluster.Api.Remove<Service>("twin");
        cluster.Api.Remove<Deployment>(Gateway);
        await Outcome.PassAsync(cluster, seconds: 30);

        // Whoever tried once has understood, and says nothing of it.
        Assert.InRange(cluster.Writes.Count(write => write.StartsWith("apply", StringComparison.Ordinal) && !write.Contains("/status", StringComparison.Ordinal)), 1, 6);
        Assert.DoesNotContain(cluster.Log.Lines, line => line.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
    }

    private static async Task TouchGatewayAsync<T>(Func<T, T> spoil, Func<T, bool> isRight, Func<T, ObjectMeta, T> withMetadata)
        where T : class, IKubeObject<T>
    {
        await using var cluster = await ServeAsync(new());
        T Live() => cluster.Api.Peek<T>(Gateway)!;
        var write = $"apply {T.Resource.Plural}";

        Assert.True(isRight(Live()));
        cluster.Api.Put(spoil(Live()));
        await Until.TrueAsync(() => isRight(Live()), $"{T.Resource.Kind} is put right", cluster.Clock, Tick);
        await RestAsync(cluster, write);

        cluster.Api.Remove<T>(Gateway);
        await Until.TrueAsync(() => cluster.Api.Peek<T>(Gateway) is not null, $"{T.Resource.Kind} is back", cluster.Clock, Tick);
        await RestAsync(cluster, write);

        cluster.Api.Put(withMetadata(Live(), Live().Metadata with { Labels = new Dictionary<string, string>(Live().Metadata.Labels!) { ["team"] = "search" } }));
        await Outcome.PassAsync(cluster, seconds: 60);
        Assert.Empty(cluster.Writes);
        Assert.Equal("search", Live().Metadata.Labels!["team"]);
    }

    private static async Task<OperatorFixture> ServeAsync(DataPathOptions dataPath)
    {
        var cluster = new OperatorFixture { DataPath = dataPath };
        await cluster.ServeAsync();
        await Until.TrueAsync(() => cluster.Api.Peek<Deployment>(Gateway) is not null, "the gateway is made", cluster.Clock, TimeSpan.FromSeconds(1));
        cluster.CountPods(Gateway);
        await Outcome.PassAsync(cluster, seconds: 60);
        cluster.Api.ForgetRequests();
        return cluster;
    }

    /// <summary>A model whose cache is being filled.</summary>
    private static async Task<OperatorFixture> CacheAsync()
    {
        var cluster = new OperatorFixture();
        cluster.Start();
        cluster.PutModel(spec: """{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","cache":{"size":"1Gi"}}""");
        await Until.TrueAsync(
            () => cluster.Api.PeekAll<Job>().Count == 1 && cluster.Api.Peek<LlmModel>("m")!.Status?.Conditions.Find("Cached") is { Reason: "Fetching" }, "the cache is being filled", cluster.Clock, TimeSpan.FromSeconds(1));
        await Outcome.PassAsync(cluster, seconds: 60);
        cluster.Api.ForgetRequests();
        return cluster;
    }

    /// <summary>The one write that was needed, few that tell of it, and then none.</summary>
    private static async Task RestAsync(OperatorFixture cluster, string write)
    {
        await Outcome.PassAsync(cluster, seconds: 60);
        Assert.Single(cluster.Writes, each => each.StartsWith(write + ' ', StringComparison.Ordinal));
        Assert.True(cluster.Writes.Count <= 6, string.Join("; ", cluster.Writes));
        cluster.Api.ForgetRequests();
        await Outcome.PassAsync(cluster, seconds: 60);
        Assert.Empty(cluster.Writes);
    }
}
