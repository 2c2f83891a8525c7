using LlmOperator.Api;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Tests.Endpoints;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Planning.Tests.Engines;

/// <summary>Engine configuration (S17) and parallelism (S18) as the scenarios have them.</summary>
public sealed class ServingScenarioTests
{
    [Fact]
    public void TGI_is_configured_by_the_variables_of_the_handbooks_deployment()
    {
        var variables = Variables(Serve("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"engine":{"type":"TGI"}}"""));

        var expected = new Dictionary<string, string>
        {
            ["HF_MODEL_ID"] = "mlabonne/TwinLlama-3.1-8B-DPO",
            ["SM_NUM_GPUS"] = "1",
            ["MAX_INPUT_LENGTH"] = "2048",
            ["MAX_TOTAL_TOKENS"] = "4096",
            ["MAX_BATCH_TOTAL_TOKENS"] = "4096",
            ["MAX_BATCH_PREFILL_TOKENS"] = "4096",
            ["HF_MODEL_QUANTIZE"] = "bitsandbytes",
        };
        Assert.All(expected, pair => Assert.Equal(pair.Value, variables[pair.Key].Value));
        Assert.Equal(EngineCases.Commit, variables["HF_MODEL_REVISION"].Value);
        Assert.Null(variables["HUGGING_FACE_HUB_TOKEN"].Value);
        Assert.Equal("hf", variables["HUGGING_FACE_HUB_TOKEN"].ValueFrom!.SecretKeyRef!.Name);
    }

    [Fact]
    public void VLLM_carries_the_same_limits()
    {
        var container = Engine(Serve("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"}}"""));

        Assert.Equal("4096", Option(container, "--max-model-len"));
        Assert.Equal("4096", Option(container, "--max-num-batched-tokens"));
        Assert.Equal("bitsandbytes", Option(container, "--quantization"));
        Assert.Equal(EngineCases.Commit, Option(container, "--revision"));
        Assert.Equal(EngineCases.Commit, Option(container, "--tokenizer-revision"));
        Assert.Equal("hf", container.Env!.Single(variable => variable.Name == "HF_TOKEN").ValueFrom!.SecretKeyRef!.Name);
    }

    [Theory]
    [InlineData("limits.maxInputTokens must be less than limits.maxTotalTokens")]
    [InlineData("limits.maxTotalTokens must not exceed limits.maxBatchTotalTokens")]
    [InlineData("limits.maxBatchPrefillTokens must be at least limits.maxInputTokens")]
    [InlineData("limits.maxBatchPrefillTokens must not exceed limits.maxBatchTotalTokens")]
    public void Limits_that_contradict_each_other_are_refused_at_admission(string rule)
    {
        var definition = CustomResourceDefinitions.Embedded().Single(known => known.Yaml.Contains("kind: LlmModel\n", StringComparison.Ordinal)).Yaml;

        Assert.Contains(rule, definition.Replace("\n", " ", StringComparison.Ordinal).Replace("  ", "", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("TGI")]
    [InlineData("vLLM")]
    public void Tensor_parallelism_is_one_pod_with_that_many_accelerators_and_shared_memory(string engine)
    {
        var plan = Serve($$"""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"parallelism":{"tensor":2},"engine":{"type":"{{engine}}"} }""");

        var pod = plan.Deployment!.Spec!.Template!.Spec!;
        Assert.Equal(1, plan.Deployment.Spec.Replicas);
        Assert.Equal(2, pod.Containers![0].Resources!.Limits!["nvidia.com/gpu"].Value);
        Assert.Equal("2", engine == "TGI" ? Variables(plan)["NUM_SHARD"].Value : Option(pod.Containers[0], "--tensor-parallel-size"));
        var memory = pod.Volumes!.Single(volume => volume.Name == "shm").EmptyDir!;
        Assert.Equal(("Memory", "8Gi"), (memory.Medium, memory.SizeLimit.ToString()));
        Assert.Contains(pod.Containers[0].VolumeMounts!, mount => mount is { Name: "shm", MountPath: "/dev/shm" });
    }

    [Fact]
    public void Tensor_parallelism_that_the_accelerators_do_not_allow_is_refused()
    {
        var plan = Serve("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G","count":2},"parallelism":{"tensor":3}}""");

        Assert.Equal("ParallelismMismatch", plan.Status.Conditions.Find(ConditionTypes.Ready)!.Reason);
        Assert.Null(plan.Deployment);
    }

    [Fact]
    public void Data_parallelism_gives_two_pods() =>
        Assert.Equal(2, Serve("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"parallelism":{"data":2}}""").Deployment!.Spec!.Replicas);

    [Fact]
    public void Pipeline_parallelism_on_an_engine_without_it_is_refused() =>
        Assert.Equal("ParallelismNotSupported", Serve("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G"},"parallelism":{"pipeline":2},"engine":{"type":"TGI"}}""").Status.Conditions.Find(ConditionTypes.Ready)!.Reason);

    [Fact]
    public void A_model_over_several_nodes_is_a_group_whose_leader_answers()
    {
        var plan = Serve("""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G","count":4},"parallelism":{"tensor":4,"pipeline":3},"replicas":2}""");

        Assert.Null(plan.Deployment);
        var template = plan.LeaderWorkerSet!.Spec!.LeaderWorkerTemplate!;
        Assert.Equal((2, 3), (plan.LeaderWorkerSet.Spec.Replicas, template.Size));
        var (leader, worker) = (template.LeaderTemplate!, template.WorkerTemplate!);
        Assert.True(new LabelSelector { MatchLabels = plan.Service!.Spec!.Selector }.Matches(leader.Metadata!.Labels));
        Assert.False(new LabelSelector { MatchLabels = plan.Service.Spec.Selector }.Matches(worker.Metadata!.Labels));
        Assert.Equal(leader.Metadata.Labels![ApiGroup.RevisionLabel], worker.Metadata.Labels![ApiGroup.RevisionLabel]);
        Assert.DoesNotContain("--headless", leader.Spec!.Containers![0].Args!);
        Assert.Contains("--headless", worker.Spec!.Containers![0].Args!);
        Assert.Null(worker.Spec.Containers[0].ReadinessProbe);
        Assert.Equal(12, plan.Status.Accelerator!.Count);
        Assert.NotEqual(plan.Service.Metadata.Name, plan.LeaderWorkerSet.Metadata.Name);
    }

    [Theory]
    [InlineData("twin", "twin-nodes")]
    [InlineData("a-name-that-is-as-long-as-a-name-may-be-so-that-nothing-fits-xx", null)]
    public void The_name_of_a_group_leaves_room_for_those_of_its_pods(string endpoint, string? expected)
    {
        var name = ObjectNames.Group(endpoint);

        Assert.InRange(name.Length, 1, 42);
        Assert.Matches("^[a-z]([-a-z0-9]*[a-z0-9])?$", name);
        Assert.True(expected is null || expected == name);
    }

    private static EndpointPlan Serve(string endpoint)
    {
        var model = Cluster.Model(EngineCases.TwinModel);
        model = model with { Status = model.Status! with { ResolvedRevision = EngineCases.Commit } };
        return EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(endpoint), model, Cluster.Node("a10g-x4", "NVIDIA-A10G", 4)) with { HasLeaderWorkerSets = true });
    }

    private static Container Engine(EndpointPlan plan) => plan.Deployment!.Spec!.Template!.Spec!.Containers![0];

    private static Dictionary<string, EnvVar> Variables(EndpointPlan plan) => Engine(plan).Env!.ToDictionary(variable => variable.Name);

    private static string Option(Container container, string name) => container.Args![container.Args.ToList().IndexOf(name) + 1];
}
