using System.Net;
using System.Text.Json.Nodes;
using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using Xunit;

namespace LlmOperator.Gateway.Tests.Rag;

public sealed class RetrievalTests
{
    private const string Question = """{"query":"What is rag?"}""";

    [Fact]
    public async Task Three_chunks_of_three_queries_take_two_rewrites_three_vectors_and_nine_searches_of_one()
    {
        await using var rag = await RagBench.StartAsync();
        foreach (var type in new[] { "post", "article", "repository" })
        {
            rag.Put(type, $"{type} about rag");
            rag.Put(type, $"{type} about nothing");
        }

        var (status, body, answer) = await rag.PostAsync("/v1/rag/twin", Question);
        Assert.Equal((200, "the answer"), (status, (string)body["answer"]!));
        var helped = rag.Asked.Where(asked => asked.Endpoint == "helper").Select(asked => asked.Body).ToList();
        Assert.Equal(2, helped.Count);
        Assert.Contains("Write 2 different versions", (string)helped[1]["messages"]![0]!["content"]!, StringComparison.Ordinal);
        Assert.All(helped, one => Assert.Equal(0, (double)one["temperature"]!));
        var embedded = Assert.Single(rag.Asked, asked => asked.Endpoint == "embedder").Body["input"]!.AsArray().Select(text => (string)text!);
        Assert.Equal(["What is rag?", "first rewrite", "second rewrite"], embedded);
        Assert.Equal(9, rag.Qdrant.Queries.Count);
        Assert.All(rag.Qdrant.Queries, query => Assert.Equal((1, (JsonNode?)null), ((int)query["limit"]!, query["filter"])));
        var reranked = Assert.Single(rag.Asked, asked => asked.Endpoint == "reranker").Body;
        Assert.Equal("What is rag?", (string)reranked["query"]!);
        Assert.Equal(6, reranked["documents"]!.AsArray().Count);
        Assert.Equal(["repository about nothing", "article about nothing", "repository about rag"], body["sources"]!.AsArray().Select(source => (string)source!["content"]!));
        Assert.Empty(body["degradations"]!.AsArray());
        Assert.Equal(3, answer.Header("x-llmops-sources")!.Split(',').Length);
    }

    [Fact]
    public async Task The_prompt_holds_query_and_chunks_in_the_order_of_their_scores_and_the_usual_sampling()
    {
        await using var rag = await RagBench.StartAsync();
        rag.Score = text => text switch { "Türkçe {query} post" => 1, "article" => 3, _ => 2 };
        rag.Put("post", "Türkçe {query} post");
        rag.Put("article", "article");
        rag.Put("repository", "repository");
        var (status, body, _) = await rag.PostAsync("/rag", """{"query":"Soru {context}?"}""");
        Assert.Equal((200, """{"answer":"the answer"}"""), (status, body.ToJsonString()));
        var prompt = Assert.Single(rag.Prompts);
        var text = (string)prompt["prompt"]!;
        Assert.Contains("User query: Soru {context}?\nContext: \n            Chunk 1:\n            Type: EmbeddedArticleChunk\n            Platform: medium\n            Author: Ada Kaya\n            Content: article\n\n            \n            Chunk 2:", text, StringComparison.Ordinal);
        Assert.Contains("Chunk 3:\n            Type: EmbeddedPostChunk\n            Platform: medium\n            Author: Ada Kaya\n            Content: Türkçe {query} post\n\n", text, StringComparison.Ordinal);
        Assert.Equal((150, 0.01, 0.9, 1.1), ((int)prompt["max_tokens"]!, (double)prompt["temperature"]!, (double)prompt["top_p"]!, (double)prompt["repetition_penalty"]!));
    }

    [Fact]
    public async Task Scores_that_are_equal_leave_chunks_in_the_order_of_their_ids()
    {
        await using var rag = await RagBench.StartAsync();
        rag.Score = _ => 1;
        foreach (var type in new[] { "post", "article", "repository" })
        {
            rag.Put(type, $"{type} text");
        }

        var (_, first, _) = await rag.PostAsync("/v1/retrieve/twin", Question);
        var ids = first["sources"]!.AsArray().Select(source => (string)source!["id"]!).ToList();
        Assert.Equal(3, ids.Count);
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.Empty(rag.Prompts);
        Assert.Equal(["What is rag?", "first rewrite", "second rewrite"], first["queries"]!.AsArray().Select(query => (string)query!));
    }

    [Theory]
    [InlineData(9, 3)]
    [InlineData(8, 2)]
    [InlineData(3, 1)]
    public async Task Each_search_is_for_a_third_of_what_is_wanted(int topK, int limit)
    {
        await using var rag = await RagBench.StartAsync();
        await rag.PostAsync("/v1/retrieve/twin", $$"""{"query":"q","k":{{topK}}}""");
        Assert.All(rag.Qdrant.Queries, query => Assert.Equal(limit, (int)query["limit"]!));
    }

    [Fact]
    public async Task More_rewrites_than_asked_for_are_left_out_and_a_chunk_found_twice_is_one()
    {
        await using var rag = await RagBench.StartAsync();
        rag.Rewrites = string.Join("#next-question#", Enumerable.Range(0, 10));
        rag.Put("post", "rag");
        var (_, body, _) = await rag.PostAsync("/v1/retrieve/twin", Question);
        Assert.Equal((9, 1, 3), (rag.Qdrant.Queries.Count, body["sources"]!.AsArray().Count, body["queries"]!.AsArray().Count));
    }

    [Theory]
    [InlineData("""{"query":"q","k":2}""", "k")]
    [InlineData("""{"query":"q","k":"3"}""", "k")]
    [InlineData("""{"query":" "}""", "query")]
    [InlineData("""{"query":7}""", "query")]
    [InlineData("""{"query":"q","expand_to":0}""", "expand_to")]
    [InlineData("""{"query":"q","filters":[]}""", "filters")]
    [InlineData("""{"query":"q","filters":{"a":[]}}""", "filters")]
    [InlineData("""{"query":"q","surprise":1}""", "surprise")]
    [InlineData("""{"query":"\ud800"}""", null)]
    [InlineData("[]", null)]
    [InlineData("", null)]
    public async Task A_body_that_is_not_as_it_should_be_is_refused_with_the_field(string body, string? field)
    {
        await using var rag = await RagBench.StartAsync();
        foreach (var (path, expected) in new[] { ("/v1/retrieve/twin", 400), ("/v1/rag/twin", 400), ("/rag", 422) })
        {
            var (status, error, _) = await rag.PostAsync(path, body);
            Assert.Equal((expected, field), (status, (string?)error["error"]!["param"]));
        }

        Assert.Empty(rag.Asked);
    }

    [Fact]
    public async Task A_query_that_names_a_known_author_is_searched_among_their_texts_alone()
    {
        await using var rag = await RagBench.StartAsync();
        rag.Author = " ada kaya\n";
        rag.Put("post", "by Ada");
        rag.Put("article", "by Can rag rag", author: "Can Demir");
        var (_, body, _) = await rag.PostAsync("/v1/retrieve/twin", Question);
        Assert.Equal(9, rag.Qdrant.Queries.Count);
        Assert.All(rag.Qdrant.Queries, query => Assert.Equal("""{"must":[{"key":"author_full_name","match":{"value":"Ada Kaya"}}]}""", query["filter"]!.ToJsonString()));
        Assert.Equal("by Ada", (string)Assert.Single(body["sources"]!.AsArray())!["content"]!);
        Assert.Equal((RagBench.Ada, "Ada Kaya"), ((string)body["author"]!["id"]!, (string)body["author"]!["full_name"]!));
    }

    [Fact]
    public async Task An_id_is_an_id_and_no_name()
    {
        await using var rag = await RagBench.StartAsync();
        rag.Author = RagBench.Can.ToUpperInvariant();
        rag.Put("post", "by Ada");
        rag.Put("article", "by Can", author: "Can Demir");
        var (_, body, _) = await rag.PostAsync("/v1/retrieve/twin", Question);
        Assert.All(rag.Qdrant.Queries, query => Assert.Equal("author_id", (string)query["filter"]!["must"]![0]!["key"]!));
        Assert.Equal("by Can", (string)Assert.Single(body["sources"]!.AsArray())!["content"]!);
    }

    [Theory]
    [InlineData("Çağrı Işık", "ÇAĞRI IŞIK")]
    [InlineData("Çağrı Işık", "C\u0327ag\u0306rı ışık")]
    [InlineData("İrem Yıldız", "irem yıldız")]
    [InlineData("Irene Smith", "IRENE SMITH")]
    [InlineData("Ada Kaya", "\"Ada Kaya.\"")]
    public async Task A_name_is_known_however_it_is_written(string stored, string named)
    {
        await using var rag = await RagBench.StartAsync(spec => spec with { Rag = spec.Rag! with { Retrieval = new() { ExpandTo = 1 } } });
        rag.Author = named;
        rag.Put("post", "theirs", author: stored);
        rag.Put("article", "another's", author: "Can Demir");
        var (_, body, _) = await rag.PostAsync("/v1/retrieve/twin", Question);
        Assert.Equal(("theirs", stored), ((string)Assert.Single(body["sources"]!.AsArray())!["content"]!, (string)body["author"]!["full_name"]!));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("None.")]
    [InlineData("'none'")]
    public async Task A_helper_that_names_nobody_leaves_the_search_as_it_is(string said)
    {
        await using var rag = await RagBench.StartAsync(spec => spec with { Rag = spec.Rag! with { Retrieval = new() { UnknownAuthor = "NoResults" } } });
        rag.Author = said;
        rag.Put("post", "rag");
        var (_, body, _) = await rag.PostAsync("/v1/retrieve/twin", Question);
        Assert.Single(body["sources"]!.AsArray());
        Assert.All(rag.Qdrant.Queries, query => Assert.Null(query["filter"]));
        Assert.DoesNotContain(rag.Qdrant.Requests, request => request.Path.EndsWith("/scroll", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Somebody Else", "NoFilter", 2)]
    [InlineData("1345256", "NoFilter", 2)]
    [InlineData("Somebody Else", "NoResults", 0)]
    public async Task An_author_nobody_knows_is_handled_as_the_endpoint_says_and_nothing_is_created(string author, string policy, int sources)
    {
        await using var rag = await RagBench.StartAsync(spec => spec with { Rag = spec.Rag! with { Retrieval = new() { UnknownAuthor = policy } } });
        rag.Author = author;
        rag.Put("post", "by Ada");
        rag.Put("article", "by Can", author: "Can Demir");
        var (status, body, _) = await rag.PostAsync("/v1/retrieve/twin", Question);
        Assert.Equal((200, sources), (status, body["sources"]!.AsArray().Count));
        Assert.All(rag.Qdrant.Queries, query => Assert.Null(query["filter"]));
        Assert.DoesNotContain(rag.Qdrant.Requests, request => request.Path.EndsWith("/points", StringComparison.Ordinal) || request.Path.EndsWith("/delete", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Filters_of_the_request_hold_for_every_search_and_make_self_query_needless()
    {
        await using var rag = await RagBench.StartAsync();
        await rag.PostAsync("/v1/retrieve/twin", """{"query":"q","expand_to":1,"filters":{"author_full_name":"Ada Kaya","platform":["medium","github"]}}""");
        Assert.DoesNotContain(rag.Asked, asked => asked.Endpoint == "helper");
        Assert.Equal(3, rag.Qdrant.Queries.Count);
        Assert.All(rag.Qdrant.Queries, query => Assert.Equal(
            """[{"key":"author_full_name","match":{"value":"Ada Kaya"}},{"key":"platform","match":{"any":["medium","github"]}}]""",
            query["filter"]!["must"]!.ToJsonString()));
    }

    [Fact]
    public async Task Hybrid_search_fuses_meaning_and_words_and_repeats_the_filter_for_both()
    {
        await using var rag = await RagBench.StartAsync(
            spec => spec with { Rag = spec.Rag! with { Retrieval = new() { ExpandTo = 1, SelfQuery = false, Hybrid = new() { SparseVector = "words", Fusion = "DBSF", Candidates = 7 } } } },
            index => index with { Collections = [index.Collections[0] with { Vectors = null, NamedVectors = [new() { Name = "text", Size = 2 }], SparseVectors = [new() { Name = "words", Modifier = "Idf" }] }, index.Collections[1]] });
        await rag.PostAsync("/v1/retrieve/twin", """{"query":"rag","filters":{"platform":"medium"}}""");
        var hybrid = rag.Qdrant.Requests.Single(request => request.Path.Contains("embedded_posts/points/query", StringComparison.Ordinal)).Body!;
        Assert.Equal(("dbsf", 1), ((string)hybrid["query"]!["fusion"]!, (int)hybrid["limit"]!));
        Assert.Equal(["text", "words"], hybrid["prefetch"]!.AsArray().Select(prefetch => (string)prefetch!["using"]!));
        Assert.All(hybrid["prefetch"]!.AsArray(), prefetch => Assert.Equal((7, "platform"), ((int)prefetch!["limit"]!, (string)prefetch["filter"]!["must"]![0]!["key"]!)));
        Assert.Null(rag.Qdrant.Requests.Single(request => request.Path.Contains("embedded_articles/points/query", StringComparison.Ordinal)).Body!["prefetch"]);
    }

    [Fact]
    public async Task Steps_that_are_switched_off_are_not_taken()
    {
        await using var rag = await RagBench.StartAsync(spec => spec with { Rag = spec.Rag! with { Retrieval = new() { ExpandTo = 1, SelfQuery = false, Collections = ["embedded_posts"] }, Rerank = new() { Enabled = false, EndpointRef = new() { Name = "reranker" } } } });
        rag.Put("post", "rag");
        var (_, body, _) = await rag.PostAsync("/v1/rag/twin", Question);
        Assert.Equal(["embedder", "twin"], rag.Asked.Select(asked => asked.Endpoint).Distinct());
        Assert.Single(rag.Qdrant.Queries);
        Assert.Null(body["sources"]![0]!["rerank_score"]);
    }

    [Fact]
    public async Task A_helper_elsewhere_is_asked_with_its_key_from_a_Secret()
    {
        ScriptedEngine? service = null;
        string? key = null;
        service = await ScriptedEngine.StartAsync(async context =>
        {
            key = context.Request.Headers.Authorization;
            await Answers.JsonAsync(context, """{"choices":[{"index":0,"message":{"content":"none"},"finish_reason":"stop"}]}""");
        });
        await using var running = service;
        await using var rag = await RagBench.StartAsync(
            spec => spec with { Rag = spec.Rag! with { Retrieval = new() { ExpandTo = 1 }, Helper = new() { Url = $"{service.Url}v1/", Model = "gpt-4o-mini", ApiKeySecretRef = new() { Name = "openai", Key = "key" } } } });
        var (_, missing, _) = await rag.PostAsync("/v1/retrieve/twin", Question);
        Assert.Equal(("self_query", "not_configured"), ((string)missing["degradations"]![0]!["step"]!, (string)missing["degradations"]![0]!["reason"]!));
        rag.Bench.Cluster.Put(new LlmOperator.Kubernetes.Objects.Secret { Metadata = new() { Name = "openai", Namespace = Bench.Namespace }, Data = new Dictionary<string, byte[]> { ["key"] = "sk-123\n"u8.ToArray() } });
        while (key is null)
        {
            Assert.False(rag.Bench.Guard.IsCancellationRequested);
            await rag.PostAsync("/v1/retrieve/twin", Question);
        }

        Assert.Equal("Bearer sk-123", key);
    }

    [Fact]
    public async Task Qdrant_is_asked_with_the_key_of_its_Secret()
    {
        await using var rag = await RagBench.StartAsync(index: index => index with { Qdrant = new() { External = new() { Url = "http://qdrant:6333", ApiKeySecretRef = new() { Name = "qdrant", Key = "api-key" } } } });
        var (_, without, _) = await rag.PostAsync("/v1/retrieve/twin", Question);
        Assert.Contains(without["degradations"]!.AsArray(), degradation => (string)degradation!["step"]! == "search" && (string)degradation["reason"]! == "not_configured");
        Assert.Empty(rag.Qdrant.Keys);
        rag.Bench.Cluster.Put(new LlmOperator.Kubernetes.Objects.Secret { Metadata = new() { Name = "qdrant", Namespace = Bench.Namespace }, Data = new Dictionary<string, byte[]> { ["api-key"] = "secret"u8.ToArray() } });
        while (rag.Qdrant.Keys.Count == 0)
        {
            Assert.False(rag.Bench.Guard.IsCancellationRequested);
            await rag.PostAsync("/v1/retrieve/twin", Question);
        }

        Assert.All(rag.Qdrant.Keys, key => Assert.Equal("secret", key));
    }

    [Fact]
    public async Task Without_exactly_one_endpoint_to_answer_by_default_none_is_chosen()
    {
        await using var rag = await RagBench.StartAsync();
        rag.Bench.PutEndpoint("other", new() { ModelRef = new() { Name = "llama" }, Rag = new() { IndexRef = new() { Name = "corpus" } } });
        var refused = await rag.Bench.EventuallyAsync(() => rag.Bench.PostAsync("/rag", Question), answer => answer.StatusCode == HttpStatusCode.NotFound);
        Assert.Equal("no_default_endpoint", (string)(await refused.ErrorAsync())["code"]!);
        rag.Bench.PutEndpoint("other", new() { ModelRef = new() { Name = "llama" }, Rag = new() { IndexRef = new() { Name = "corpus" }, AnswersByDefault = true } });
        await rag.Bench.AddPodAsync("other", Bodies.Text("of the marked one"));
        await rag.Bench.EventuallyAsync(() => rag.Bench.PostAsync("/rag", Question), answer => answer.StatusCode == HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("/v1/rag/nobody", HttpStatusCode.NotFound, "model_not_found")]
    [InlineData("/v1/rag/helper", HttpStatusCode.BadRequest, "rag_not_configured")]
    [InlineData("/v1/retrieve/helper", HttpStatusCode.BadRequest, "rag_not_configured")]
    [InlineData("/v1/rag/", HttpStatusCode.NotFound, "unknown_url")]
    [InlineData("/v1/rag/nobody/documents", HttpStatusCode.NotFound, "index_not_found")]
    public async Task What_is_not_there_says_so(string path, HttpStatusCode status, string code)
    {
        await using var rag = await RagBench.StartAsync();
        using var answer = await rag.Bench.PostAsync(path, Question);
        Assert.Equal((status, code), (answer.StatusCode, (string)(await answer.ErrorAsync())["code"]!));
    }

    [Theory]
    [InlineData("Chat", "/v1/chat/completions")]
    [InlineData("Raw", "/v1/completions")]
    [InlineData("Alpaca", "/v1/completions")]
    public async Task The_prompt_is_laid_out_as_the_model_wants_it(string format, string path)
    {
        await using var rag = await RagBench.StartAsync(spec => spec with { Rag = spec.Rag! with { Retrieval = new() { SelfQuery = false, ExpandTo = 1 } } });
        RagBench.PutModel(rag.Bench, "llama", "mlabonne/TwinLlama-3.1-8B-DPO", format: format);
        while (!rag.Asked.Any(asked => asked.Path == path && (format != "Alpaca" || ((string)asked.Body["prompt"]!).Contains("### Instruction:", StringComparison.Ordinal))))
        {
            Assert.False(rag.Bench.Guard.IsCancellationRequested);
            Assert.Equal(200, (await rag.PostAsync("/v1/rag/twin", Question)).Status);
        }
    }

    [Fact]
    public async Task A_query_that_no_prompt_has_room_for_is_refused_before_the_model_is_asked()
    {
        await using var rag = await RagBench.StartAsync(spec => spec with { Rag = spec.Rag! with { Retrieval = new() { SelfQuery = false, ExpandTo = 1 } } });
        RagBench.PutModel(rag.Bench, "llama", "mlabonne/TwinLlama-3.1-8B-DPO", new() { MaxInputTokens = 62 });
        var question = $$"""{"query":"{{string.Join(' ', Enumerable.Repeat("çok", 100))}}"}""";
        using var refused = await rag.Bench.EventuallyAsync(() => rag.Bench.PostAsync("/v1/rag/twin", question), answer => answer.StatusCode == HttpStatusCode.BadRequest);
        Assert.Equal("context_length_exceeded", (string)(await refused.ErrorAsync())["code"]!);
        var before = rag.Prompts.Count;
        Assert.Equal(400, (await rag.PostAsync("/rag", question)).Status);
        Assert.Equal(before, rag.Prompts.Count);
    }

    [Fact]
    public async Task Chunks_are_left_out_where_the_model_reads_no_more()
    {
        // The tokenizer here counts words: the template has some thirty, and each chunk with its head some twenty.
        await using var rag = await RagBench.StartAsync(spec => spec with { Rag = spec.Rag! with { Retrieval = new() { SelfQuery = false, ExpandTo = 1 } } });
        RagBench.PutModel(rag.Bench, "llama", "mlabonne/TwinLlama-3.1-8B-DPO", new() { MaxInputTokens = 62 });
        foreach (var type in new[] { "post", "article", "repository" })
        {
            rag.Put(type, $"{type} {string.Join(' ', Enumerable.Repeat("rag", 7))}");
        }

        while (true)
        {
            var (_, body, _) = await rag.PostAsync("/v1/rag/twin", Question);
            if (body["degradations"]!.AsArray().Any(one => (string)one!["step"]! == "token_budget"))
            {
                Assert.InRange(((string)rag.Prompts[^1]["prompt"]!).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length, 40, 62);
                Assert.StartsWith("repository", (string)Assert.Single(body["sources"]!.AsArray())!["content"]!, StringComparison.Ordinal);
                return;
            }

            Assert.False(rag.Bench.Guard.IsCancellationRequested);
        }
    }
}
