using System.Text.Json.Nodes;
using LlmOperator.Cli;
using Xunit;

namespace LlmOperator.EndToEnd.Tests;

public sealed class ResourceReadinessTests
{
    [Theory]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{}}""", true, "exists")]
    [InlineData("""{"apiVersion":"llmops.dev/v1alpha1","kind":"LlmModel","metadata":{"generation":1}}""", false, "no status yet")]
    [InlineData("""{"apiVersion":"llmops.dev/v1alpha1","kind":"LlmModel","metadata":{"generation":2},"status":{"conditions":[{"type":"Ready","status":"True","observedGeneration":1}]}}""", false, "not yet reconciled")]
    [InlineData("""{"apiVersion":"llmops.dev/v1alpha1","kind":"LlmModel","metadata":{"generation":2},"status":{"conditions":[{"type":"Ready","status":"False","reason":"NotFound","message":"no such repo","observedGeneration":2}]}}""", false, "NotFound: no such repo")]
    [InlineData("""{"apiVersion":"llmops.dev/v1alpha1","kind":"LlmModel","metadata":{"generation":2},"status":{"conditions":[{"type":"Ready","status":"True","observedGeneration":2}]}}""", true, "Ready")]
    [InlineData("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"generation":2},"status":{"observedGeneration":1,"conditions":[{"type":"Available","status":"True"}]}}""", false, "not yet reconciled")]
    [InlineData("""{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"generation":1},"spec":{"replicas":2},"status":{"observedGeneration":1,"readyReplicas":1}}""", false, "1/2 ready")]
    [InlineData("""{"apiVersion":"v1","kind":"Pod","metadata":{},"status":{"conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes are available"}]}}""", false, "Unschedulable: 0/1 nodes are available")]
    [InlineData("""{"apiVersion":"example.com/v1","kind":"Other","metadata":{"generation":1}}""", true, "exists")]
    public void An_object_is_judged_by_the_condition_its_kind_summarises_itself_with(string json, bool ready, string summary)
    {
        var readiness = ResourceReadiness.Of(JsonNode.Parse(json)!.AsObject());

        Assert.Equal((ready, summary), (readiness.Ready, readiness.Summary));
    }

    [Fact]
    public void Trouble_that_does_not_hold_is_neither_shown_nor_taken_for_what_is_in_the_way()
    {
        var waiting = ResourceReadiness.Of(JsonNode.Parse(
            """{"apiVersion":"llmops.dev/v1alpha1","kind":"RagIndex","metadata":{},"status":{"conditions":[{"type":"Conflict","status":"False","message":"none"},{"type":"SchemaConflict","status":"True"},{"type":"QdrantReady","status":"False","reason":"Starting","message":"no pod yet"}]}}""")!.AsObject());

        Assert.Equal("Starting: no pod yet", waiting.Summary);
        Assert.Equal([("SchemaConflict", true), ("QdrantReady", false)], waiting.Conditions.Select(condition => (condition.Type, condition.IsTrouble)));
    }

    [Fact]
    public void An_object_that_is_gone_is_not_ready() => Assert.Equal("not found", ResourceReadiness.Of(null).Summary);
}
