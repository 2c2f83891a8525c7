using System.Net;
using System.Text.Json.Nodes;
using LlmOperator.Api.Endpoints;
using LlmOperator.Gateway.Prompts;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Planning.Prompts;
using Xunit;

namespace LlmOperator.Gateway.Tests.Prompts;

public sealed class TemplateServingTests
{
    private const string Hash = "x-llmops-template-hash";

    [Fact]
    public async Task What_the_user_wrote_last_goes_into_the_template_and_nothing_else_changes()
    {
        await using var bench = await StartAsync("Answer \"{query}\" with {context}.");
        using var answer = await bench.PostAsync("/v1/chat/completions", """{"messages":[{"role":"system","content":"{query}"}, {"role":"user","content":"Türkçe {context} {query} \"🙂\""}],"model":"chat","x":1.0}""");
        var body = await answer.Content.ReadAsStringAsync(bench.Guard);
        Assert.StartsWith("""{"messages":[{"role":"system","content":"{query}"}, {"role":"user","content":"Answer \"Türkçe""", body, StringComparison.Ordinal);
        Assert.EndsWith(""" with ."}],"model":"chat","x":1.0}""", body, StringComparison.Ordinal);
        Assert.Equal("Answer \"Türkçe {context} {query} \"🙂\"\" with .", (string)JsonNode.Parse(body)!["messages"]![1]!["content"]!);
        Assert.Equal(PromptTemplate.Parse("Answer \"{query}\" with {context}.", out _)!.Hash, answer.Header(Hash));
    }

    [Fact]
    public async Task A_change_holds_from_the_next_request_on_and_a_bad_one_leaves_the_last_good_one()
    {
        await using var bench = await StartAsync("one {query}{context}");
        bench.PutConfigMap("prompts", "chat", "two {query}{context}");
        using var two = await bench.EventuallyAsync(() => bench.PostAsync("/v1/chat/completions", Bodies.Chat), answer => answer.Header(Hash) == PromptTemplate.Parse("two {query}{context}", out _)!.Hash);
        Assert.Contains("two hello", await two.Content.ReadAsStringAsync(bench.Guard), StringComparison.Ordinal);
        bench.PutConfigMap("prompts", "chat", "three {query}");
        await bench.MetricsAsync("llm_gateway_prompt_template_rejected_total{config_map=\"prompts\"} 1");
        using var still = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        Assert.Equal(two.Header(Hash), still.Header(Hash));
        bench.Cluster.Remove<ConfigMap>("prompts", Bench.Namespace);
        await bench.MetricsAsync("llm_gateway_prompt_template_rejected_total{config_map=\"prompts\"} 2");
        using var gone = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        Assert.Equal(two.Header(Hash), gone.Header(Hash));
    }

    [Theory]
    [InlineData("no place", "{query} is missing")]
    [InlineData(null, "there is no ConfigMap prompts")]
    public async Task Without_any_good_template_requests_are_refused_and_say_why(string? template, string problem)
    {
        await using var bench = await StartAsync(template);
        using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        var error = await answer.ErrorAsync();
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "prompt_template_invalid"), (answer.StatusCode, (string)error["code"]!));
        Assert.Contains(problem, (string)error["message"]!, StringComparison.Ordinal);
        using var completion = await bench.PostAsync("/v1/completions", """{"model":"chat","prompt":"as it is"}""");
        Assert.Equal(HttpStatusCode.OK, completion.StatusCode);
        bench.PutConfigMap("prompts", "chat", "{query}{context}");
        using var good = await bench.EventuallyAsync(() => bench.PostAsync("/v1/chat/completions", Bodies.Chat), one => one.StatusCode == HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_template_that_may_not_be_read_keeps_back_its_own_endpoint_only()
    {
        await using var bench = await Bench.StartAsync(async bench =>
        {
            bench.Cluster.Intercept = (request, _) => request.Plural == "configmaps" ? throw FakeKubeClient.Error(HttpStatusCode.Forbidden, "Forbidden") : Task.CompletedTask;
            bench.PutEndpoint("other", new() { ModelRef = new() { Name = "llama" }, Prompt = new() { TemplateRef = new() { Name = "prompts", Key = "chat" } } });
            bench.PutEndpoint("chat");
            await bench.AddPodAsync("chat", Bodies.Echo);
        });
        using var answer = await bench.PostAsync("/v1/chat/completions", Bodies.Chat);
        using var kept = await bench.PostAsync("/v1/chat/completions", Bodies.Chat.Replace("\"chat\"", "\"other\"", StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable), (answer.StatusCode, kept.StatusCode));
    }

    private static Task<Bench> StartAsync(string? template) => Bench.StartAsync(async bench =>
    {
        if (template is not null)
        {
            bench.PutConfigMap("prompts", "chat", template);
        }

        bench.PutEndpoint("chat", new() { ModelRef = new() { Name = "llama" }, Prompt = new() { TemplateRef = new() { Name = "prompts", Key = "chat" } } });
        await bench.AddPodAsync("chat", Bodies.Echo);
    });
}
