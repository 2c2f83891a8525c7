using LlmOperator.Api;
using LlmOperator.Kubernetes;
using LlmOperator.Planning.Endpoints;
using Xunit;

namespace LlmOperator.Planning.Tests.Endpoints;

public sealed class EndpointObjectsTests
{
    [Fact]
    public void An_argument_of_the_user_replaces_the_operators()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(
            Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"engine":{"args":["--gpu-memory-utilization=0.95"]}}"""), Cluster.Model()));

        var args = plan.Deployment!.Spec!.Template!.Spec!.Containers![0].Args!;
        Assert.Equal(1, args.Count(argument => argument.StartsWith("--gpu-memory-utilization", StringComparison.Ordinal)));
        Assert.Equal("--gpu-memory-utilization=0.95", args[^1]);
    }

    [Theory]
    [InlineData("--max_model_len=1024", "--max-model-len")]
    [InlineData("-q=awq", "--quantization")]
    public void Other_spellings_of_an_option_replace_the_operators_too(string argument, string option)
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(
            Cluster.Endpoint($$"""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"engine":{"args":["{{argument}}"],"contextLength":2048} }"""), Cluster.Model("""{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","quantization":"fp8"}""")));

        var args = plan.Deployment!.Spec!.Template!.Spec!.Containers![0].Args!;
        Assert.Contains(argument, args);
        Assert.DoesNotContain(option, args);
    }

    [Fact]
    public void Without_a_spare_accelerator_an_old_pod_goes_first()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"rollout":{"maxSurge":0}}"""), Cluster.Model()));

        var rolling = plan.Deployment!.Spec!.Strategy!.RollingUpdate!;
        Assert.Equal((0, 1), (rolling.MaxSurge!.Value.Number, rolling.MaxUnavailable!.Value.Number));
    }

    [Fact]
    public void Accelerators_are_asked_for_in_one_place()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(
            Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"engine":{"resources":{"requests":{"nvidia.com/gpu":1}}}}"""), Cluster.Model()));

        var resources = plan.Deployment!.Spec!.Template!.Spec!.Containers![0].Resources!;
        Assert.DoesNotContain("nvidia.com/gpu", resources.Requests!.Keys);
        Assert.Equal(1, resources.Limits!["nvidia.com/gpu"].Value);
    }

    [Theory]
    [InlineData("""{"type":"A10G"}""", """{"tensor":2}""", 2, 2)]
    [InlineData("""{"type":"A10G","count":4}""", null, 4, 4)]
    [InlineData("""{"type":"A10G","count":4}""", """{"tensor":2}""", 4, 2)]
    public void Accelerators_and_tensor_parallelism_follow_from_each_other(string accelerator, string? parallelism, int count, int tensor)
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(
            Cluster.Endpoint($$"""{"modelRef":{"name":"m"},"accelerator":{{accelerator}}{{(parallelism is null ? "" : $",\"parallelism\":{parallelism}")}}}"""), Cluster.Model()));

        var container = plan.Deployment!.Spec!.Template!.Spec!.Containers![0];
        Assert.Equal(count, container.Resources!.Limits!["nvidia.com/gpu"].Value);
        Assert.Equal(tensor.ToString(), container.Args![container.Args.ToList().IndexOf("--tensor-parallel-size") + 1]);
    }

    [Fact]
    public void Data_parallelism_gives_a_pod_a_copy()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint("""{"modelRef":{"name":"m"},"replicas":2,"accelerator":{"type":"A10G"},"parallelism":{"data":3}}"""), Cluster.Model()));

        Assert.Equal(6, plan.Deployment!.Spec!.Replicas);
    }

    [Fact]
    public void The_revision_changes_with_the_pods_and_not_with_their_number()
    {
        string Revision(string spec) => EndpointObjects.Revision(EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(spec), Cluster.Model())).Deployment)!;
        var first = Revision("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"replicas":1}""");

        Assert.Equal(first, Revision("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"replicas":5}"""));
        Assert.NotEqual(first, Revision("""{"modelRef":{"name":"m"},"accelerator":{"type":"L4"},"replicas":1}"""));
    }

    [Theory]
    [InlineData("twin-8b", "twin-8b")]
    [InlineData("8b", "llm-8b-")]
    [InlineData("twin-3.1", "llm-twin-3-1-")]
    public void The_name_of_the_objects_is_a_host_name_label(string endpoint, string expected)
    {
        var name = ObjectNames.Child(endpoint);

        Assert.StartsWith(expected, name, StringComparison.Ordinal);
        Assert.Matches("^[a-z]([-a-z0-9]*[a-z0-9])?$", name);
        Assert.InRange(ObjectNames.Child(new string('9', 63)).Length, 1, 63);
    }

    [Fact]
    public void Two_endpoints_never_share_the_name_of_their_objects() => Assert.NotEqual(ObjectNames.Child("a.b"), ObjectNames.Child("a-b"));

    [Fact]
    public void Every_object_names_the_endpoint_as_its_controller()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model()));

        foreach (IKubeObject made in new IKubeObject[] { plan.Deployment!, plan.Service!, plan.DisruptionBudget!, plan.NetworkPolicy! })
        {
            var owner = Assert.Single(made.Metadata.OwnerReferences!);
            Assert.Equal(("LlmEndpoint", "twin", "uid-1", true), (owner.Kind, owner.Name, owner.Uid, owner.Controller));
            Assert.Equal("twin", made.Metadata.Labels![ApiGroup.EndpointLabel]);
        }
    }
}
