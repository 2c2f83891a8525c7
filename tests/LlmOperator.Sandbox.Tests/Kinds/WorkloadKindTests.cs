using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Kinds;

public sealed class WorkloadKindTests
{
    private const string Pod = """{"metadata":{"labels":{"app":"d"}},"spec":{"containers":[{"name":"c","image":"a:1"}]}}""";
    private const string JobPod = """{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"a:1"}]}}""";
    private const string Deployments = "deployments.apps";
    private const string Jobs = "jobs.batch";
    private const string Sets = "statefulsets.apps";

    private readonly BuiltinCluster _cluster = new();

    [Fact]
    public void A_deployment_gets_its_defaults_and_an_empty_status()
    {
        var deployment = Deploy();

        Assert.Equal("""{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%","maxSurge":"25%"}}""", deployment["spec"]!["strategy"]!.ToJsonString());
        Assert.Equal(1, (int?)deployment["spec"]!["replicas"]);
        Assert.Equal(10, (int?)deployment["spec"]!["revisionHistoryLimit"]);
        Assert.Equal(600, (int?)deployment["spec"]!["progressDeadlineSeconds"]);
        Assert.Equal("{}", deployment["status"]!.ToJsonString());
        Assert.Equal(1, (int?)deployment["metadata"]!["generation"]);
    }

    [Fact]
    public void A_recreating_deployment_has_no_rolling_update()
    {
        var deployment = Deploy(""","strategy":{"type":"Recreate"}""");

        Assert.Equal("""{"type":"Recreate"}""", deployment["spec"]!["strategy"]!.ToJsonString());
        Assert.Equal(
            ["spec.strategy.rollingUpdate"],
            _cluster.RefusedChange(Deployments, "d", obj => obj["spec"]!["strategy"]!["rollingUpdate"] = new JsonObject { ["maxSurge"] = 1 }).Fields());
    }

    [Fact]
    public void Generation_of_a_deployment_moves_with_spec_and_annotations_not_with_labels_or_status()
    {
        Deploy();

        Assert.Equal(1, Generation(_cluster.Change(Deployments, "d", obj => obj["metadata"]!["labels"] = new JsonObject { ["a"] = "b" })));
        Assert.Equal(2, Generation(_cluster.Change(Deployments, "d", obj => obj["spec"]!["replicas"] = 3)));
        Assert.Equal(3, Generation(_cluster.Change(Deployments, "d", obj => obj["metadata"]!["annotations"] = new JsonObject { ["a"] = "b" })));
        Assert.Equal(3, Generation(_cluster.Change(Deployments, "d", obj => obj["status"] = new JsonObject { ["replicas"] = 1 }, "status")));
    }

    [Theory]
    [InlineData("""{"selector":{"matchLabels":{"app":"other"}},"template":POD}""", "spec.template.metadata.labels")]
    [InlineData("""{"selector":{},"template":POD}""", "spec.selector")]
    [InlineData("""{"template":POD}""", "spec.selector")]
    [InlineData("""{"replicas":-1,"selector":{"matchLabels":{"app":"d"}},"template":POD}""", "spec.replicas")]
    [InlineData("""{"minReadySeconds":600,"selector":{"matchLabels":{"app":"d"}},"template":POD}""", "spec.progressDeadlineSeconds")]
    [InlineData("""{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":0,"maxUnavailable":"0%"}},"selector":{"matchLabels":{"app":"d"}},"template":POD}""", "spec.strategy.rollingUpdate.maxUnavailable")]
    [InlineData("""{"selector":{"matchExpressions":[{"key":"app","operator":"In"}]},"template":POD}""", "spec.selector.matchExpressions[0].values")]
    [InlineData("""{"selector":{"matchLabels":{"app":"d"}},"template":{"metadata":{"labels":{"app":"d"}},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"a"}]}}}""", "spec.template.spec.restartPolicy")]
    public void An_invalid_deployment_is_refused_naming_the_field(string spec, string field)
    {
        var json = new JsonObject { ["metadata"] = new JsonObject { ["name"] = "d" }, ["spec"] = JsonNode.Parse(spec.Replace("POD", Pod, StringComparison.Ordinal)) };

        Assert.Contains(field, _cluster.Refusal(Deployments, json.ToJsonString()).Fields());
    }

    [Fact]
    public void A_selector_is_for_life()
    {
        Deploy();

        Assert.Equal("spec.selector", _cluster.RefusedChange(Deployments, "d", obj =>
        {
            obj["spec"]!["selector"]!["matchLabels"]!["more"] = "x";
            obj["spec"]!["template"]!["metadata"]!["labels"]!["more"] = "x";
        }).Fields()[0]);
    }

    [Fact]
    public void A_job_selects_its_pods_by_its_own_uid()
    {
        var job = Job();
        var uid = job.Text("metadata", "uid");

        Assert.Equal(uid, job.Text("spec", "selector", "matchLabels", "batch.kubernetes.io/controller-uid"));
        Assert.Equal("j", job.Text("spec", "template", "metadata", "labels", "batch.kubernetes.io/job-name"));
        Assert.Equal(6, job.Integer("spec", "backoffLimit"));
        Assert.Equal(1, job.Integer("spec", "completions"));
        Assert.Equal("NonIndexed", job.Text("spec", "completionMode"));
        Assert.Equal("TerminatingOrFailed", job.Text("spec", "podReplacementPolicy"));
        Assert.False(job.Flag("spec", "suspend"));
    }

    [Fact]
    public void Template_and_completions_of_a_job_stay_but_parallelism_may_change()
    {
        Job();

        _cluster.Change(Jobs, "j", obj => obj["spec"]!["parallelism"] = 5);
        Assert.Equal(["spec.completions"], _cluster.RefusedChange(Jobs, "j", obj => obj["spec"]!["completions"] = 2).Fields());
        Assert.Equal(["spec.template"], _cluster.RefusedChange(Jobs, "j", obj => obj["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "a:2").Fields());
    }

    [Fact]
    public void A_suspended_job_may_still_be_told_where_to_run()
    {
        Job(""","suspend":true""");

        _cluster.Change(Jobs, "j", obj => obj["spec"]!["template"]!["spec"]!["nodeSelector"] = new JsonObject { ["gpu"] = "yes" });
        Assert.Equal(["spec.template"], _cluster.RefusedChange(Jobs, "j", obj => obj["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "a:2").Fields());
    }

    [Fact]
    public void A_job_needs_a_restart_policy_that_lets_it_end()
    {
        var refusal = _cluster.Refusal(Jobs, """{"metadata":{"name":"j"},"spec":{"template":{"spec":{"containers":[{"name":"c","image":"a"}]}}}}""");

        Assert.Equal(["spec.template.spec.restartPolicy"], refusal.Fields());
        Assert.Contains("valid values: \"OnFailure\", \"Never\"", refusal.Message);
    }

    [Theory]
    [InlineData("*/5 * * * *", true)]
    [InlineData("0 4 1-7 * mon", true)]
    [InlineData("@hourly", true)]
    [InlineData("* * * *", false)]
    [InlineData("61 * * * *", false)]
    [InlineData("x * * * *", false)]
    public void A_cron_schedule_is_read_before_it_is_taken(string schedule, bool valid)
    {
        var json = $$$$$"""{"metadata":{"name":"n"},"spec":{"schedule":"{{{{{schedule}}}}}","jobTemplate":{"spec":{"template":{{{{{JobPod}}}}}}}}}""";

        if (valid)
        {
            Assert.Equal("Allow", _cluster.Create("cronjobs.batch", json).Text("spec", "concurrencyPolicy"));
        }
        else
        {
            Assert.Equal(["spec.schedule"], _cluster.Refusal("cronjobs.batch", json).Fields());
        }
    }

    [Fact]
    public void Of_a_stateful_set_only_what_its_pods_can_take_changes()
    {
        var set = _cluster.Create(Sets, $$$"""{"metadata":{"name":"s"},"spec":{"serviceName":"s","selector":{"matchLabels":{"app":"d"}},"template":{{{Pod}}}}}""");
        Assert.Equal("""{"type":"RollingUpdate","rollingUpdate":{"partition":0}}""", set["spec"]!["updateStrategy"]!.ToJsonString());
        Assert.Equal("""{"whenDeleted":"Retain","whenScaled":"Retain"}""", set["spec"]!["persistentVolumeClaimRetentionPolicy"]!.ToJsonString());

        _cluster.Change(Sets, "s", obj => obj["spec"]!["replicas"] = 4);
        _cluster.Change(Sets, "s", obj => obj["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "a:2");
        Assert.Equal(["spec"], _cluster.RefusedChange(Sets, "s", obj => obj["spec"]!["serviceName"] = "other").Fields());
    }

    private JsonObject Deploy(string more = "") =>
        _cluster.Create(Deployments, $$$"""{"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"app":"d"}},"template":{{{Pod}}}{{{more}}}}}""");

    private JsonObject Job(string more = "") => _cluster.Create(Jobs, $$$"""{"metadata":{"name":"j"},"spec":{"template":{{{JobPod}}}{{{more}}}}}""");

    private static long? Generation(JsonObject obj) => obj.Integer("metadata", "generation");
}
