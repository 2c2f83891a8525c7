using System.Net;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using Xunit;

namespace LlmOperator.Gateway.Tests.Rag;

public sealed class DegradationTests
{
    private const string Question = """{"query":"What is rag?"}""";

    [Fact]
    public async Task Where_nothing_matches_the_answer_has_an_empty_context_and_nothing_failed()
    {
        await using var rag = await RagBench.StartAsync();
        var (status, body, _) = await rag.PostAsync("/v1/rag/twin", Question);
        Assert.Equal((200, 0, 0), (status, body["sources"]!.AsArray().Count, body["degradations"]!.AsArray().Count));
        Assert.EndsWith("Context: \n            ", (string)Assert.Single(rag.Prompts)["prompt"]!, StringComparison.Ordinal);
        Assert.DoesNotContain(rag.Asked, asked => asked.Endpoint == "reranker");
    }

    [Theory]
    [InlineData("helper", "self_query,query_expansion", "failed", 1)]
    [InlineData("reranker", "rerank", "failed", 1)]
    [InlineData("embedder", "embedding", "failed", 0)]
    public async Task A_model_that_fails_costs_what_it_would_have_added(string endpoint, string steps, string reason, int sources)
    {
        await using var rag = await RagBench.StartAsync();
        rag.Instead = (name, _, context) => name == endpoint ? Answers.JsonAsync(context, "{}", 500) : null;
        rag.Put("post", "rag");
        var (status, body, _) = await rag.PostAsync("/v1/rag/twin", Question);
        Assert.Equal((200, "the answer", sources), (status, (string)body["answer"]!, body["sources"]!.AsArray().Count));
        Assert.Equal(steps.Split(','), body["degradations"]!.AsArray().Select(one => (string)one!["step"]!));
        Assert.All(body["degradations"]!.AsArray(), one => Assert.Equal(reason, (string)one!["reason"]!));
        foreach (var step in steps.Split(','))
        {
            await rag.Bench.MetricsAsync($"llm_gateway_rag_degradations_total{{step=\"{step}\",reason=\"{reason}\"}} 1");
        }
    }

    [Theory]
    [InlineData("helper", "self_query,query_expansion")]
    [InlineData("reranker", "rerank")]
    public async Task A_model_that_does_not_answer_in_time_does_so_too(string endpoint, string steps)
    {
        await using var rag = await RagBench.StartAsync();
        rag.Instead = (name, _, context) => name == endpoint ? Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default) : null;
        rag.Put("post", "rag");
        var asking = rag.PostAsync("/v1/rag/twin", Question);

        // The time goes on when it is the model's turn.
        await LlmOperator.Kubernetes.Tests.Fakes.Until.TrueAsync(() => rag.Asked.Any(asked => asked.Endpoint == endpoint), "the model is asked");
        rag.Bench.Time.Advance(TimeSpan.FromSeconds(10));
        await LlmOperator.Kubernetes.Tests.Fakes.Until.TrueAsync(() => asking.IsCompleted, "the answer comes");
        var (status, body, _) = await asking;
        Assert.Equal((200, 1), (status, body["sources"]!.AsArray().Count));
        Assert.Equal(steps.Split(','), body["degradations"]!.AsArray().Select(one => (string)one!["step"]!));
        Assert.All(body["degradations"]!.AsArray(), one => Assert.Equal("timeout", (string)one!["reason"]!));
    }

    [Theory]
    [InlineData("reranker", "rerank", """{"results":[{"index":0,"relevance_score":1e999}]}""")]
    [InlineData("reranker", "rerank", """{"results":[{"index":7,"relevance_score":1}]}""")]
    [InlineData("embedder", "embedding", """{"data":[{"index":0,"embedding":[1e99,1]},{"index":1,"embedding":[1,1]},{"index":2,"embedding":[1,1]}]}""")]
    public async Task Numbers_that_mean_nothing_are_no_answer(string endpoint, string step, string said)
    {
        await using var rag = await RagBench.StartAsync();
        rag.Put("post", "rag");
        rag.Instead = (name, _, context) => name == endpoint ? Answers.JsonAsync(context, said) : null;
        var (status, body, _) = await rag.PostAsync("/v1/rag/twin", Question);
        Assert.Equal(200, status);
        var one = Assert.Single(body["degradations"]!.AsArray())!;
        Assert.Equal((step, "invalid_answer"), ((string)one["step"]!, (string)one["reason"]!));
    }

    [Fact]
    public async Task Nobody_is_unknown_while_a_collection_could_not_be_asked()
    {
        await using var rag = await RagBench.StartAsync(spec => spec with { Rag = spec.Rag! with { Retrieval = new() { ExpandTo = 1, UnknownAuthor = "NoResults" } } });
        rag.Author = "Ada Kaya";
        rag.Put("article", "rag by somebody", author: "Can Demir");
        rag.Qdrant.Fault = path => path.EndsWith("embedded_posts/points/scroll", StringComparison.Ordinal) ? HttpStatusCode.BadRequest : null;
        var (_, body, _) = await rag.PostAsync("/v1/retrieve/twin", Question);
        Assert.Single(body["sources"]!.AsArray());
        var one = Assert.Single(body["degradations"]!.AsArray())!;
        Assert.Equal(("self_query", "refused"), ((string)one["step"]!, (string)one["reason"]!));
    }

    [Fact]
    public async Task A_collection_that_is_missing_counts_as_no_hits()
    {
        await using var rag = await RagBench.StartAsync();
        rag.Put("post", "rag");
        rag.Qdrant.Fault = path => path.Contains("embedded_articles", StringComparison.Ordinal) ? HttpStatusCode.NotFound : null;
        var (status, body, _) = await rag.PostAsync("/v1/rag/twin", Question);
        Assert.Equal((200, 1), (status, body["sources"]!.AsArray().Count));
        var one = Assert.Single(body["degradations"]!.AsArray())!;
        Assert.Equal(("search", "collection_missing"), ((string)one["step"]!, (string)one["reason"]!));
        rag.Qdrant.Fault = _ => HttpStatusCode.NotFound;
        Assert.Equal(200, (await rag.PostAsync("/v1/rag/twin", Question)).Status);
    }

    [Theory]
    [InlineData("Answer", 200)]
    [InlineData("Refuse", 503)]
    public async Task With_Qdrant_wholly_down_the_endpoints_policy_holds(string policy, int expected)
    {
        await using var rag = await RagBench.StartAsync(spec => spec with { Rag = spec.Rag! with { Retrieval = new() { OnUnavailable = policy } } });
        rag.Qdrant.Fault = _ => 0;
        var asking = rag.PostAsync("/v1/rag/twin", Question);
        await AskedTwiceAsync(rag, before: 0);
        var (status, body, _) = await asking;
        Assert.Equal(expected, status);
        if (policy == "Refuse")
        {
            Assert.Equal("retrieval_unavailable", (string)body["error"]!["code"]!);
            Assert.Empty(rag.Prompts);
            var before = rag.Qdrant.Requests.Count;
            var chatting = rag.Bench.PostAsync("/v1/chat/completions", """{"model":"twin","messages":[{"role":"user","content":"q"}]}""");
            await AskedTwiceAsync(rag, before);
            using var chat = await chatting;
            Assert.Equal(HttpStatusCode.ServiceUnavailable, chat.StatusCode);
        }
        else
        {
            Assert.EndsWith("Context: \n            ", (string)Assert.Single(rag.Prompts)["prompt"]!, StringComparison.Ordinal);
        }

        await rag.Bench.MetricsAsync("llm_gateway_rag_degradations_total{step=\"search\",reason=\"unavailable\"}");
    }

    /// <summary>All nine searches have failed, and have been sent again as often as they are. The clock runs no further: what else is asked over the wire must not come too late by it.</summary>
    private static async Task AskedTwiceAsync(RagBench rag, int before)
    {
        await LlmOperator.Kubernetes.Tests.Fakes.Until.TrueAsync(() => rag.Qdrant.Requests.Count >= before + 9, "Qdrant is asked");
        await LlmOperator.Kubernetes.Tests.Fakes.Until.TrueAsync(() => rag.Qdrant.Requests.Count >= before + 18, "Qdrant is asked again", rag.Bench.Time, TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public async Task Another_embedding_model_than_the_indexs_is_noticed_before_anything_is_searched()
    {
        await using var rag = await RagBench.StartAsync(index: index => index with { Embedding = index.Embedding! with { Model = "intfloat/e5-small" } });
        rag.Put("post", "rag");
        var (_, body, _) = await rag.PostAsync("/v1/rag/twin", Question);
        Assert.Contains(body["degradations"]!.AsArray(), one => (string)one!["step"]! == "embedding" && (string)one["reason"]! == "model_mismatch");
        Assert.Empty(rag.Qdrant.Queries);
    }

    [Fact]
    public async Task Vectors_of_another_size_than_the_indexs_are_not_searched_with()
    {
        await using var rag = await RagBench.StartAsync(index: index => index with { Embedding = index.Embedding! with { Size = 384 }, Collections = [new() { Name = "embedded_posts", Vectors = new() { Size = 384 } }] });
        var (_, body, _) = await rag.PostAsync("/v1/rag/twin", Question);
        Assert.Contains(body["degradations"]!.AsArray(), one => (string)one!["reason"]! == "size_mismatch");
        Assert.Empty(rag.Qdrant.Queries);
    }

    [Fact]
    public async Task Points_that_another_model_made_are_left_out()
    {
        await using var rag = await RagBench.StartAsync();
        rag.Put("post", "rag of old", model: "intfloat/e5-small");
        rag.Put("article", "rag of now");
        var (_, body, _) = await rag.PostAsync("/v1/rag/twin", Question);
        Assert.Equal("rag of now", (string)Assert.Single(body["sources"]!.AsArray())!["content"]!);
        Assert.Contains(body["degradations"]!.AsArray(), one => (string)one!["step"]! == "search" && (string)one["reason"]! == "model_mismatch");
    }

    [Theory]
    [InlineData(500, "{}", 502, "engine_failed")]
    [InlineData(200, "{}", 502, "engine_failed")]
    [InlineData(400, """{"error":{"message":"secret details"}}""", 502, "engine_failed")]
    public async Task A_model_that_does_not_answer_the_prompt_is_told_without_its_words(int status, string said, int expected, string code)
    {
        await using var rag = await RagBench.StartAsync();
        rag.Instead = (name, path, context) => name == "twin" && path != "/tokenize" ? Answers.JsonAsync(context, said, status) : null;
        var (found, body, answer) = await rag.PostAsync("/rag", Question);
        Assert.Equal((expected, code), (found, (string)body["error"]!["code"]!));
        Assert.DoesNotContain("secret details", body.ToJsonString(), StringComparison.Ordinal);
        Assert.NotNull(answer.Header("x-llmops-trace-id"));
    }
}
