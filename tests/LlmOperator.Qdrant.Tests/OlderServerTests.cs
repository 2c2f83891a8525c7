using LlmOperator.Qdrant.Collections;
using Xunit;

namespace LlmOperator.Qdrant.Tests;

public class OlderServerTests
{
    private static readonly CreateCollection Held = new()
    {
        Vectors = new Dictionary<string, VectorParams>
        {
            [""] = new() { Size = 4, Distance = Distance.Dot, Memory = Memory.Cold, HnswConfig = new() { Memory = Memory.Cold }, QuantizationConfig = new() { Scalar = new() { Memory = Memory.Pinned } } },
        },
        SparseVectors = new Dictionary<string, SparseVectorParams> { ["words"] = new() { Index = new() { Memory = Memory.Pinned } } },
        Payload = new(Memory.Cached),
        HnswConfig = new() { Memory = Memory.Cached },
        QuantizationConfig = new() { Binary = new() { Memory = Memory.Cold } },
    };

    [Fact]
    public async Task A_server_before_1_19_is_told_of_memory_in_its_own_fields_and_reads_back_what_it_made_of_it()
    {
        using var server = new Server();
        server.Cluster.Version = new(1, 18, 2);
        await server.Client.CreateCollectionAsync("c", Held, Server.Stop);
        await server.Client.CreatePayloadIndexAsync("c", "author_id", new() { Type = PayloadIndexType.Keyword, Memory = Memory.Cold }, Server.Stop);

        var info = (await server.Client.GetCollectionAsync("c", Server.Stop))!;
        var version = await server.Client.GetVersionAsync(Server.Stop);

        Assert.False(version.HasMemoryField);
        var vector = info.Config.Params.Vectors![""];
        Assert.Equal((Memory.Cold, Memory.Cold, Memory.Pinned), (vector.Memory!.Value, vector.HnswConfig!.Memory!.Value, vector.QuantizationConfig!.Scalar!.Memory!.Value));
        Assert.Equal(Memory.Pinned, info.Config.Params.SparseVectors!["words"].Index!.Memory);
        Assert.Equal((Memory.Cached, Memory.Cached), (info.Config.Params.Payload!.Memory!.Value, info.Config.HnswConfig.Memory!.Value));
        Assert.Equal(Memory.Cold.On(MemoryUse.Quantization, version), info.Config.QuantizationConfig!.Binary!.Memory);
        Assert.Equal(Memory.Cold, info.PayloadSchema["author_id"].Params!.Memory);
    }

    [Fact]
    public async Task A_change_on_an_older_server_says_the_older_field()
    {
        using var server = new Server();
        server.Cluster.Version = new(1, 18, 2);
        await server.Client.CreateCollectionAsync("c", Held, Server.Stop);

        await server.Client.UpdateCollectionAsync(
            "c",
            new() { Params = new() { Payload = new(Memory.Cold) }, Vectors = new Dictionary<string, VectorParamsUpdate> { [""] = new() { Memory = Memory.Cached } } },
            Server.Stop);

        var parameters = (await server.Client.GetCollectionAsync("c", Server.Stop))!.Config.Params;
        Assert.Equal((Memory.Cold, Memory.Cached), (parameters.Payload!.Memory!.Value, parameters.Vectors![""].Memory!.Value));
    }

    [Fact]
    public async Task The_version_is_asked_only_when_it_matters_and_not_each_time()
    {
        using var server = new Server();
        await server.Client.CreateCollectionAsync("a", new() { Vectors = CollectionTests.Unnamed(2) }, Server.Stop);
        Assert.DoesNotContain(server.Cluster.Calls, call => call.Path[0].Length == 0);

        await server.Client.CreateCollectionAsync("b", Held, Server.Stop);
        await server.Client.CreateCollectionAsync("c", Held, Server.Stop);
        Assert.Single(server.Cluster.Calls, call => call.Path[0].Length == 0);

        server.Clock.Advance(TimeSpan.FromMinutes(6));
        await server.Client.CreateCollectionAsync("d", Held, Server.Stop);
        Assert.Equal(2, server.Cluster.Calls.Count(call => call.Path[0].Length == 0));
    }

    [Theory]
    [InlineData("1.19.0", true)]
    [InlineData("1.18.4", false)]
    [InlineData("v1.20.1-dev", true)]
    [InlineData("1.9.7", false)]
    [InlineData("nightly", true)]
    public void A_version_says_whether_it_knows_memory(string version, bool knows) => Assert.Equal(knows, new QdrantVersion("qdrant", version, null).HasMemoryField);

    [Fact]
    public async Task Vectors_cannot_be_added_to_a_collection_of_an_older_server()
    {
        using var server = new Server();
        server.Cluster.Version = new(1, 18, 2);
        var client = server.Of(server.Cluster.CreateHandler(), new(new Uri("http://qdrant.test")));
        await client.CreateCollectionAsync("c", new() { Vectors = CollectionTests.Unnamed(2) }, Server.Stop);

        Assert.False((await client.GetVersionAsync(Server.Stop)).HasVectorChanges);
        await Assert.ThrowsAsync<QdrantException>(() => client.AddVectorAsync("c", "s", new() { Sparse = new() }, Server.Stop));
    }
}
