using System.Net;
using System.Text;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using Xunit;

namespace LlmOperator.Controllers.Tests.RagIndexes;

public sealed class ManagedQdrantTests
{
    private const string Managed = """{"qdrant":{"managed":{}},"collections":[{"name":"posts","vectors":{"size":4}}]}""";

    [Fact]
    public async Task It_is_made_with_a_key_of_its_own_and_asked_once_its_pods_are_ready()
    {
        await using var fixture = await MadeAsync();
        Assert.Contains("0 of 1 pods", fixture.Condition("QdrantReady")!.Message, StringComparison.Ordinal);
        Assert.Empty(fixture.Server.Calls);
        var key = Key(fixture);
        fixture.Server.ApiKey = key;

        fixture.RunPods();
        await fixture.ConditionAsync("Ready", "True", "Serving");

        Assert.Equal("http://docs-qdrant.default.svc:6333", fixture.Status!.Url);
        Assert.Equal(("llm-qdrant-api-keys", "docs"), (fixture.Status.ApiKeySecretRef!.Name, fixture.Status.ApiKeySecretRef.Key));
        Assert.Equal(key, Key(fixture));
        Assert.Equal(48, key.Length);
        Assert.DoesNotContain(fixture.Operator.Api.PeekAll<StatefulSet>(), set => set.ToString().Contains(key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task When_nothing_changes_nothing_is_written_and_a_restart_writes_nothing_either()
    {
        await using var fixture = await MadeAsync();
        fixture.Server.ApiKey = Key(fixture);
        fixture.RunPods();
        await fixture.ConditionAsync("Ready", "True", "Serving");
        await fixture.Operator.SettleAsync();
        fixture.Operator.Api.ForgetRequests();

        fixture.Operator.Clock.Advance(TimeSpan.FromMinutes(5));
        await fixture.Operator.SettleAsync();
        await fixture.Operator.StopAsync();
        fixture.Operator.Start();
        fixture.Server.ClearCalls();
        await fixture.UntilAsync(() => fixture.Server.Calls.Count > 3, "Qdrant is asked again");
        await fixture.Operator.SettleAsync();

        Assert.Empty(fixture.Operator.Writes);
    }

    [Fact]
    public async Task A_key_that_was_deleted_is_made_anew_and_rolls_the_pods()
    {
        await using var fixture = await MadeAsync();
        var (before, hash) = (Key(fixture), Hash(fixture));

        fixture.Operator.Api.Remove<Secret>("llm-qdrant-api-keys");
        await fixture.UntilAsync(() => fixture.Operator.Api.Peek<Secret>("llm-qdrant-api-keys") is not null && Hash(fixture) != hash, "the pods get the new key");

        Assert.NotEqual(before, Key(fixture));
    }

    [Fact]
    public async Task A_key_that_somebody_put_there_is_used()
    {
        await using var fixture = new RagIndexFixture();
        fixture.Operator.Api.Put(new Secret { Metadata = new() { Name = "llm-qdrant-api-keys", Namespace = "default" }, Data = new Dictionary<string, byte[]> { ["docs"] = "mine"u8.ToArray() } });

        await MadeAsync(fixture);

        Assert.Equal("mine", Key(fixture));
        Assert.NotNull(fixture.Operator.Api.Peek<Secret>("llm-qdrant-api-keys")!.Data!["docs_read-only"]);
    }

    [Fact]
    public async Task Volumes_that_may_not_grow_are_told_and_the_pods_stay()
    {
        await using var fixture = await MadeAsync();
        var template = fixture.Operator.Api.Peek<StatefulSet>("docs-qdrant")!.Spec!.VolumeClaimTemplates![0];
        fixture.Operator.Api.Put(template with { Metadata = new() { Name = "storage-docs-qdrant-0", Namespace = "default", Labels = template.Metadata.Labels } });
        await fixture.Operator.SettleAsync();
        fixture.Operator.Api.Intercept = (request, _) => request is { Verb: "patch", Plural: "persistentvolumeclaims" }
            ? throw new KubeApiException(HttpStatusCode.Forbidden, "Forbidden", "only dynamically provisioned pvc can be resized")
            : Task.CompletedTask;

        fixture.Operator.PutIndex("""{"qdrant":{"managed":{"storage":{"size":"20Gi"}}},"collections":[{"name":"posts","vectors":{"size":4}}]}""");
        await fixture.ConditionAsync("VolumesReady", "False", "ExpansionRefused");

        Assert.NotNull(fixture.Operator.Api.Peek<StatefulSet>("docs-qdrant"));
        Assert.DoesNotContain("delete statefulsets docs-qdrant", fixture.Operator.Writes);
    }

    [Fact]
    public async Task Volumes_that_may_grow_do_and_the_set_is_made_anew()
    {
        await using var fixture = await MadeAsync();
        var template = fixture.Operator.Api.Peek<StatefulSet>("docs-qdrant")!.Spec!.VolumeClaimTemplates![0];
        fixture.Operator.Api.Put(template with { Metadata = new() { Name = "storage-docs-qdrant-0", Namespace = "default", Labels = template.Metadata.Labels } });
        await fixture.Operator.SettleAsync();

        fixture.Operator.PutIndex("""{"qdrant":{"managed":{"storage":{"size":"20Gi"}}},"collections":[{"name":"posts","vectors":{"size":4}}]}""");
        await fixture.UntilAsync(
            () => fixture.Operator.Api.Peek<StatefulSet>("docs-qdrant")?.Spec?.VolumeClaimTemplates?[0].Spec!.Resources!.Requests!["storage"] == Quantity.Parse("20Gi"), "the set is made anew");

        Assert.Equal(Quantity.Parse("20Gi"), fixture.Operator.Api.Peek<PersistentVolumeClaim>("storage-docs-qdrant-0")!.Spec!.Resources!.Requests!["storage"]);
        Assert.Contains("delete statefulsets docs-qdrant", fixture.Operator.Writes);
    }

    [Fact]
    public async Task A_service_of_its_name_that_is_somebody_elses_is_left_alone_and_told()
    {
        await using var fixture = new RagIndexFixture();
        fixture.Operator.Api.Put(new Service { Metadata = new() { Name = "docs-qdrant", Namespace = "default" }, Spec = new() { ClusterIP = "10.0.0.9" } });
        fixture.Operator.PutIndex(Managed);
        fixture.Operator.Start();

        await fixture.ConditionAsync("QdrantReady", "False", "NameConflict");

        Assert.Equal("10.0.0.9", fixture.Operator.Api.Peek<Service>("docs-qdrant")!.Spec!.ClusterIP);
    }

    [Fact]
    public async Task Prometheus_is_told_of_its_metrics_with_the_key_that_may_only_read()
    {
        await using var fixture = await MadeAsync();
        await fixture.UntilAsync(() => fixture.Operator.Api.Peek<ServiceMonitor>("docs-qdrant") is not null, "there is a monitor");
        var monitor = fixture.Operator.Api.Peek<ServiceMonitor>("docs-qdrant")!;
        var page = Assert.Single(monitor.Spec!.Endpoints!);
        Assert.Equal(("/metrics", "Bearer", "llm-qdrant-api-keys", "docs_read-only"), (page.Path, page.Authorization!.Type, page.Authorization.Credentials!.Name, page.Authorization.Credentials.Key));
        Assert.Equal(fixture.Operator.Api.Peek<RagIndex>("docs")!.Metadata.Uid, Assert.Single(monitor.Metadata.OwnerReferences!).Uid);

        // By hand it is changed and removed, and put right.
        fixture.Operator.Api.Put(monitor with { Spec = monitor.Spec with { Endpoints = [page with { Path = "/elsewhere" }] } });
        await fixture.UntilAsync(() => fixture.Operator.Api.Peek<ServiceMonitor>("docs-qdrant")!.Spec!.Endpoints![0].Path == "/metrics", "it is put right");
        fixture.Operator.Api.Remove<ServiceMonitor>("docs-qdrant");
        await fixture.UntilAsync(() => fixture.Operator.Api.Peek<ServiceMonitor>("docs-qdrant") is not null, "it is back");
    }

    [Fact]
    public async Task Without_the_kind_of_monitors_its_definition_alone_is_watched_and_once_it_is_installed_the_monitor_is_made()
    {
        await using var fixture = new RagIndexFixture();
        var missing = true;
        fixture.Operator.Api.Intercept = (request, _) => request.Plural == "servicemonitors" && Volatile.Read(ref missing) ? throw FakeKubeClient.Error(HttpStatusCode.NotFound, "NotFound") : Task.CompletedTask;
        await MadeAsync(fixture);
        fixture.Server.ApiKey = Key(fixture);
        fixture.RunPods();
        await fixture.ConditionAsync("Ready", "True", "Serving");
        await fixture.Operator.SettleAsync();
        fixture.Operator.Api.ForgetRequests();
        fixture.Operator.Clock.Advance(TimeSpan.FromMinutes(4));
        await fixture.Operator.SettleAsync();
        Assert.DoesNotContain(fixture.Operator.Api.Requests, request => request.Plural == "servicemonitors");
        Assert.Null(fixture.Condition("MonitoringReady"));

        Volatile.Write(ref missing, false);
        fixture.Operator.Api.Put(OperatorFixture.DefinitionOf(ServiceMonitor.Resource));
        await fixture.UntilAsync(() => fixture.Operator.Api.Peek<ServiceMonitor>("docs-qdrant") is not null, "the monitor is made");
    }

    [Fact]
    public async Task A_monitor_of_its_name_that_is_somebody_elses_is_left_alone_and_told_and_qdrant_serves()
    {
        await using var fixture = new RagIndexFixture();
        fixture.Operator.Api.Put(new ServiceMonitor { Metadata = new() { Name = "docs-qdrant", Namespace = "default" }, Spec = new() { JobLabel = "mine" } });
        await MadeAsync(fixture);
        fixture.Server.ApiKey = Key(fixture);
        fixture.RunPods();

        await fixture.ConditionAsync("Ready", "True", "Serving");
        await fixture.ConditionAsync("MonitoringReady", "False", "NameConflict");
        Assert.Equal("mine", fixture.Operator.Api.Peek<ServiceMonitor>("docs-qdrant")!.Spec!.JobLabel);

        fixture.Operator.Api.Remove<ServiceMonitor>("docs-qdrant");
        await fixture.UntilAsync(() => fixture.Condition("MonitoringReady") is null, "nothing is said any more");
        Assert.NotEqual("mine", fixture.Operator.Api.Peek<ServiceMonitor>("docs-qdrant")!.Spec!.JobLabel);
    }

    [Fact]
    public async Task A_monitor_that_the_api_server_refuses_is_told_and_qdrant_serves()
    {
        await using var fixture = new RagIndexFixture();
        fixture.Operator.Api.Intercept = (request, _) => request is { Verb: "apply", Plural: "servicemonitors" } ? throw new KubeApiException(HttpStatusCode.Forbidden, "Forbidden", "a policy wants an owner") : Task.CompletedTask;
        await MadeAsync(fixture);
        fixture.Server.ApiKey = Key(fixture);
        fixture.RunPods();

        await fixture.ConditionAsync("Ready", "True", "Serving");
        await fixture.ConditionAsync("MonitoringReady", "False", "ObjectRefused");
        Assert.Contains("a policy wants an owner", fixture.Condition("MonitoringReady")!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Retain")]
    [InlineData("Delete")]
    [InlineData("Snapshot")]
    public async Task Where_its_pods_went_with_the_namespace_the_index_goes_too(string policy)
    {
        await using var fixture = await MadeAsync(spec: Managed.Replace("\"collections\"", $"\"deletionPolicy\":\"{policy}\",\"collections\"", StringComparison.Ordinal));
        fixture.Server.ApiKey = Key(fixture);
        fixture.RunPods();
        await fixture.ConditionAsync("Ready", "True", "Serving");
        fixture.Server.Nodes[0].IsUp = false;

        fixture.Delete();

        // Each kind is watched by itself: pods seen to go before the index does would be made again, which a namespace that goes does not allow.
        await fixture.UntilAsync(() => fixture.MayGo || fixture.Condition("Deleting") is not null, "the deletion is seen");
        fixture.Operator.Api.Remove<StatefulSet>("docs-qdrant");

        await fixture.UntilAsync(() => fixture.MayGo, "it may go");
    }

    private static async Task<RagIndexFixture> MadeAsync(RagIndexFixture? given = null, string spec = Managed)
    {
        var fixture = given ?? new RagIndexFixture();
        fixture.Operator.PutIndex(spec);
        fixture.Operator.Start();
        await fixture.ConditionAsync("QdrantReady", "False", "PodsNotReady");
        return fixture;
    }

    private static string Key(RagIndexFixture fixture) => Encoding.UTF8.GetString(fixture.Operator.Api.Peek<Secret>("llm-qdrant-api-keys")!.Data!["docs"]);

    private static string Hash(RagIndexFixture fixture) => fixture.Operator.Api.Peek<StatefulSet>("docs-qdrant")!.Spec!.Template!.Metadata!.Annotations!["llmops.dev/api-key-hash"];
}
