using System.Net;
using System.Text;
using LlmOperator.Sandbox.StandIns.Qdrant;
using LlmOperator.Testing.Contracts;
using Moq;
using Xunit;

namespace LlmOperator.Qdrant.Tests;

/// <summary>The check of requests and answers itself, and what only it can say.</summary>
public class ContractTests
{
    [Theory]
    [InlineData("PUT", "/collections/c", """{"vectors":{"size":4,"distance":"Cosine"}}""", null)]
    [InlineData("PUT", "/collections/c", """{"vectors":{"size":4,"distance":"Cosine","sise":4}}""", "sise")]
    [InlineData("PUT", "/collections/c", """{"vectors":{"distance":"Cosine"}}""", "size")]
    [InlineData("PUT", "/collections/c", """{"vectors":{"size":4,"distance":"cosine"}}""", "distance")]
    [InlineData("PUT", "/collections/c", """{"shard_number":0}""", "shard_number")]
    [InlineData("PUT", "/collections/c?tiemout=3", """{}""", "tiemout")]
    [InlineData("PUT", "/collections/c?timeout=soon", """{}""", "timeout")]
    [InlineData("PUT", "/collections/c?timeout=3", """{"metadata":{"any":{"thing":[1,null]}}}""", null)]
    [InlineData("POST", "/collections/c", "{}", "no such operation")]
    [InlineData("POST", "/collections/c/points/scroll", """{"filter":{"most":[]}}""", "most")]
    [InlineData("POST", "/collections/c/points/delete", """{}""", "missing")]
    [InlineData("DELETE", "/collections/c", "{}", "no body")]
    public void A_request_is_checked_to_the_last_property(string method, string target, string body, string? problem)
    {
        Server.NeedsContract();

        var problems = OpenApiContract.Qdrant!.CheckRequest(method, target, Encoding.UTF8.GetBytes(body), "application/json");

        if (problem is null)
        {
            Assert.Empty(problems);
        }
        else
        {
            Assert.Contains(problems, found => found.Contains(problem, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task The_stand_in_answers_health_metrics_and_version_as_the_contract_has_it_and_says_what_it_is()
    {
        Server.NeedsContract();
        var cluster = new QdrantCluster();
        using var handler = new ContractHandler(OpenApiContract.Qdrant, cluster.CreateHandler());
        using var http = new HttpClient(handler) { BaseAddress = new("http://qdrant.test") };

        foreach (var path in new[] { "/healthz", "/livez", "/readyz", "/metrics", "/cluster", "/collections", "/aliases", "/snapshots" })
        {
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri(path, UriKind.Relative), Server.Stop)).StatusCode);
        }

        Assert.Contains("stand-in", await http.GetStringAsync(new Uri("/", UriKind.Relative), Server.Stop), StringComparison.Ordinal);
        Assert.Equal(9, handler.Checked);
    }

    [Theory]
    [InlineData("PUT", "/collections/c", """{"vectors":{"size":0,"distance":"Dot"}}""", 422)]
    [InlineData("PUT", "/collections/c", """{"vectors":{"size":"4","distance":"Dot"}}""", 400)]
    [InlineData("PUT", "/collections/c", """{"vectors":{"size":4""", 400)]
    [InlineData("PUT", "/collections/c", """{"vectors":{"size":4,"distance":"Dot","memory":"pinned"}}""", 422)]
    [InlineData("PUT", "/collections/a%3Fb", """{}""", 422)]
    [InlineData("PUT", "/collections/c", """{"quantization_config":{"scalar":{"quantile":0.9}}}""", 400)]
    [InlineData("POST", "/collections/none/points/count", "{}", 404)]
    [InlineData("GET", "/nowhere", null, 404)]
    public async Task Bad_input_is_refused_with_the_status_of_the_real_one(string method, string path, string? body, int status)
    {
        using var handler = new QdrantCluster().CreateHandler();
        using var http = new HttpClient(handler);
        using var request = new HttpRequestMessage(new(method), $"http://qdrant.test{path}") { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };

        Assert.Equal(status, (int)(await http.SendAsync(request, Server.Stop)).StatusCode);
    }

    [Fact]
    public async Task The_same_stand_in_answers_on_a_socket()
    {
        var cluster = new QdrantCluster { ApiKey = "key" };
        await using var standIn = await QdrantStandIn.StartAsync(cluster, cancellationToken: Server.Stop);
        using var http = new HttpClient();
        var client = new QdrantClient(http, new(standIn.Address) { ApiKey = "key" }, TimeProvider.System);

        await client.CreateCollectionAsync("yazılar", new() { Vectors = CollectionTests.Unnamed(2) }, Server.Stop);

        Assert.Equal(["yazılar"], await client.ListCollectionsAsync(Server.Stop));
        Assert.Contains("stand-in", (await client.GetVersionAsync(Server.Stop)).Version, StringComparison.Ordinal);
        cluster.BeforeRequest = (_, _) => new(QdrantFault.LoseAnswer);
        Assert.Equal(QdrantErrorKind.Unreachable, (await Assert.ThrowsAsync<QdrantException>(() => client.DeleteCollectionAsync("yazılar", Server.Stop))).Kind);
        cluster.BeforeRequest = null;
        Assert.Empty(await client.ListCollectionsAsync(Server.Stop));
    }

    [Fact]
    public async Task Another_client_can_stand_behind_the_interface()
    {
        var other = new Mock<IQdrantClient>();
        other.Setup(client => client.GetCollectionAsync("c", It.IsAny<CancellationToken>())).ReturnsAsync((Collections.CollectionInfo?)null);

        Assert.Null(await other.Object.GetCollectionAsync("c", Server.Stop));
    }
}
