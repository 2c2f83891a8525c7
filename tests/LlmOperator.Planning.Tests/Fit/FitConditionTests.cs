using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Tests.Endpoints;
using Xunit;

namespace LlmOperator.Planning.Tests.Fit;

public sealed class FitConditionTests
{
    private static readonly Node A10G = Cluster.Node("a10g-0", "NVIDIA-A10G");
    private static readonly Node A100 = Cluster.Node("a100-0", "NVIDIA-A100-SXM4-80GB", 8);

    [Fact]
    public void A_model_that_does_not_fit_is_refused_with_numbers_and_with_what_would()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Endpoint("A10G"), Sample30B(), A10G, A100));

        Assert.Null(plan.Deployment);
        var fits = plan.Status.Conditions.Find(ConditionTypes.Fits)!;
        Assert.Equal(("False", "DoesNotFit"), (fits.Status, fits.Reason));

        // 30,532,122,624 x 2 B x 1.02; 16,384 tokens x 96 KiB; 1536 + 16,384 x 2048 x 30 B + 256 x 151,936 x 4 B.
        Assert.Contains(
            "63582 MiB are needed on each A10G (weights 59401 + key-value cache 1536 for 16384 tokens + overhead 2645) and 20725 MiB are available (23028 MiB x 0.9)", fits.Message);
    }

    [Fact]
    public void The_remedies_are_a_class_there_is_others_by_price_and_fewer_bits()
    {
        var fits = EndpointPlanner.Plan(Cluster.Observe(Endpoint("A10G"), Sample30B(), A10G, A100)).Status.Conditions.Find(ConditionTypes.Fits)!;

        Assert.Contains("What would fit: set spec.accelerator to 4x A10G; or set spec.accelerator to 1x A100-80GB", fits.Message);
        Assert.Contains("set spec.quantization of LlmModel qwen3-30b-a3b to bitsandbytes-nf4 (or awq or gptq, with a repository that was quantised so)", fits.Message);
    }

    [Fact]
    public void What_does_not_fit_is_not_ready_for_that_reason_and_asks_for_no_node()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Endpoint("A10G"), Sample30B(), A10G));

        Assert.Equal("DoesNotFit", plan.Status.Conditions.Find(ConditionTypes.Ready)!.Reason);
        Assert.Equal("NothingToSchedule", plan.Status.Conditions.Find(ConditionTypes.Scheduled)!.Reason);
        Assert.True(plan.Status.Memory is { NeededMiB: 63582, AvailableMiB: 20725, WeightsMiB: 59401, KvCacheMiB: 1536 });
        Assert.Contains(plan.Transitions, transition => transition is { IsWarning: true, Condition.Type: ConditionTypes.Fits });
    }

    [Fact]
    public void Fewer_bits_and_a_larger_class_heal_it()
    {
        var before = EndpointPlanner.Plan(Cluster.Observe(Endpoint("A10G"), Sample30B(), A10G, A100));
        var changed = Endpoint("A100") with { Status = before.Status };
        var model = Sample30B(Quantizations.Fp8);

        var after = EndpointPlanner.Plan(Cluster.Observe(changed, model, A10G, A100));

        Assert.Equal("True", after.Status.Conditions.Find(ConditionTypes.Fits)!.Status);
        Assert.NotNull(after.Deployment);
        Assert.Contains("room for", after.Status.Conditions.Find(ConditionTypes.Fits)!.Message);
    }

    [Fact]
    public void Pods_of_an_earlier_revision_stay_and_keep_what_they_were_given()
    {
        var running = EndpointPlanner.Plan(Cluster.Observe(Endpoint("A100-80GB"), Sample30B(), A100));
        var changed = Endpoint("A10G") with { Status = running.Status };

        var plan = EndpointPlanner.Plan(Cluster.Observe(changed, Sample30B(), A10G, A100) with
        {
            Deployment = Cluster.Running(running.Deployment!, ready: 1),
            Pods = [Cluster.Pod("p", "a100-0")],
        });

        Assert.Null(plan.Deployment);
        Assert.Equal("A100-80GB", plan.Status.Accelerator!.Type);
        Assert.Equal("3.4309", plan.Status.Cost!.PerHour);
        Assert.Equal("True", plan.Status.Conditions.Find(ConditionTypes.Available)!.Status);
    }

    [Fact]
    public void A_group_is_narrowed_to_the_members_that_have_room()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Endpoint("A100"), Sample30B(), A100));

        Assert.Equal("A100-80GB", plan.Status.Accelerator!.Type);
        var products = Terms(plan).SelectMany(term => term.MatchExpressions!).Where(match => match.Key == "nvidia.com/gpu.product" && match.Values is not null).SelectMany(match => match.Values!);
        Assert.DoesNotContain(products, product => product.Contains("40GB", StringComparison.Ordinal));
    }

    [Fact]
    public void A_group_on_all_of_whose_members_the_model_fits_stays_whole()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Endpoint("A100"), Sample30B(Quantizations.Fp8), A100));

        Assert.Equal("A100", plan.Status.Accelerator!.Type);
        Assert.Contains(Terms(plan).SelectMany(term => term.MatchExpressions!), match => match.Values?.Contains("NVIDIA-A100-SXM4-40GB") == true);
    }

    [Theory]
    [InlineData("""{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B"}""", "set layers, attentionHeads, keyValueHeads and headDimension")]
    [InlineData("""{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"8B","quantization":"gguf"}""", "a GGUF file's name does not say")]
    public void What_is_not_known_is_said_with_what_to_give_and_blocks_nothing(string model, string message)
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model(model), A10G));

        var fits = plan.Status.Conditions.Find(ConditionTypes.Fits)!;
        Assert.Equal(("Unknown", "FactsMissing"), (fits.Status, fits.Reason));
        Assert.Contains(message, fits.Message);
        Assert.NotNull(plan.Deployment);
    }

    [Fact]
    public void Weights_that_alone_have_no_room_are_refused_whatever_else_is_not_known()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), Cluster.Model("""{"source":{"huggingFace":{"repo":"org/model"}},"parameters":"30B"}"""), A10G));

        var fits = plan.Status.Conditions.Find(ConditionTypes.Fits)!;
        Assert.Equal("False", fits.Status);
        Assert.Contains("What has room for as much as is known: set spec.accelerator to 4x A10G", fits.Message);
        Assert.Contains("1x A100-80GB", fits.Message);
        Assert.Null(plan.Deployment);
    }

    [Theory]
    [InlineData(3, "1, 2, 4, 8, 16, 32")]
    [InlineData(64, "1, 2, 4, 8, 16, 32")]
    public void Tensor_parallelism_that_does_not_deal_out_the_heads_is_refused(int count, string allowed)
    {
        var endpoint = Cluster.Endpoint($$"""{"modelRef":{"name":"m"},"accelerator":{"type":"A10G","count":{{count}} } }""");
        var model = Cluster.Model($$"""{"source":{"pvc":{"claimName":"c"} },"parameters":"8B","architecture":{{MemoryFitTests.Llama8B}} }""");

        var plan = EndpointPlanner.Plan(Cluster.Observe(endpoint, model, A10G));

        var ready = plan.Status.Conditions.Find(ConditionTypes.Ready)!;
        Assert.Equal("ParallelismMismatch", ready.Reason);
        Assert.Contains($"to one of {allowed}", ready.Message);
    }

    [Fact]
    public void Eight_bit_floating_point_is_not_loaded_on_a_T4()
    {
        var model = Cluster.Model("""{"source":{"pvc":{"claimName":"c"}},"parameters":"1B","quantization":"fp8"}""");

        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint("""{"modelRef":{"name":"m"},"accelerator":{"type":"T4"}}"""), model));

        Assert.Contains("compute capability 7.5", plan.Status.Conditions.Find(ConditionTypes.Ready)!.Message);
    }

    [Fact]
    public void A_model_that_changed_and_was_not_looked_at_since_is_waited_for()
    {
        var model = Cluster.Model();
        model = model with { Metadata = model.Metadata with { Generation = 2 } };

        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(), model, A10G));

        Assert.Null(plan.Deployment);
        Assert.Equal("WaitingForModel", plan.Status.Conditions.Find(ConditionTypes.Progressing)!.Reason);
    }

    private static IReadOnlyList<NodeSelectorTerm> Terms(EndpointPlan plan) =>
        plan.Deployment!.Spec!.Template!.Spec!.Affinity!.NodeAffinity!.RequiredDuringSchedulingIgnoredDuringExecution!.NodeSelectorTerms!;

    private static LlmEndpoint Endpoint(string accelerator) => Cluster.Endpoint($$"""{"modelRef":{"name":"qwen3-30b-a3b"},"accelerator":{"type":"{{accelerator}}"} }""");

    private static LlmModel Sample30B(string quantization = Quantizations.None)
    {
        var model = Cluster.Sample("llmmodel-qwen3-30b.yaml", "llmendpoint-qwen3-30b.yaml").Model;
        model = model with { Spec = model.Spec! with { Quantization = quantization } };
        return model with { Status = Planning.Models.ModelPlanner.Plan(new(model, [], Cluster.Now)).Status };
    }
}
