using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Sandbox;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Client;

/// <summary>The client against a server that speaks as kube-apiserver does, through the kubeconfig it writes.</summary>
public sealed class SandboxTests : IAsyncLifetime
{
    private readonly string _kubeconfig = Path.GetTempFileName();
    private SandboxServer _server = null!;
    private KubeClient _client = null!;

    private static CancellationToken Guard => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await SandboxServer.StartAsync(cancellationToken: Guard);
        await File.WriteAllTextAsync(_kubeconfig, _server.KubeconfigText, Guard);
        _client = new KubeClient(new ClusterConfigurationLoader().Load(_kubeconfig));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        File.Delete(_kubeconfig);
    }

    [Fact]
    public async Task An_object_lives_through_all_verbs_and_a_watch_sees_it()
    {
        await using var events = _client.WatchAsync<ConfigMap>("default", new WatchOptions { SendInitialEvents = true, LabelSelector = "mine" }, Guard).GetAsyncEnumerator(Guard);
        while (await events.MoveNextAsync() && !events.Current.InitialEventsEnd)
        {
        }

        var map = new ConfigMap { Metadata = new() { Name = "a", Namespace = "default", Labels = new Dictionary<string, string> { ["mine"] = "" } }, Data = new Dictionary<string, string> { ["k"] = "v" } };
        var created = await _client.CreateAsync(map, cancellationToken: Guard);
        Assert.True((await Assert.ThrowsAsync<KubeApiException>(() => _client.CreateAsync(map, cancellationToken: Guard))).IsAlreadyExists);
        var applied = await _client.ApplyAsync(map with { Data = new Dictionary<string, string> { ["other"] = "w" } }, new ApplyOptions { FieldManager = "test" }, Guard);
        Assert.Equal(["k", "other"], applied.Data!.Keys.Order());
        var patched = await _client.PatchAsync<ConfigMap>(new("default", "a"), Finalizers.AddPatch(applied, "example.com/hold")!, cancellationToken: Guard);
        Assert.True((await Assert.ThrowsAsync<KubeApiException>(() => _client.PatchAsync<ConfigMap>(new("default", "a"), Finalizers.RemovePatch(patched with { Metadata = patched.Metadata with { ResourceVersion = created.Metadata.ResourceVersion } }, "example.com/hold")!, cancellationToken: Guard))).IsConflict);
        Assert.True(await _client.DeleteAsync<ConfigMap>(new("default", "a"), new DeleteOptions { Uid = created.Metadata.Uid }, Guard));
        var deleting = await _client.GetAsync<ConfigMap>(new("default", "a"), Guard);
        Assert.NotNull(deleting!.Metadata.DeletionTimestamp);
        await _client.PatchAsync<ConfigMap>(new("default", "a"), Finalizers.RemovePatch(deleting, "example.com/hold")!, cancellationToken: Guard);
        Assert.Null(await _client.GetAsync<ConfigMap>(new("default", "a"), Guard));
        Assert.False(await _client.DeleteAsync<ConfigMap>(new("default", "a"), cancellationToken: Guard));

        var seen = new List<WatchEventType>();
        while (await events.MoveNextAsync())
        {
            if (events.Current.Type != WatchEventType.Bookmark)
            {
                seen.Add(events.Current.Type);
            }

            if (events.Current.Type == WatchEventType.Deleted)
            {
                break;
            }
        }

        Assert.Equal([WatchEventType.Added, WatchEventType.Modified, WatchEventType.Modified, WatchEventType.Modified, WatchEventType.Deleted], seen);
    }

    [Fact]
    public async Task Of_a_kind_that_reads_metadata_alone_the_server_sends_no_more()
    {
        var pod = new Pod
        {
            Metadata = new() { Name = "p", Namespace = "default", Labels = new Dictionary<string, string> { ["mine"] = "" }, Annotations = new Dictionary<string, string> { ["note"] = "kept" } },
            Spec = new() { Containers = [new() { Name = "c", Image = "i" }] },
        };
        await using var events = _client.WatchAsync<PodMetadata>("default", new WatchOptions { SendInitialEvents = true, LabelSelector = "mine" }, Guard).GetAsyncEnumerator(Guard);
        while (await events.MoveNextAsync() && !events.Current.InitialEventsEnd)
        {
        }

        var created = await _client.CreateAsync(pod, cancellationToken: Guard);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal((WatchEventType.Added, created.Metadata.Uid, "kept"), (events.Current.Type, events.Current.Object!.Metadata.Uid, events.Current.Object.Metadata.Annotations!["note"]));
        var listed = await _client.ListAsync<PodMetadata>("default", new ListOptions { LabelSelector = "mine" }, Guard);
        Assert.Equal(created.Metadata.Uid, Assert.Single(listed.Items).Metadata.Uid);
        Assert.NotEmpty(listed.ResourceVersion);
        Assert.Equal(created.Metadata.Uid, (await _client.GetAsync<PodMetadata>(new("default", "p"), Guard))!.Metadata.Uid);
    }

    [Fact]
    public async Task A_lease_is_replaced_and_a_stale_one_is_a_conflict()
    {
        var lease = await _client.CreateAsync(new Lease { Metadata = new() { Name = "l", Namespace = "default" }, Spec = new() { HolderIdentity = "a", RenewTime = DateTimeOffset.UtcNow } }, cancellationToken: Guard);

        var renewed = await _client.ReplaceAsync(lease with { Spec = lease.Spec! with { HolderIdentity = "b" } }, cancellationToken: Guard);

        Assert.Equal("b", renewed.Spec!.HolderIdentity);
        Assert.True((await Assert.ThrowsAsync<KubeApiException>(() => _client.ReplaceAsync(lease, cancellationToken: Guard))).IsConflict);
    }

    [Fact]
    public async Task A_deployment_is_scaled_and_an_invalid_one_names_its_field()
    {
        var key = new ObjectKey("default", "web");
        var labels = new Dictionary<string, string> { ["app"] = "web" };
        var deployment = new Deployment
        {
            Metadata = new() { Name = "web", Namespace = "default" },
            Spec = new()
            {
                Selector = new() { MatchLabels = labels },
                Template = new()
                {
                    Metadata = new() { Labels = labels },
                    Spec = new() { Containers = [new() { Name = "c", Image = "i", Resources = new() { Requests = new Dictionary<string, Quantity> { ["cpu"] = Quantity.Parse("0.5") } } }] },
                },
            },
        };

        var applied = await _client.ApplyAsync(deployment, new ApplyOptions { FieldManager = "test" }, Guard);
        Assert.Equal(Quantity.Parse("500m"), applied.Spec!.Template!.Spec!.Containers![0].Resources!.Requests!["cpu"]);
        Assert.Equal(3, (await _client.SetScaleAsync<Deployment>(key, 3, cancellationToken: Guard)).SpecReplicas);
        Assert.Equal("app=web", (await _client.GetScaleAsync<Deployment>(key, Guard))!.Selector);

        var unknown = await Assert.ThrowsAsync<KubeApiException>(() => _client.PatchAsync<Deployment>(key, Patch.Merge("""{"spec":{"replica":1}}"""u8.ToArray()), cancellationToken: Guard));
        Assert.Contains("spec.replica", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_of_a_list_are_one_list_and_a_kind_known_at_run_time_is_found()
    {
        for (var i = 0; i < 7; i++)
        {
            await _client.CreateAsync(new Namespace { Metadata = new() { Name = $"team-{i}", Labels = new Dictionary<string, string> { ["team"] = "x" } } }, cancellationToken: Guard);
        }

        var names = new List<string?>();
        await foreach (var ns in _client.ListPagesAsync<Namespace>(null, new ListOptions { Limit = 3, LabelSelector = "team in (x,y)" }, Guard))
        {
            names.Add(ns.Metadata.Name);
        }

        Assert.Equal(Enumerable.Range(0, 7).Select(i => $"team-{i}"), names);

        var resource = await _client.DiscoverAsync("v1", "Namespace", Guard);
        Assert.Equal(Namespace.Resource, resource);
        var written = new UnstructuredObject((JsonObject)JsonNode.Parse("""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"team-9"}}""")!);
        Assert.NotNull((await _client.ApplyAsync(resource!, written, new ApplyOptions { FieldManager = "test" }, Guard)).Uid);
        Assert.Equal("team-9", (await _client.GetAsync(resource!, new(null, "team-9"), Guard))!.Name);
    }
}
