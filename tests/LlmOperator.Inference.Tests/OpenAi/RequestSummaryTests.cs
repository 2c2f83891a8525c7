using System.Text;
using LlmOperator.Inference.OpenAi;
using Xunit;

namespace LlmOperator.Inference.Tests.OpenAi;

public sealed class RequestSummaryTests
{
    [Fact]
    public void What_a_trace_tells_of_a_request_is_read()
    {
        var summary = Read("""{"model":"twin","messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"x":{"y":1},"include_usage":true},"max_tokens":150,"temperature":0.01,"top_p":0.9,"top_k":40,"n":2,"seed":7,"stop":["a","b"],"frequency_penalty":0.5,"presence_penalty":-0.5,"tools":[{"type":"function"}]}""");

        Assert.Equal(
            ("twin", true, true, 150L, 0.01, 0.9, 40.0, 2L, 7L, 0.5, -0.5),
            (summary.Model, summary.Stream, summary.IncludeUsage, summary.MaxTokens, summary.Temperature, summary.TopP, summary.TopK, summary.Choices, summary.Seed, summary.FrequencyPenalty, summary.PresencePenalty));
        Assert.Equal(["a", "b"], summary.Stop!);
        Assert.Equal("""[{"role":"user","content":"Hi"}]""", summary.Input);
    }

    [Fact]
    public void The_requests_of_TGI_are_read_too()
    {
        var summary = Read("""{"inputs":"Write a post","parameters":{"max_new_tokens":150,"temperature":0.01,"top_p":0.9,"repetition_penalty":1.1,"stop":["</s>"]}}""");

        Assert.Equal((150L, 0.01, "\"Write a post\""), (summary.MaxTokens, summary.Temperature, summary.Input));
    }

    [Theory]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("[1,2]")]
    [InlineData("\u0000\u0001")]
    public void A_body_that_is_none_gives_nothing(string body) => Assert.Equal(RequestSummary.Empty, Read(body));

    [Fact]
    public void What_was_read_before_a_fault_holds() => Assert.Equal("twin", Read("""{"model":"twin","messages":[{""").Model);

    [Theory]
    [InlineData("""{"model":5,"stream":"yes","max_tokens":"many","temperature":{},"stop":[1,{}],"n":1.5}""")]
    [InlineData("""{"model":null,"stream":null,"stream_options":null,"parameters":[],"stop":null}""")]
    public void Values_of_another_type_are_passed_over(string body)
    {
        var summary = Read(body);

        Assert.Equal((null, false, null, null), (summary.Model, summary.Stream, summary.MaxTokens, summary.Temperature));
    }

    [Fact]
    public void The_prompt_is_left_out_unless_it_is_asked_for() => Assert.Null(RequestSummary.Read("""{"prompt":"secret"}"""u8, withInput: false).Input);

    [Theory]
    [InlineData("POST", "/v1/chat/completions", "chat")]
    [InlineData("post", "/v1/chat/completions/", "chat")]
    [InlineData("POST", "/v1/completions", "text_completion")]
    [InlineData("POST", "/v1/embeddings", "embeddings")]
    [InlineData("POST", "/v1/rerank", "rerank")]
    [InlineData("POST", "/generate_stream", "generate_content")]
    [InlineData("POST", "/v1/load_lora_adapter", null)]
    [InlineData("GET", "/v1/models", null)]
    [InlineData("GET", "/health", null)]
    public void The_route_tells_the_operation(string method, string path, string? operation) => Assert.Equal(operation, Operations.Of(method, path));

    private static RequestSummary Read(string body) => RequestSummary.Read(Encoding.UTF8.GetBytes(body), withInput: true);
}
