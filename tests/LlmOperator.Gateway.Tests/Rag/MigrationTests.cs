using System.Text.Json.Nodes;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Gateway.Rag.Texts;
using LlmOperator.PromptTrace.Tests.Fakes;
using Xunit;

namespace LlmOperator.Gateway.Tests.Rag;

/// <summary>An index on its way from all-MiniLM-L6-v2 (two numbers) to e5-small (three), one collection after the other.</summary>
public sealed class MigrationTests
{
    private const string Question = """{"query":"What is rag?"}""";
    private const string Documents = "/v1/rag/corpus/documents";
    private const string Old = "sentence-transformers/all-MiniLM-L6-v2";
    private const string New = "intfloat/e5-small";

    [Fact]
    public async Task Each_collection_is_searched_with_vectors_of_the_model_that_made_its_own()
    {
        await using var rag = await StartAsync(("embedded_posts", "-g2", New, "embedder-new"), ("embedded_articles", "-g1", Old, "embedder"));
        rag.Qdrant.Split("embedded_posts", ("-g2", Marks(New, "embedder-new")), ("-g1", Marks(Old, "embedder")));
        rag.Qdrant.Split("embedded_articles", ("-g1", Marks(Old, "embedder")), ("-g2", Marks(New, "embedder-new")));
        Assert.Equal(200, (await rag.PostAsync("/v1/retrieve/twin", Question)).Status);
        Assert.Equal([3, 3, 3], Sizes(rag, "embedded_posts-g2"));
        Assert.Equal([2, 2, 2], Sizes(rag, "embedded_articles-g1"));
        Assert.Equal(["embedder", "embedder-new"], rag.Asked.Where(asked => asked.Path == "/v1/embeddings").Select(asked => asked.Endpoint).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Until_the_status_tells_of_the_switch_the_former_generation_is_asked_and_not_the_alias()
    {
        await using var rag = await StartAsync(("embedded_posts", "-g1", Old, "embedder"));
        rag.Put("post", "rag of before");
        rag.Qdrant.Split("embedded_posts", ("-g1", Marks(Old, "embedder")), ("-g2", Marks(New, "embedder-new")));
        rag.Qdrant.Aliases["embedded_posts"] = "embedded_posts-g2";
        var (_, body, _) = await rag.PostAsync("/v1/retrieve/twin", Question);
        Assert.Equal("rag of before", (string)Assert.Single(body["sources"]!.AsArray())!["content"]!);
        Assert.Empty(body["degradations"]!.AsArray());
    }

    [Fact]
    public async Task A_generation_that_is_gone_is_looked_for_under_the_alias_with_vectors_of_the_specs_model()
    {
        await using var rag = await StartAsync(("embedded_posts", "-g1", Old, "embedder"));
        rag.Qdrant.Split("embedded_posts", ("-g2", Marks(New, "embedder-new")));
        rag.Qdrant.Put("embedded_posts-g2", ChunkId.Of("rag"), new() { ["content"] = "rag", ["metadata"] = new JsonObject { ["embedding_model_id"] = New } }, 3, 1, 0);
        var (_, body, _) = await rag.PostAsync("/v1/retrieve/twin", Question);
        Assert.Equal(("rag", 0), ((string)Assert.Single(body["sources"]!.AsArray())!["content"]!, body["degradations"]!.AsArray().Count));
    }

    [Fact]
    public async Task A_model_whose_endpoint_is_gone_costs_its_collections_alone()
    {
        await using var rag = await StartAsync(("embedded_posts", "-g1", "some/other", null), ("embedded_articles", null, Old, "embedder"), ("embedded_repositories", null, Old, "embedder"));
        rag.Put("article", "rag article");
        var (_, body, _) = await rag.PostAsync("/v1/retrieve/twin", Question);
        Assert.Equal("rag article", (string)Assert.Single(body["sources"]!.AsArray())!["content"]!);
        var one = Assert.Single(body["degradations"]!.AsArray())!;
        Assert.Equal(("embedding", "not_configured"), ((string)one["step"]!, (string)one["reason"]!));
    }

    [Fact]
    public async Task Documents_are_written_to_both_generations_each_with_vectors_of_its_model_and_deleted_from_both()
    {
        await using var rag = await StartAsync();
        rag.Qdrant.Split("embedded_posts", ("-g1", Marks(Old, "embedder")), ("-g2", Marks(New, "embedder-new")), ("-g3", Marks("of/another", null, "another/owner")));
        Assert.Equal(200, (await rag.PostAsync(Documents, """{"id":"d1","type":"post","content":"about rag"}""")).Status);
        var (old, now) = (Assert.Single(rag.Qdrant.Points("embedded_posts-g1")), Assert.Single(rag.Qdrant.Points("embedded_posts-g2")));
        Assert.Equal((2, 3), (old["vector"]!.AsArray().Count, now["vector"]!.AsArray().Count));
        Assert.Equal((Old, 2, New, 3), ((string)old["payload"]!["metadata"]!["embedding_model_id"]!, (int)old["payload"]!["metadata"]!["embedding_size"]!, (string)now["payload"]!["metadata"]!["embedding_model_id"]!, (int)now["payload"]!["metadata"]!["embedding_size"]!));
        Assert.Empty(rag.Qdrant.Points("embedded_posts-g3"));
        using var deleted = await rag.Bench.SendAsync(HttpMethod.Delete, $"{Documents}/d1");
        Assert.Equal("""{"id":"d1","deleted":true,"points":2}""", await deleted.Content.ReadAsStringAsync(rag.Bench.Guard));
        Assert.Equal((0, 0), (rag.Qdrant.Points("embedded_posts-g1").Count, rag.Qdrant.Points("embedded_posts-g2").Count));
    }

    [Fact]
    public async Task What_was_written_while_the_alias_moved_or_a_generation_was_begun_is_written_there_too()
    {
        await using var rag = await StartAsync();
        rag.Qdrant.Split("embedded_posts", ("-g1", Marks(Old, "embedder")));
        var moved = 0;
        rag.Qdrant.Before = path =>
        {
            if (path == "/collections/embedded_posts-g1/points" && Interlocked.Exchange(ref moved, 1) == 0)
            {
                rag.Qdrant.Add("embedded_posts-g2");
                rag.Qdrant.Metadata["embedded_posts-g2"] = Marks(New, "embedder-new");
                rag.Qdrant.Aliases["embedded_posts"] = "embedded_posts-g2";
            }
        };
        Assert.Equal(200, (await rag.PostAsync(Documents, """{"id":"d1","type":"post","content":"about rag"}""")).Status);
        Assert.Single(rag.Qdrant.Points("embedded_posts-g2"));
    }

    [Fact]
    public async Task A_model_that_is_not_there_yet_keeps_no_document_from_being_taken_unless_nobody_else_fills_its_generation()
    {
        await using var rag = await StartAsync();
        rag.Instead = (name, _, context) => name == "embedder-new" ? Answers.JsonAsync(context, "{}", 500) : null;
        rag.Qdrant.Split("embedded_posts", ("-g1", Marks(Old, "embedder")), ("-g2", Marks(New, "embedder-new")));
        Assert.Equal(200, (await rag.PostAsync(Documents, """{"id":"d1","type":"post","content":"about rag"}""")).Status);
        Assert.Empty(rag.Qdrant.Points("embedded_posts-g2"));
        rag.Qdrant.Metadata["embedded_posts-g2"]["llmops.dev/migration"] = new JsonObject { ["from"] = "embedded_posts-g1", ["method"] = "Fill", ["phase"] = "Filling" };
        Assert.Equal(503, (await rag.PostAsync(Documents, """{"id":"d1","type":"post","content":"about rag"}""")).Status);
    }

    [Fact]
    public async Task Points_another_gateway_took_away_in_between_are_written_again()
    {
        await using var rag = await StartAsync();
        var times = 0;
        rag.Qdrant.Before = path =>
        {
            if (path == "/collections/embedded_posts/points/count" && Interlocked.Increment(ref times) == 1)
            {
                rag.Qdrant.Remove("embedded_posts");
                rag.Qdrant.Add("embedded_posts");
            }
        };
        Assert.Equal(200, (await rag.PostAsync(Documents, """{"id":"d1","type":"post","content":"about rag"}""")).Status);
        Assert.Single(rag.Qdrant.Points("embedded_posts"));
        rag.Qdrant.Before = path =>
        {
            if (path == "/collections/embedded_posts/points/count")
            {
                rag.Qdrant.Remove("embedded_posts");
                rag.Qdrant.Add("embedded_posts");
            }
        };
        var (status, body, _) = await rag.PostAsync(Documents, """{"id":"d1","type":"post","content":"about rag"}""");
        Assert.Equal((409, "documents_changing"), (status, (string)body["error"]!["code"]!));
    }

    [Fact]
    public async Task Texts_of_one_document_that_come_at_once_leave_one_of_them_whole()
    {
        await using var rag = await StartAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(number => rag.PostAsync(Documents, $$"""[{"id":"d1","type":"post","content":"version {{number}}"},{"id":"d2","type":"post","content":"other {{number}}"}]""")));
        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        var left = rag.Qdrant.Points("embedded_posts").Select(point => (string)point["payload"]!["content"]!).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(2, left.Count);
        Assert.Equal(left[0].Split(' ')[1], left[1].Split(' ')[1]);
    }

    private static JsonObject Marks(string model, string? endpoint, string owner = "default/corpus/uid") => new()
    {
        ["llmops.dev/owner"] = owner,
        ["llmops.dev/embedding-model"] = model,
        ["llmops.dev/embedding-endpoint"] = endpoint,
    };

    /// <summary>An index whose spec asks for the new model already, and what its status tells of its collections.</summary>
    private static Task<RagBench> StartAsync(params (string Collection, string? Suffix, string Model, string? Endpoint)[] told) => RagBench.StartAsync(
        index: index => index with { Embedding = new() { Model = New, Size = 3, EndpointRef = new() { Name = "embedder-new" } }, Collections = [.. index.Collections.Select(one => one.Vectors is null ? one : one with { Vectors = new() { Size = 3 } })] },
        status: new() { Collections = [.. told.Select(one => new CollectionStatus { Name = one.Collection, PhysicalName = one.Suffix is null ? null : one.Collection + one.Suffix, EmbeddingModel = one.Model, EmbeddingEndpoint = one.Endpoint })] });

    private static IEnumerable<int> Sizes(RagBench rag, string collection) => rag.Qdrant.Requests.Where(request => request.Path == $"/collections/{collection}/points/query").Select(request => request.Body!["query"]!.AsArray().Count);
}
