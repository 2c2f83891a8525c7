using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using Xunit;

namespace LlmOperator.Controllers.Tests;

public sealed class PromptTemplateTests
{
    private const string Templated = """{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"prompt":{"templateRef":{"name":"prompts","key":"chat"}}}""";

    [Fact]
    public async Task A_template_is_judged_when_it_changes_and_the_endpoint_serves_on()
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();
        cluster.PutEndpoint(spec: Templated);
        await cluster.ConditionAsync("PromptValid", "False", "ConfigMapNotFound");

        Put(cluster, "other", "x");
        await cluster.ConditionAsync("PromptValid", "False", "KeyNotFound");

        Put(cluster, "chat", "Soru: {query}\nBağlam: {context}");
        await cluster.ConditionAsync("PromptValid", "True", "TemplateValid");

        Put(cluster, "chat", "Soru: {query}");
        await cluster.ConditionAsync("PromptValid", "False", "TemplateInvalid");
        Assert.Contains("{context} is missing", cluster.Condition("PromptValid")!.Message, StringComparison.Ordinal);
        await Until.TrueAsync(() => cluster.Api.PeekAll<Event>().Any(told => told.Reason == "TemplateInvalid"), "it is told", cluster.Clock, TimeSpan.FromSeconds(1));
        Assert.Equal("True", cluster.Condition("Ready")!.Status);

        cluster.Api.Remove<ConfigMap>("prompts");
        await cluster.ConditionAsync("PromptValid", "False", "ConfigMapNotFound");
    }

    [Fact]
    public async Task Only_the_ConfigMap_that_is_named_is_watched_and_only_as_long_as_it_is()
    {
        await using var cluster = new OperatorFixture();
        await cluster.ServeAsync();
        var without = cluster.Api.OpenWatches;
        Put(cluster, "chat", "{query} {context}");
        cluster.PutEndpoint(spec: Templated);
        await cluster.ConditionAsync("PromptValid", "True", "TemplateValid");
        Assert.Equal(without + 1, cluster.Api.OpenWatches);

        cluster.PutEndpoint();
        await Until.TrueAsync(() => cluster.Condition("PromptValid") is null, "the condition goes", cluster.Clock, TimeSpan.FromSeconds(1));
        await Until.TrueAsync(() => cluster.Api.OpenWatches == without, "the watch ends");
        await cluster.SettleAsync();
        cluster.Api.ForgetRequests();

        Put(cluster, "chat", "changed");
        await cluster.SettleAsync();
        Assert.Empty(cluster.Writes);
    }

    private static void Put(OperatorFixture cluster, string key, string text) =>
        cluster.Api.Put(new ConfigMap { Metadata = new() { Name = "prompts", Namespace = "default" }, Data = new Dictionary<string, string> { [key] = text } });
}
