using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Api.Endpoints;
using LlmOperator.Controllers.RagIndexes.Embedding;
using Xunit;

namespace LlmOperator.Controllers.Tests.RagIndexes.Embedding;

public sealed class OpenAiTextEmbedderTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Texts_are_sent_in_batches_and_vectors_come_in_their_order()
    {
        var server = new Server(request =>
        {
            var texts = request["input"]!.AsArray();
            var data = texts.Select((text, index) => new JsonObject { ["index"] = index, ["embedding"] = new JsonArray(text!.GetValue<string>().Length, 1.5) }).Reverse();
            return (HttpStatusCode.OK, new JsonObject { ["data"] = new JsonArray([.. data]) }.ToJsonString());
        });
        var vectors = await Embedder(server).EmbedAsync([.. Enumerable.Range(1, 70).Select(length => new string('ş', length))], Stop);
        Assert.Equal(Enumerable.Range(1, 70).Select(length => (float)length), vectors.Select(vector => vector[0]));
        Assert.Equal([32, 32, 6], server.Requests.Select(request => request["input"]!.AsArray().Count));
        Assert.Equal(("m", "float"), (server.Requests[0]["model"]!.GetValue<string>(), server.Requests[0]["encoding_format"]!.GetValue<string>()));
        Assert.Equal("http://embedder:80/base/v1/embeddings Bearer key", server.Last);
    }

    [Theory]
    [InlineData(503, "loading", "answered 503: loading")]
    [InlineData(200, "not json", "no list of embeddings")]
    [InlineData(200, """{"data":[]}""", "answered 0 embeddings for 1 texts")]
    [InlineData(200, """{"data":[{"index":3,"embedding":[1]}]}""", "an embedding of index 3 for 1 texts")]
    [InlineData(0, "", "was not reached: no route")]
    public async Task An_answer_that_is_none_says_where_it_came_from(int status, string body, string message)
    {
        var server = new Server(_ => status == 0 ? throw new HttpRequestException("no route") : ((HttpStatusCode)status, body));
        var fault = await Assert.ThrowsAsync<EmbeddingException>(() => Embedder(server).EmbedAsync(["a"], Stop));
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        Assert.Contains("http://embedder/base/v1/embeddings", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("key", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_vectors_are_taken_from_an_endpoint_that_may_make_others()
    {
        string? reason = null;
        var server = new Server(request => (HttpStatusCode.OK, new JsonObject { ["data"] = new JsonArray([.. request["input"]!.AsArray().Select((_, index) => (JsonNode)new JsonObject { ["index"] = index, ["embedding"] = new JsonArray(1) })]) }.ToJsonString()));
        var embedder = new OpenAiTextEmbedder(new HttpClient(server), new("http://embedder"), "m", whyNot: () => reason);
        Assert.Single(await embedder.EmbedAsync(["a"], Stop));

        reason = "it rolls";
        var fault = await Assert.ThrowsAsync<EmbeddingException>(() => embedder.EmbedAsync(["a"], Stop));
        Assert.Equal((reason, 1), (fault.Message, server.Requests.Count));

        // It begins to roll while it is asked: nobody knows which pod has answered.
        reason = null;
        server.Asked = () => reason = "it rolls";
        await Assert.ThrowsAsync<EmbeddingException>(() => embedder.EmbedAsync(["a"], Stop));
        Assert.Equal(2, server.Requests.Count);
    }

    private static OpenAiTextEmbedder Embedder(Server server) => new(new HttpClient(server), new("http://embedder/base/"), "m", "key");

    private sealed class Server(Func<JsonNode, (HttpStatusCode Status, string Body)> answer) : HttpMessageHandler
    {
        public List<JsonNode> Requests { get; } = [];

        public string Last { get; private set; } = "";

        public Action? Asked { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Add(JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!);
            Last = $"http://{request.RequestUri!.Host}:{request.RequestUri.Port}{request.RequestUri.AbsolutePath} {request.Headers.Authorization}";
            Asked?.Invoke();
            var (status, body) = answer(Requests[^1]);
            return new(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        }
    }
}
