using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Sandbox.Tests.Runtime;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Workloads;

public sealed class JobPodTests
{
    private const string Tracking = "batch.kubernetes.io/job-tracking";

    private readonly SmallCluster _cluster = new();

    public JobPodTests() => _cluster.AddNode("cpu-0");

    [Fact]
    public void A_pod_is_held_until_its_job_has_counted_it()
    {
        _cluster.Create(Resources.Jobs, Job("j", ""));
        _cluster.Pass(0.5);
        Assert.Equal([Tracking], Assert.Single(_cluster.Pods()).Texts("metadata", "finalizers"));

        _cluster.Pass(5);

        Assert.Empty(Assert.Single(_cluster.Pods()).Texts("metadata", "finalizers"));
        Assert.Equal(1, _cluster.Get(Resources.Jobs, "j")!.Integer("status", "succeeded"));
    }

    [Fact]
    public void A_pod_somebody_deletes_counts_as_failed_and_is_replaced()
    {
        _cluster.Create(Resources.Jobs, Job("j", "", annotations: """{"sandbox.llmops.dev/start-seconds":"100"}"""));
        _cluster.Pass(0.5);
        _cluster.Cluster.Delete(Assert.Single(_cluster.Pods()).RefIn(Resources.Pods));
        _cluster.Pass(15);

        Assert.Equal(1, _cluster.Get(Resources.Jobs, "j")!.Integer("status", "failed"));
        Assert.True(Assert.Single(_cluster.Pods()).IsActive());
    }

    [Fact]
    public void A_job_past_its_deadline_fails_once_its_pods_have_stopped()
    {
        _cluster.Create(Resources.Jobs, Job("j", ""","activeDeadlineSeconds":2""", """{"sandbox.llmops.dev/start-seconds":"100"}"""));
        _cluster.Pass(2.1);
        var job = _cluster.Get(Resources.Jobs, "j")!;
        Assert.True(job.IsTrue("FailureTarget"));
        Assert.Null(job.Condition("Failed"));
        Assert.Equal((1, 1), (job.Integer("status", "failed"), job.Integer("status", "terminating")));

        _cluster.Pass(3);

        job = _cluster.Get(Resources.Jobs, "j")!;
        Assert.Equal(["FailureTarget", "Failed"], job.Objects("status", "conditions").Select(condition => condition.Text("type")));
        Assert.Equal((1, 0), (job.Integer("status", "failed"), job.Integer("status", "terminating")));
        Assert.Empty(_cluster.Pods());
    }

    [Fact]
    public void Suspending_a_running_job_stops_its_pods_without_counting_them_and_says_so()
    {
        _cluster.Create(Resources.Jobs, Job("j", "", """{"sandbox.llmops.dev/start-seconds":"100"}"""));
        _cluster.Pass(0.5);
        _cluster.Change(Resources.Jobs, "j", job => job["spec"]!["suspend"] = true);
        _cluster.Pass(3);

        var job = _cluster.Get(Resources.Jobs, "j")!;
        Assert.Null(job["status"]!["failed"]);
        Assert.True(job.IsTrue("Suspended"));
        Assert.Empty(_cluster.Pods());
        Assert.Contains(_cluster.Cluster.List(Resources.Events), each => each.Text("reason") == "Suspended" && each.Text("message") == "Job suspended");
    }

    [Fact]
    public void The_pods_a_deleted_job_leaves_behind_are_free_of_it()
    {
        _cluster.Create(Resources.Jobs, Job("j", "", """{"sandbox.llmops.dev/start-seconds":"100"}"""));
        _cluster.Pass(0.5);
        _cluster.Cluster.Delete(new ObjectRef(Resources.Jobs, "default", "j"), new DeleteOptions { Propagation = DeletionPropagation.Orphan });
        _cluster.Pass(1);

        var pod = Assert.Single(_cluster.Pods());
        Assert.Null(pod.ControllerRef());
        Assert.Empty(pod.Texts("metadata", "finalizers"));
    }

    [Fact]
    public void Indexed_pods_learn_their_index_from_a_label()
    {
        _cluster.Create(Resources.Jobs, Job("j", ""","completions":3,"parallelism":2,"completionMode":"Indexed" """));
        _cluster.Pass(0.5);

        Assert.All(_cluster.Pods(), pod => Assert.Equal(
            "metadata.labels['batch.kubernetes.io/job-completion-index']",
            pod.Objects("spec", "containers").First().Objects("env").First().Text("valueFrom", "fieldRef", "fieldPath")));
        Assert.Equal(["0", "1"], _cluster.Pods().Select(pod => pod.Label("batch.kubernetes.io/job-completion-index")).Order());

        _cluster.Pass(5);

        Assert.Equal("0-2", _cluster.Get(Resources.Jobs, "j")!.Text("status", "completedIndexes"));
    }

    private static string Job(string name, string spec, string annotations = "{}") => $$$$"""
        {"metadata":{"name":"{{{{name}}}}"},"spec":{"template":{"metadata":{"annotations":{{{{annotations}}}}},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"busybox"}]}}{{{{spec}}}}}}
        """;
}
