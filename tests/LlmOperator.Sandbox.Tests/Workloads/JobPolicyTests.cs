using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Runtime;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Workloads;

public sealed class JobPolicyTests
{
    private const string Fails = """{"sandbox.llmops.dev/fail":"Exit","sandbox.llmops.dev/exit-code":"42"}""";

    private readonly SmallCluster _cluster = new();

    public JobPolicyTests() => _cluster.AddNode("cpu-0");

    [Fact]
    public void A_known_exit_code_fails_the_job_at_once()
    {
        Create(""","podFailurePolicy":{"rules":[{"action":"FailJob","onExitCodes":{"operator":"In","values":[42]}}]}""");
        _cluster.Pass(5);

        var failed = Job().Condition("Failed");
        Assert.Equal("PodFailurePolicy", failed.Text("reason"));
        Assert.Matches("^Container main for pod default/j-.* failed with exit code 42 matching FailJob rule at index 0$", failed.Text("message"));
        Assert.Single(_cluster.Pods());
    }

    [Fact]
    public void A_failure_to_ignore_counts_for_nothing_and_is_made_good()
    {
        Create(""","backoffLimit":0,"podFailurePolicy":{"rules":[{"action":"Ignore","onExitCodes":{"operator":"NotIn","values":[7]}}]}""");
        _cluster.Pass(5);

        Assert.Null(Job().Integer("status", "failed"));
        Assert.Null(Job().Condition("Failed"));
        Assert.True(_cluster.Pods().Count > 1);
    }

    [Fact]
    public void Each_index_fails_by_itself_and_the_job_when_none_is_left()
    {
        Create(""","completions":2,"parallelism":2,"completionMode":"Indexed","backoffLimitPerIndex":1""");
        _cluster.Pass(5);
        Assert.Equal(("", 2), (Job().Text("status", "failedIndexes"), Job().Integer("status", "failed")));
        Assert.Null(Job().Condition("Failed"));

        _cluster.Pass(60);

        Assert.Equal("0,1", Job().Text("status", "failedIndexes"));
        Assert.Equal("FailedIndexes", Job().Condition("Failed").Text("reason"));
        Assert.Equal(["0", "0", "1", "1"], _cluster.Pods().Select(pod => pod.Annotation("batch.kubernetes.io/job-index-failure-count")).Order());
    }

    [Fact]
    public void Enough_indexes_make_a_job_complete()
    {
        Create(""","completions":5,"parallelism":1,"completionMode":"Indexed","successPolicy":{"rules":[{"succeededIndexes":"0-1","succeededCount":1}]}""", "{}");
        _cluster.Pass(20);

        Assert.Equal(("SuccessPolicy", "Matched rules at index 0"), (Job().Condition("Complete").Text("reason"), Job().Condition("Complete").Text("message")));
        Assert.Equal(1, Job().Integer("status", "succeeded"));
    }

    private JsonObject Job() => _cluster.Get(Resources.Jobs, "j")!;

    private void Create(string spec, string annotations = Fails) => _cluster.Create(Resources.Jobs, $$$$"""
        {"metadata":{"name":"j"},"spec":{"template":{"metadata":{"annotations":{{{{annotations}}}}},"spec":{"restartPolicy":"Never","containers":[{"name":"main","image":"a:1"}]}}{{{{spec}}}}}}
        """);
}
