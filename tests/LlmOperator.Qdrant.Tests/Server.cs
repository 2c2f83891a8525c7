using LlmOperator.Sandbox.StandIns.Qdrant;
using LlmOperator.Testing;
using LlmOperator.Testing.Contracts;
using Xunit;

namespace LlmOperator.Qdrant.Tests;

/// <summary>A stand-in Qdrant and a client of it, all requests and answers checked against Qdrant's own OpenAPI document where that is at hand.</summary>
internal sealed class Server : IDisposable
{
    public Server() => Client = ClientOf("qdrant-0");

    public ManualTimeProvider Clock { get; } = new();

    public QdrantCluster Cluster => field ??= new(Clock);

    public QdrantClient Client { get; }

    /// <summary>Gives up instead of hanging.</summary>
    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    private List<HttpClient> Clients { get; } = [];

    public QdrantClient ClientOf(string node, string? apiKey = null) =>
        Of(new ContractHandler(OpenApiContract.Qdrant, Cluster.CreateHandler(node)), new(new Uri("http://qdrant.test:6333")) { ApiKey = apiKey });

    public QdrantClient Of(HttpMessageHandler handler, QdrantConnection connection)
    {
        var http = new HttpClient(handler);
        Clients.Add(http);
        return new(http, connection, Clock);
    }

    public static void NeedsContract() => Assert.SkipWhen(OpenApiContract.Qdrant is null, "Qdrant's OpenAPI document (qdrant-openapi.json of the contract data) is not beside this checkout");

    public void Dispose() => Clients.ForEach(client => client.Dispose());
}
