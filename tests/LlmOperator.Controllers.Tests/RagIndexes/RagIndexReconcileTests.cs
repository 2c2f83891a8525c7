using System.Text;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Sandbox.StandIns.Qdrant;
using Xunit;

namespace LlmOperator.Controllers.Tests.RagIndexes;

public sealed class RagIndexReconcileTests
{
    private const string Retrieving = """{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"rag":{"indexRef":{"name":"docs"}}}""";

    [Fact]
    public async Task The_collections_of_an_external_qdrant_are_made_and_told()
    {
        await using var fixture = await ReadyAsync();

        Assert.Equal(("2/2", "http://qdrant:6333"), (fixture.Status!.Ready, fixture.Status.Url));
        Assert.Equal(["posts", "raw"], fixture.Status.Collections!.Select(collection => collection.Name));
        Assert.Equal("posts-g1", fixture.Status.Collections![0].PhysicalName);
        Assert.Equal("1.19.0", fixture.Status.Qdrant!.Version!.Split('-')[0]);
        Assert.DoesNotContain(fixture.Operator.Writes, write => write.Contains("statefulsets", StringComparison.Ordinal));
    }

    [Fact]
    public async Task When_nothing_changes_nothing_is_written_and_a_restart_writes_nothing_either()
    {
        await using var fixture = await ReadyAsync();
        await fixture.Operator.SettleAsync();
        fixture.Operator.Api.ForgetRequests();
        fixture.Server.ClearCalls();

        for (var minute = 0; minute < 10; minute++)
        {
            fixture.Operator.Clock.Advance(TimeSpan.FromMinutes(1));
            await fixture.Operator.SettleAsync();
        }

        Assert.NotEmpty(fixture.Server.Calls);
        Assert.Empty(fixture.ServerWrites);
        Assert.Empty(fixture.Operator.Writes);

        await fixture.Operator.StopAsync();
        fixture.Operator.Start();
        var before = fixture.Server.Calls.Count;
        await fixture.UntilAsync(() => fixture.Server.Calls.Count > before, "Qdrant is asked again");
        await fixture.Operator.SettleAsync();
        Assert.Empty(fixture.ServerWrites);
        Assert.Empty(fixture.Operator.Writes);
    }

    [Fact]
    public async Task A_collection_deleted_by_hand_is_made_again_within_one_look()
    {
        await using var fixture = await ReadyAsync();

        await SendAsync(fixture, HttpMethod.Delete, "/collections/raw-g1");

        await fixture.UntilAsync(() => fixture.Server.Calls.Count(call => call is { Method: "PUT" } && call.Path is ["collections", "raw-g1"] or ["collections", "raw-g2"]) > 1, "it is made again");
        await fixture.ConditionAsync("Ready", "True", "Serving");
    }

    [Fact]
    public async Task Qdrant_down_is_told_and_nothing_is_lost_until_it_is_back()
    {
        await using var fixture = await ReadyAsync();

        fixture.Server.Nodes[0].IsUp = false;
        await fixture.ConditionAsync("QdrantReady", "False", "Unreachable");
        Assert.Equal(2, fixture.Status!.Collections!.Count);
        Assert.Equal("False", fixture.Condition("Ready")!.Status);

        fixture.Server.Nodes[0].IsUp = true;
        await fixture.ConditionAsync("Ready", "True", "Serving");
    }

    [Fact]
    public async Task A_key_that_is_missing_then_wrong_then_right_is_told_each_time()
    {
        await using var fixture = new RagIndexFixture();
        fixture.Server.ApiKey = "right";
        fixture.Operator.PutIndex(RagIndexFixture.External.Replace("http://qdrant:6333\"", "http://qdrant:6333\",\"apiKeySecretRef\":{\"name\":\"qdrant\",\"key\":\"k\"}", StringComparison.Ordinal));
        fixture.Operator.Start();
        await fixture.ConditionAsync("QdrantReady", "False", "KeyNotFound");

        PutKey("wrong");
        await fixture.ConditionAsync("QdrantReady", "False", "Unauthorized");
        Assert.Contains("correct key k of Secret qdrant", fixture.Condition("QdrantReady")!.Message, StringComparison.Ordinal);

        PutKey("right");
        await fixture.ConditionAsync("Ready", "True", "Serving");
        Assert.Equal(("qdrant", "k"), (fixture.Status!.ApiKeySecretRef!.Name, fixture.Status.ApiKeySecretRef.Key));
        Assert.DoesNotContain(fixture.Operator.Api.PeekAll<Event>(), told => told.Note?.Contains("wrong", StringComparison.Ordinal) == true);

        void PutKey(string key) => fixture.Operator.Api.Put(new Secret { Metadata = new() { Name = "qdrant", Namespace = "default" }, Data = new Dictionary<string, byte[]> { ["k"] = Encoding.UTF8.GetBytes(key) } });
    }

    [Fact]
    public async Task Endpoints_that_use_it_are_named_and_told_whether_it_is_there()
    {
        await using var fixture = new RagIndexFixture();
        fixture.Operator.PutModel();
        fixture.Operator.PutEndpoint(spec: Retrieving);
        fixture.Operator.Start();
        await fixture.Operator.ConditionAsync("RagReady", "False", "IndexNotFound");

        fixture.Operator.PutIndex(RagIndexFixture.External);
        await fixture.Operator.ConditionAsync("RagReady", "True", "IndexReady");
        await fixture.UntilAsync(() => fixture.Status?.UsedBy is ["twin"], "the endpoint is named");
    }

    [Fact]
    public async Task A_deletion_waits_for_its_users_and_then_leaves_the_data()
    {
        await using var fixture = await ReadyAsync(retrieving: true);

        fixture.Delete();
        await fixture.ConditionAsync("InUse", "True", "EndpointsRefer");
        Assert.False(fixture.MayGo);

        fixture.Operator.Api.Remove<LlmEndpoint>("twin");
        await fixture.UntilAsync(() => fixture.MayGo, "it may go");
        Assert.DoesNotContain(fixture.ServerWrites, write => write.StartsWith("DELETE", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Delete")]
    [InlineData("Snapshot")]
    public async Task Collections_go_before_the_index_and_while_qdrant_is_down_the_deletion_waits(string policy)
    {
        await using var fixture = await ReadyAsync(RagIndexFixture.External.Replace("\"collections\"", $"\"deletionPolicy\":\"{policy}\",\"collections\"", StringComparison.Ordinal));
        fixture.Server.Nodes[0].IsUp = false;

        fixture.Delete();
        await fixture.ConditionAsync("Deleting", "True", "DeletionWaits");
        Assert.Contains("Qdrant cannot be asked", fixture.Condition("Deleting")!.Message, StringComparison.Ordinal);
        Assert.False(fixture.MayGo);

        fixture.Server.Nodes[0].IsUp = true;
        await fixture.UntilAsync(() => fixture.MayGo, "it may go");
        var deletes = fixture.ServerWrites.ToList();
        Assert.Contains("DELETE /collections/posts-g1", deletes);
        Assert.Contains("DELETE /collections/raw-g1", deletes);
        Assert.Equal(policy == "Snapshot", deletes.IndexOf("POST /collections/posts-g1/snapshots") is >= 0 and var taken && taken < deletes.IndexOf("DELETE /collections/posts-g1"));
    }

    [Fact]
    public async Task Scheduled_snapshots_are_taken_once_a_time_and_the_old_ones_go()
    {
        await using var fixture = await ReadyAsync(RagIndexFixture.External.Replace("\"collections\"", "\"snapshots\":{\"schedule\":\"@hourly\",\"retention\":2},\"collections\"", StringComparison.Ordinal));

        for (var hour = 1; hour <= 3; hour++)
        {
            var last = fixture.Status!.Snapshots?.LastScheduleTime;
            await Kubernetes.Tests.Fakes.Until.TrueAsync(() => fixture.Status!.Snapshots?.LastScheduleTime > (last ?? DateTimeOffset.MinValue), $"snapshots of hour {hour}", fixture.Operator.Clock, TimeSpan.FromSeconds(30));
        }

        Assert.Equal(2, fixture.Status!.Snapshots!.Count);
        Assert.True(fixture.Status.Snapshots.Bytes > 0);
        Assert.Equal(3, fixture.ServerWrites.Count(write => write == "POST /collections/posts-g1/snapshots"));
        Assert.Single(fixture.ServerWrites, write => write.StartsWith("DELETE /collections/posts-g1/snapshots/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Snapshots_of_an_external_cluster_whose_nodes_cannot_be_asked_are_told_to_be_no_whole_backup_and_nothing_is_deleted_for_them()
    {
        await using var fixture = new RagIndexFixture();
        fixture.Server.Join("qdrant-1");
        fixture.Operator.PutIndex("""{"qdrant":{"external":{"url":"http://qdrant:6333"}},"collections":[{"name":"posts","vectors":{"size":4},"shards":4}],"snapshots":{"schedule":"@hourly"},"deletionPolicy":"Snapshot"}""");
        fixture.Operator.Start();
        await fixture.ConditionAsync("Ready", "True", "Serving");

        await Kubernetes.Tests.Fakes.Until.TrueAsync(() => fixture.Condition("SnapshotsReady")?.Reason == "SnapshotsIncomplete", "it is told", fixture.Operator.Clock, TimeSpan.FromSeconds(30));
        Assert.Equal("False", fixture.Condition("SnapshotsReady")!.Status);
        Assert.Contains("4 of the 4 shards of posts-g1 are not on every node", fixture.Status!.Snapshots!.Incomplete, StringComparison.Ordinal);
        Assert.Equal(1, fixture.Status.Snapshots.Count);

        // It is told after a restart, too.
        await fixture.Operator.StopAsync();
        fixture.Operator.Start();
        var calls = fixture.Server.Calls.Count;
        await fixture.UntilAsync(() => fixture.Server.Calls.Count > calls + 3, "Qdrant is asked again");
        await fixture.Operator.SettleAsync();
        Assert.Equal("SnapshotsIncomplete", fixture.Condition("SnapshotsReady")!.Reason);

        fixture.Delete();
        await fixture.ConditionAsync("Deleting", "True", "DeletionWaits");
        Assert.Contains("posts-g1 is not deleted, because snapshots of all its data cannot be taken", fixture.Condition("Deleting")!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("DELETE /collections/posts-g1", fixture.ServerWrites);
    }

    [Fact]
    public async Task Snapshots_of_an_external_cluster_with_every_shard_on_every_node_are_whole()
    {
        await using var fixture = new RagIndexFixture();
        fixture.Server.Join("qdrant-1");
        fixture.Operator.PutIndex("""{"qdrant":{"external":{"url":"http://qdrant:6333"}},"collections":[{"name":"posts","vectors":{"size":4},"shards":2,"replicationFactor":2}],"deletionPolicy":"Snapshot"}""");
        fixture.Operator.Start();
        await fixture.ConditionAsync("Ready", "True", "Serving");

        fixture.Delete();
        await fixture.UntilAsync(() => fixture.MayGo, "it may go");
        Assert.Contains("POST /collections/posts-g1/snapshots", fixture.ServerWrites);
    }

    [Fact]
    public async Task An_index_is_woken_by_the_endpoint_that_makes_its_vectors_and_by_the_model_of_that_endpoint()
    {
        await using var fixture = new RagIndexFixture(pollInterval: TimeSpan.FromDays(365));
        const string Model = """{"source":{"huggingFace":{"repo":"org/model"}},"task":"TASK","architecture":{"hiddenSize":SIZE}}""";
        static string Of(string task, int size) => Model.Replace("TASK", task, StringComparison.Ordinal).Replace("SIZE", $"{size}", StringComparison.Ordinal);
        fixture.Operator.PutIndex("""{"qdrant":{"external":{"url":"http://qdrant:6333"}},"collections":[{"name":"posts","vectors":{"size":4}}],"embedding":{"model":"org/model","size":4,"endpointRef":{"name":"embedder"}}}""");
        fixture.Operator.PutIndex("""{"qdrant":{"external":{"url":"http://qdrant:6333"}},"collections":[{"name":"others"}]}""", "others");
        fixture.Operator.Start();
        await fixture.ConditionAsync("EmbeddingReady", "False", "EndpointNotFound");

        fixture.Operator.PutModel(spec: Of("Generate", 4));
        fixture.Operator.PutEndpoint("embedder", """{"modelRef":{"name":"m"}}""");
        await fixture.ConditionAsync("EmbeddingReady", "False", "WrongTask");
        fixture.Operator.PutModel(spec: Of("Embed", 8));
        await fixture.ConditionAsync("EmbeddingReady", "False", "SizeMismatch");
        fixture.Operator.PutModel(spec: Of("Embed", 4));
        await fixture.ConditionAsync("EmbeddingReady", "True", "EndpointFound");
        fixture.Operator.Api.Remove<LlmEndpoint>("embedder");
        await fixture.ConditionAsync("EmbeddingReady", "False", "EndpointNotFound");
        await fixture.Operator.SettleAsync();

        // What no index refers to, and what changes nothing for vectors, wakes none.
        fixture.Server.ClearCalls();
        fixture.Operator.PutEndpoint("other", """{"modelRef":{"name":"m"}}""");
        fixture.Operator.PutModel(spec: Of("Embed", 16));
        await fixture.Operator.SettleAsync();
        Assert.Empty(fixture.Server.Calls);
    }

    [Fact]
    public async Task An_index_is_woken_when_the_endpoint_that_makes_its_vectors_answers()
    {
        await using var fixture = new RagIndexFixture(pollInterval: TimeSpan.FromDays(365));
        fixture.Operator.PutIndex("""{"qdrant":{"external":{"url":"http://qdrant:6333"}},"collections":[{"name":"posts","vectors":{"size":4}}],"embedding":{"model":"org/model","size":4,"endpointRef":{"name":"embedder"}}}""");
        var endpoint = fixture.Operator.PutEndpoint("embedder", """{"modelRef":{"name":"absent"}}""");
        fixture.Operator.Start();
        await fixture.ConditionAsync("EmbeddingReady", "True", "EndpointFound");
        await fixture.Operator.SettleAsync();
        fixture.Server.ClearCalls();

        endpoint = fixture.Operator.Api.Peek<LlmEndpoint>("embedder")!;
        fixture.Operator.Api.Put(endpoint with { Status = (endpoint.Status ?? new()) with { Url = "http://another.default.svc/v1", ServedModelName = "another" } });
        await fixture.UntilAsync(() => fixture.Server.Calls.Count > 0, "the index is looked at");
    }

    internal static async Task<RagIndexFixture> ReadyAsync(string spec = RagIndexFixture.External, bool retrieving = false)
    {
        var fixture = new RagIndexFixture();
        if (retrieving)
        {
            fixture.Operator.PutModel();
            fixture.Operator.PutEndpoint(spec: Retrieving);
        }

        fixture.Operator.PutIndex(spec);
        fixture.Operator.Start();
        await fixture.ConditionAsync("Ready", "True", "Serving");
        return fixture;
    }

    private static async Task SendAsync(RagIndexFixture fixture, HttpMethod method, string path)
    {
        using var client = new HttpClient(fixture.Server.CreateHandler());
        using var request = new HttpRequestMessage(method, new Uri("http://qdrant:6333" + path));
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
    }
}
