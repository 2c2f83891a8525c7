using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Gateway.Rag.Serving;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using Xunit;

namespace LlmOperator.Gateway.Tests.Rag;

public sealed class ChatTests
{
    private const string Chat = """{"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"What is rag? \"ü\""}],"model":"twin","x":1.0}""";

    [Fact]
    public async Task The_last_question_of_a_chat_becomes_the_prompt_and_nothing_else_changes()
    {
        await using var rag = await RagBench.StartAsync();
        rag.Put("post", "Türkçe rag");
        var (status, body, answer) = await rag.PostAsync("/v1/chat/completions", Chat);
        Assert.Equal((200, "the answer"), (status, (string)body["choices"]![0]!["message"]!["content"]!));
        var asked = Assert.Single(rag.Prompts);
        Assert.Equal(("be brief", 1.0, 150, 0.01), ((string)asked["messages"]![0]!["content"]!, (double)asked["x"]!, (int)asked["max_tokens"]!, (double)asked["temperature"]!));
        var prompt = (string)asked["messages"]![1]!["content"]!;
        Assert.Contains("User query: What is rag? \"ü\"\n", prompt, StringComparison.Ordinal);
        Assert.Contains("Content: Türkçe rag\n", prompt, StringComparison.Ordinal);
        Assert.Equal("Türkçe rag", (string)body["llmops"]!["sources"]![0]!["content"]!);
        Assert.StartsWith("embedded_posts/", answer.Header("x-llmops-sources"), StringComparison.Ordinal);
        Assert.NotNull(answer.Header("x-llmops-template-hash"));
    }

    [Fact]
    public async Task A_stream_ends_with_a_chunk_that_has_the_sources()
    {
        await using var rag = await RagBench.StartAsync();
        rag.Put("post", "rag");
        rag.Instead = (name, path, context) => name == "twin" && path == "/v1/chat/completions" ? Answers.StreamAsync(context, Answers.Chunk("one "), Answers.Chunk("two", "stop"), "[DONE]") : null;
        using var answer = await rag.Bench.PostAsync("/v1/chat/completions", Chat.Replace("\"x\"", "\"stream\":true,\"x\"", StringComparison.Ordinal));
        var events = (await answer.Content.ReadAsStringAsync(rag.Bench.Guard)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([$"data: {Answers.Chunk("one ")}", $"data: {Answers.Chunk("two", "stop")}", "data: [DONE]"], [events[0], events[1], events[3]]);
        var last = JsonNode.Parse(events[2]["data: ".Length..])!;
        Assert.Equal(("chatcmpl-1", "chat.completion.chunk", 0, "rag"), ((string)last["id"]!, (string)last["object"]!, last["choices"]!.AsArray().Count, (string)last["llmops"]!["sources"]![0]!["content"]!));
        Assert.StartsWith("embedded_posts/", answer.Header("x-llmops-sources"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_endpoints_own_template_is_used_and_what_is_put_in_is_never_expanded()
    {
        await using var rag = await RagBench.StartAsync(spec => spec with { Prompt = new() { TemplateRef = new() { Name = "prompts", Key = "rag" } } });
        rag.Put("post", "rag {query} }} {context}");
        using var early = await rag.Bench.PostAsync("/v1/chat/completions", Chat);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "prompt_template_invalid"), (early.StatusCode, (string)(await early.ErrorAsync())["code"]!));
        Assert.Empty(rag.Asked);
        rag.Bench.PutConfigMap("prompts", "rag", "<{query}|{context}>");
        using var answer = await rag.Bench.EventuallyAsync(() => rag.Bench.PostAsync("/v1/chat/completions", Chat), one => one.StatusCode == HttpStatusCode.OK);
        var prompt = (string)rag.Prompts[^1]["messages"]![1]!["content"]!;
        Assert.StartsWith("<What is rag? \"ü\"|", prompt, StringComparison.Ordinal);
        Assert.Contains("Content: rag {query} }} {context}\n", prompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_chat_without_a_question_and_other_routes_pass_as_they_are()
    {
        await using var rag = await RagBench.StartAsync();
        using var chat = await rag.Bench.PostAsync("/v1/chat/completions", """{"model":"twin","messages":[{"role":"system","content":"x"}]}""");
        using var completion = await rag.Bench.PostAsync("/v1/completions", """{"model":"twin","prompt":"x"}""");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (chat.StatusCode, completion.StatusCode));
        Assert.Empty(rag.Qdrant.Requests);
        Assert.Equal(["twin"], rag.Asked.Select(asked => asked.Endpoint).Distinct());
    }

    [Fact]
    public async Task An_error_of_the_engine_passes_as_it_is()
    {
        await using var rag = await RagBench.StartAsync();
        rag.Instead = (name, path, context) => name == "twin" && path != "/tokenize" ? Answers.JsonAsync(context, """{"error":{"message":"too long"}}""", 400) : null;
        using var answer = await rag.Bench.PostAsync("/v1/chat/completions", Chat);
        Assert.Equal((HttpStatusCode.BadRequest, """{"error":{"message":"too long"}}"""), (answer.StatusCode, await answer.Content.ReadAsStringAsync(rag.Bench.Guard)));
    }

    [Theory]
    [InlineData("data: {\"a\":1}\n\ndata: [DONE]\n\n", "data: {\"a\":1}\n\nX\n\ndata: [DONE]\n\n")]
    [InlineData("data: {\"a\":1}\r\n\r\ndata:[DONE]\r\n\r\n", "data: {\"a\":1}\r\n\r\nX\n\ndata:[DONE]\r\n\r\n")]
    [InlineData("data: {\"a\":\"data: [DONE]\"}\n\n", "data: {\"a\":\"data: [DONE]\"}\n\nX\n\n")]
    [InlineData(": ping\n\ndat: x\n", ": ping\n\ndat: x\nX\n\n")]
    [InlineData("data: [DONE]\n\ndata: [DONE]\n\n", "X\n\ndata: [DONE]\n\ndata: [DONE]\n\n")]
    [InlineData("data: {}", "data: {}\n\nX\n\n")]
    [InlineData("", "X\n\n")]
    public void The_event_goes_before_the_end_mark_however_the_stream_is_cut(string stream, string expected) =>
        AssertRewritten(() => new StreamRewriter(() => "X\n\n"u8.ToArray()), stream, expected);

    [Theory]
    [InlineData("{\"a\":{\"b\":1}}\n", "{\"a\":{\"b\":1},\"x\":2}\n")]
    [InlineData("{ }", "{ \"x\":2}")]
    [InlineData("{\"a\":\"}\"}  ", "{\"a\":\"}\",\"x\":2}  ")]
    [InlineData("[1]", "[1]")]
    [InlineData("", "")]
    public void The_field_goes_before_the_last_brace_however_the_answer_is_cut(string answer, string expected) =>
        AssertRewritten(() => new WholeAnswerRewriter(() => "\"x\":2"u8.ToArray()), answer, expected);

    private static void AssertRewritten(Func<LlmOperator.Inference.Proxying.AnswerRewriter> make, string text, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var size = 1; size <= bytes.Length + 1; size++)
        {
            var (rewriter, to) = (make(), new System.Buffers.ArrayBufferWriter<byte>());
            foreach (var piece in bytes.Chunk(size))
            {
                rewriter.Add(piece, to);
            }

            rewriter.End(to);
            Assert.Equal(expected, Encoding.UTF8.GetString(to.WrittenSpan));
        }
    }
}
