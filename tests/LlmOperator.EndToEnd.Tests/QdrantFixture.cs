using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Qdrant;
using LlmOperator.Qdrant.Cluster;
using LlmOperator.Qdrant.Points;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.StandIns.Qdrant;
using LlmOperator.Sandbox.Storage;
using Xunit;

namespace LlmOperator.EndToEnd.Tests;

/// <summary>The whole operator, a managed Qdrant whose pods run in an embedded cluster, and clients of it that come by its Service.</summary>
internal sealed class QdrantFixture : IAsyncDisposable
{
    public const string Collection = "posts";

    private static readonly ResourceName Indexes = new("llmops.dev", "ragindexes");
    private static readonly ResourceName Sets = new("apps", "statefulsets");
    private static readonly ResourceName Pods = new("", "pods");
    private static readonly ResourceName Claims = new("", "persistentvolumeclaims");

    private readonly HttpClient _http;
    private readonly CancellationTokenSource _reading = new();
    private Task _readers = Task.CompletedTask;
    private QdrantClient _reader = null!;

    private QdrantFixture(WholeOperator whole, QdrantHosts hosts)
    {
        (Whole, Hosts) = (whole, hosts);
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectCallback = whole.Cluster.Network!.ConnectAsync });
    }

    public WholeOperator Whole { get; }

    public QdrantHosts Hosts { get; }

    /// <summary>The stand-in behind the pods.</summary>
    public QdrantCluster Server => Hosts.Clusters["default/docs-qdrant"];

    public IQdrantClient Client { get; private set; } = null!;

    /// <summary>What readers were told instead of an answer.</summary>
    public List<string> ReaderFaults { get; } = [];

    /// <summary>Answers readers got.</summary>
    public int Reads { get; private set; }

    public static async Task<QdrantFixture> StartAsync(int replicas, string collection = """{"name":"posts","vectors":{"size":4},"shards":4,"replicationFactor":2}""", string version = "v1.19.0")
    {
        var hosts = new QdrantHosts();
        var fixture = new QdrantFixture(await WholeOperator.StartAsync(_ => [hosts.Registration]), hosts);
        await fixture.ApplyAsync(replicas, collection, version);
        await fixture.ReadyAsync(replicas);
        var secret = fixture.Whole.Get(new("", "secrets"), "llm-qdrant-api-keys")!;
        var key = Encoding.UTF8.GetString(Convert.FromBase64String(secret["data"]!["docs"]!.GetValue<string>()));
        var connection = new QdrantConnection(new("http://docs-qdrant.default.svc:6333")) { ApiKey = key, Retries = 0 };
        fixture.Client = new QdrantClient(fixture._http, connection, TimeProvider.System);

        // A Service sends to a pod that has gone until it hears of it: whoever reads asks again, as the gateway does.
        fixture._reader = new QdrantClient(fixture._http, connection with { Retries = 4 }, TimeProvider.System);
        return fixture;
    }

    public Task ApplyAsync(int replicas, string collection = """{"name":"posts","vectors":{"size":4},"shards":4,"replicationFactor":2}""", string version = "v1.19.0", string more = "") => Whole.ApplyAsync(
        $$$"""{"apiVersion":"llmops.dev/v1alpha1","kind":"RagIndex","metadata":{"namespace":"default","name":"docs"},"spec":{"qdrant":{"managed":{"replicas":{{{replicas}}},"version":"{{{version}}}"}},"collections":[{{{collection}}}]{{{more}}}}}""");

    /// <summary>Waits until the index serves with so many nodes and nothing goes on.</summary>
    public Task ReadyAsync(int replicas) => Whole.UntilAsync(
        () => Status() is { } status && status["qdrant"]?["readyReplicas"]?.GetValue<int>() == replicas && status["qdrant"]!["replicas"]!.GetValue<int>() == replicas
            && (replicas == 1 || status["qdrant"]!["peers"]?.GetValue<int>() == replicas)
            && IsObserved() && Condition("Ready") is "True" && Condition("Progressing") is "False",
        () => $"the index does not settle with {replicas} nodes: {Describe()}");

    public Task ConditionAsync(string type, string status, string reason) => Whole.UntilAsync(
        () => Find(type) is { } found && found["status"]!.GetValue<string>() == status && found["reason"]!.GetValue<string>() == reason,
        () => $"condition {type}={status} {reason} never comes: {Describe()}");

    public JsonNode? Find(string type) => Whole.Condition(Indexes, "docs", type);

    public string? Condition(string type) => Find(type)?["status"]?.GetValue<string>();

    public JsonNode? Status() => Whole.Get(Indexes, "docs")?["status"];

    public IReadOnlyList<string> ClaimNames => [.. Whole.Cluster.Objects.List(Claims, "default").Select(claim => claim["metadata"]!["name"]!.GetValue<string>()).Order(StringComparer.Ordinal)];

    public Task FillAsync(int points) => Client.UpsertAsync(
        Collection,
        new() { Points = [.. Enumerable.Range(1, points).Select(number => new Point { Id = (ulong)number, Vector = new[] { 1f, number, number % 7, number % 3 }, Payload = new() { ["content"] = $"şiir {number.ToString(CultureInfo.InvariantCulture)}" } })] },
        Whole.Guard);

    /// <summary>Ids of all points.</summary>
    public async Task<IReadOnlyList<ulong>> PointsAsync() =>
        [.. (await Client.ScrollAsync(Collection, new() { Limit = 10_000 }, Whole.Guard)).Points.Select(point => ulong.Parse(point.Id.ToString()!, CultureInfo.InvariantCulture)).Order()];

    public async Task<CollectionClusterInfo> PlacementAsync() => await Client.GetCollectionClusterAsync(Collection + "-g1", Whole.Guard);

    /// <summary>Waits for copies of shards: before the operator has heard of a loss, the index is still said to be ready.</summary>
    public async Task CopiesAsync(int active)
    {
        while ((await PlacementAsync()).Replicas.Count(static replica => replica.State == ReplicaState.Active) < active)
        {
            Assert.False(Whole.Guard.IsCancellationRequested, $"there are never {active} copies of shards: {Describe()}");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Has somebody search all the time, who notes each fault and each answer that lacks something.</summary>
    public void Read(int points)
    {
        _readers = Task.Run(async () =>
        {
            while (!_reading.IsCancellationRequested && !Whole.Guard.IsCancellationRequested)
            {
                try
                {
                    var found = await _reader.QueryAsync(Collection, new() { Query = Query.Nearest(new[] { 1f, 2f, 2f, 2f }), Limit = points }, Whole.Guard);
                    if (found.Count != points)
                    {
                        ReaderFaults.Add($"{found.Count} of {points} points found");
                    }

                    Reads++;
                }
                catch (Exception fault)
                {
                    ReaderFaults.Add(fault.Message);
                }
            }
        });
    }

    public async Task StopReadingAsync()
    {
        await _reading.CancelAsync();
        await _readers;
    }

    /// <summary>Takes a node's volume away: its pod comes back with an empty one.</summary>
    public async Task LoseVolumeAsync(int ordinal)
    {
        var pod = $"docs-qdrant-{ordinal}";
        var before = Whole.Get(Pods, pod)!["metadata"]!["uid"]!.GetValue<string>();

        // The claim would otherwise wait for the pod that uses it, and the next pod would be one too.
        Whole.Cluster.Objects.Delete(new(Claims, "default", $"storage-{pod}"));
        Whole.Cluster.Objects.Update(new(Claims, "default", $"storage-{pod}"), claim => claim["metadata"]!.AsObject().Remove("finalizers"), "test");
        Whole.Cluster.Objects.Delete(new(Pods, "default", pod));
        await Whole.UntilAsync(() => Whole.Get(Pods, pod) is { } now && now["metadata"]!["uid"]!.GetValue<string>() != before, () => $"{pod} does not come back");
    }

    /// <summary>Deletes the index and waits until it is gone.</summary>
    public async Task DeleteAsync()
    {
        Whole.Cluster.Objects.Delete(new(Indexes, "default", "docs"));
        await Whole.UntilAsync(() => Whole.Get(Indexes, "docs") is null, () => $"the index does not go: {Describe()}");
    }

    /// <summary>Waits for something of the stand-in, which tells of no changes.</summary>
    public async Task UntilServerAsync(Func<bool> condition, string what)
    {
        while (!condition())
        {
            Assert.False(Whole.Guard.IsCancellationRequested, $"{what}: {string.Join(", ", Server.Nodes)} {Describe()}");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopReadingAsync();
        await Whole.DisposeAsync();
        _http.Dispose();
        _reading.Dispose();
    }

    private string Describe() => string.Join(
        "; ",
        [
            .. Whole.Cluster.Objects.List(Pods, "default").Select(pod => $"{pod["metadata"]!["name"]} {pod["spec"]!["nodeName"]} {pod["status"]?["phase"]} {pod["status"]?["containerStatuses"]?[0]?["state"]?.ToJsonString()} {pod["status"]?["containerStatuses"]?[0]?["lastState"]?.ToJsonString()}"),
            string.Join(", ", ClaimNames),
            Status()?.ToJsonString() ?? "no status",
        ]);

    private bool IsObserved() => Status()?["observedGeneration"]?.GetValue<long>() == Whole.Get(Indexes, "docs")!["metadata"]!["generation"]!.GetValue<long>();
}
