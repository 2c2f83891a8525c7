using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Kinds;

public sealed class AdmissionKindTests
{
    private const string Classes = "priorityclasses.scheduling.k8s.io";
    private const string Template = """{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"a:1"}]}}""";

    private readonly BuiltinCluster _cluster = new();

    [Fact]
    public void A_new_node_takes_no_pods_until_it_is_known_to_be_ready()
    {
        var node = _cluster.Create("nodes", """{"metadata":{"name":"n"},"spec":{"taints":[{"key":"gpu","effect":"NoSchedule"}]}}""");
        Assert.Equal(["gpu", "node.kubernetes.io/not-ready"], node.Objects("spec", "taints").Select(taint => taint.Text("key")));
    }

    [Theory]
    [InlineData("\"priority\":7")]
    [InlineData("\"preemptionPolicy\":\"Never\"")]
    public void A_pod_does_not_choose_its_own_priority(string field)
    {
        var refusal = _cluster.Refusal("pods", $$$"""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"a:1"}],{{{field}}}}}""");
        Assert.Equal((403, "Forbidden"), (refusal.Code, refusal.Reason));
    }

    [Fact]
    public void Names_of_the_system_and_a_second_default_are_refused_as_priority_classes()
    {
        Assert.Equal(["metadata.name"], _cluster.Refusal(Classes, """{"metadata":{"name":"system-mine"},"value":1}""").Fields());
        _cluster.Create(Classes, """{"metadata":{"name":"first"},"value":1,"globalDefault":true}""");
        Assert.Equal(403, _cluster.Refusal(Classes, """{"metadata":{"name":"second"},"value":2,"globalDefault":true}""").Code);
    }

    [Fact]
    public void A_stateful_set_is_named_by_a_label_and_managed_in_a_known_way()
    {
        const string Spec = $$$"""{"selector":{"matchLabels":{"a":"b"}},"template":{{{Template}}},"podManagementPolicy":"Sideways"}""";
        var refusal = _cluster.Refusal("statefulsets.apps", $$$"""{"metadata":{"name":"a.b"},"spec":{{{Spec}}}}""");
        Assert.Equal(["metadata.name", "spec.podManagementPolicy"], refusal.Fields().Order());
        Assert.All(refusal.Details!["causes"]!.AsArray(), cause => Assert.Equal("FieldValueInvalid", (string)cause!["reason"]!));
    }

    [Fact]
    public void A_workload_without_a_selector_matches_no_template() => Assert.Equal(
        ["spec.selector", "spec.template.metadata.labels"],
        _cluster.Refusal("deployments.apps", $$$"""{"metadata":{"name":"d"},"spec":{"template":{{{Template}}}}}""").Fields().Order());

    [Fact]
    public void A_job_whose_selector_is_not_its_own_says_so() => Assert.Equal(
        ["spec.selector", "spec.template.metadata.labels"],
        _cluster.Refusal("jobs.batch", """{"metadata":{"name":"j"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"a:1"}]}}}}""").Fields().Order());

    [Theory]
    [InlineData("""{"action":"Shrug","onExitCodes":{"operator":"In","values":[1]}}""", "action")]
    [InlineData("""{"action":"FailIndex","onExitCodes":{"operator":"In","values":[1]}}""", "action")]
    [InlineData("""{"action":"FailJob","onExitCodes":{"operator":"In","values":[0]}}""", "onExitCodes.values[0]")]
    [InlineData("""{"action":"FailJob","onExitCodes":{"operator":"In","values":[3,2]}}""", "onExitCodes.values")]
    [InlineData("""{"action":"FailJob","onExitCodes":{"containerName":"x","operator":"In","values":[2]}}""", "onExitCodes.containerName")]
    public void Rules_for_failing_pods_are_checked(string rule, string field) => Assert.Equal(
        [$"spec.podFailurePolicy.rules[0].{field}"],
        _cluster.Refusal("jobs.batch", $$$$$"""{"metadata":{"name":"j"},"spec":{"podFailurePolicy":{"rules":[{{{{{rule}}}}}]},"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"a:1"}]}}}}""").Fields());

    [Theory]
    [InlineData("deployments.apps", "a.b", 1)]
    [InlineData("deployments.apps", "ab", 0)]
    public void A_name_that_makes_a_poor_host_name_is_warned_of_once(string resource, string name, int warnings)
    {
        var behavior = BuiltinCluster.Kind(resource).Behavior;
        var obj = new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } };
        Assert.Equal(warnings, behavior.Warnings(obj, null).Count(text => text.StartsWith("metadata.name: this is used in Pod names and hostnames", StringComparison.Ordinal)));
        Assert.Empty(behavior.Warnings(obj, obj));
    }
}
