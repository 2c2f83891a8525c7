using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Tests.Endpoints;
using Xunit;

namespace LlmOperator.Planning.Tests.Fit;

public sealed class AcceleratorChoiceTests
{
    private const string Auto = """{"modelRef":{"name":"m"},"accelerator":{"type":"auto"},"engine":{"contextLength":8192}}""";

    private static readonly Node T4 = Cluster.Node("t4", "Tesla-T4", 4);
    private static readonly Node L4 = Cluster.Node("l4", "NVIDIA-L4");
    private static readonly Node A10G = Cluster.Node("a10g", "NVIDIA-A10G", 4);
    private static readonly Node A100 = Cluster.Node("a100", "NVIDIA-A100-SXM4-80GB", 8);

    [Fact]
    public void The_cheapest_class_on_which_the_model_fits_is_chosen_of_what_the_cluster_has()
    {
        Assert.Equal("1x L4", Plan(Auto, T4, L4, A10G, A100).Status.Accelerator!.Summary);
        Assert.Equal("1x A10G", Plan(Auto, A10G, A100).Status.Accelerator!.Summary);
        Assert.Equal("1x A100-80GB", Plan(Auto, A100).Status.Accelerator!.Summary);
    }

    [Fact]
    public void Several_small_ones_are_chosen_where_they_are_cheaper() => Assert.Equal("2x T4", Plan(Auto, T4, A100).Status.Accelerator!.Summary);

    [Fact]
    public void A_count_that_is_given_is_kept_to() =>
        Assert.Equal("2x A10G", Plan("""{"modelRef":{"name":"m"},"accelerator":{"type":"auto","count":2},"engine":{"contextLength":8192}}""", L4, A10G, A100).Status.Accelerator!.Summary);

    [Fact]
    public void Nodes_the_pods_may_not_enter_are_not_chosen_from()
    {
        var cordoned = L4 with { Spec = new() { Unschedulable = true } };
        var tainted = L4 with { Spec = new() { Taints = [new() { Key = "team", Value = "other", Effect = "NoSchedule" }] } };

        Assert.Equal("1x A10G", Plan(Auto, cordoned, A10G).Status.Accelerator!.Summary);
        Assert.Equal("1x A10G", Plan(Auto, tainted, A10G).Status.Accelerator!.Summary);
        Assert.Equal("1x L4", Plan("""{"modelRef":{"name":"m"},"accelerator":{"type":"auto"},"engine":{"contextLength":8192},"scheduling":{"tolerations":[{"key":"team","operator":"Exists"}]}}""", tainted, A10G).Status.Accelerator!.Summary);
    }

    [Fact]
    public void A_choice_stays_when_a_cheaper_node_appears_prices_change_or_replicas_do()
    {
        var first = Plan(Auto, A10G);
        var running = Observe(Auto, first, A10G, L4) with { Deployment = Cluster.Running(first.Deployment!, ready: 1), Pods = [Cluster.Pod("p", "a10g")] };

        Assert.Equal("1x A10G", EndpointPlanner.Plan(running).Status.Accelerator!.Summary);
        Assert.Equal("1x A10G", EndpointPlanner.Plan(running with { Pods = [] }).Status.Accelerator!.Summary);
        Assert.Equal("1x A10G", EndpointPlanner.Plan(running with { Catalogue = Dearer() }).Status.Accelerator!.Summary);
        var more = EndpointPlanner.Plan(Observe(Auto.Replace("\"accelerator\"", "\"replicas\":3,\"accelerator\"", StringComparison.Ordinal), first, A10G, L4) with { Pods = running.Pods });
        Assert.Equal("1x A10G", more.Status.Accelerator!.Summary);
        Assert.Equal(first.Deployment!.Spec!.Template!.Metadata!.Labels!["llmops.dev/revision"], more.Deployment!.Spec!.Template!.Metadata!.Labels!["llmops.dev/revision"]);
    }

    [Fact]
    public void Another_demand_leads_to_another_choice()
    {
        var first = Plan(Auto, A10G, A100);
        var longer = EndpointPlanner.Plan(Observe(Auto.Replace("8192", "131072", StringComparison.Ordinal), first, A10G, A100) with { Pods = [Cluster.Pod("p", "a10g")] });

        Assert.Equal("2x A10G", longer.Status.Accelerator!.Summary);
        Assert.NotEqual(first.Status.Accelerator!.Basis, longer.Status.Accelerator.Basis);
    }

    [Fact]
    public void A_choice_whose_nodes_are_gone_is_made_again_once_no_pod_runs_on_one()
    {
        var first = Plan(Auto, L4, A10G);

        Assert.Equal("1x L4", EndpointPlanner.Plan(Observe(Auto, first, A10G) with { Pods = [Cluster.Pod("p", "l4")] }).Status.Accelerator!.Summary);
        Assert.Equal("1x A10G", EndpointPlanner.Plan(Observe(Auto, first, A10G) with { Pods = [Cluster.Pod("p", null, "no")] }).Status.Accelerator!.Summary);
        Assert.Equal("1x L4", EndpointPlanner.Plan(Observe(Auto, first)).Status.Accelerator!.Summary);
    }

    [Fact]
    public void A_choice_all_of_which_our_own_pods_hold_is_left_for_a_place_that_is_free_and_not_to_and_fro()
    {
        var first = Plan(Auto, L4, A10G);
        var refused = Observe(Auto, first, L4, A10G) with { Pods = [Cluster.Pod("p", null, "0/2 nodes are available: Insufficient nvidia.com/gpu")] };

        Assert.Equal("1x L4", EndpointPlanner.Plan(refused).Status.Accelerator!.Summary);
        var full = refused with { PodsOn = node => node == "l4" ? [Holder("l4", 1)] : [] };
        var moved = EndpointPlanner.Plan(full);
        Assert.Equal("1x A10G", moved.Status.Accelerator!.Summary);

        var allFull = full with { Endpoint = full.Endpoint with { Status = moved.Status }, PodsOn = node => [Holder(node, node == "l4" ? 1 : 4)] };
        Assert.Equal("1x A10G", EndpointPlanner.Plan(allFull).Status.Accelerator!.Summary);
        Assert.Equal("1x L4", EndpointPlanner.Plan(allFull with { Endpoint = full.Endpoint }).Status.Accelerator!.Summary);
    }

    [Fact]
    public void What_something_could_bring_is_chosen_from_too()
    {
        var catalogue = AcceleratorCatalogue.Parse(
            """
            accelerators:
            - {class: L4, memoryMiB: 23034, products: [L4], pricePerHour: 0.80, provisionable: true}
            - {class: A10G, memoryMiB: 23028, products: [A10G], pricePerHour: 1.00}
            """,
            "f");

        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(Auto), Model(), A10G) with { Catalogue = catalogue });

        Assert.Equal("1x L4", plan.Status.Accelerator!.Summary);
        Assert.Contains("no node has accelerator L4", plan.Status.Conditions.Find(ConditionTypes.Scheduled)!.Message);
        Assert.NotNull(plan.Deployment);
        var waiting = Observe(Auto, plan, A10G) with { Catalogue = catalogue, Pods = [Cluster.Pod("p", null, "no")] };
        Assert.Equal("1x L4", EndpointPlanner.Plan(waiting).Status.Accelerator!.Summary);
    }

    [Fact]
    public void Where_nothing_fits_what_was_considered_is_told_and_a_node_heals_it()
    {
        var small = Cluster.Node("t4", "Tesla-T4");
        var plan = Plan(Auto, small);

        var fits = plan.Status.Conditions.Find(ConditionTypes.Fits)!;
        Assert.Equal(("False", "DoesNotFit"), (fits.Status, fits.Reason));
        Assert.Contains("1x T4: 18549 of 13824 MiB", fits.Message);
        Assert.Contains("set spec.quantization of LlmModel m to bitsandbytes", fits.Message);
        Assert.Equal("DoesNotFit", plan.Status.Conditions.Find(ConditionTypes.Ready)!.Reason);
        Assert.Null(plan.Deployment);
        Assert.NotNull(EndpointPlanner.Plan(Observe(Auto, plan, small, L4)).Deployment);
    }

    [Fact]
    public void Another_make_is_chosen_only_for_an_image_that_is_given()
    {
        var amd = new Node
        {
            Metadata = new() { Name = "amd", Labels = new Dictionary<string, string> { ["amd.com/gpu.product-name"] = "AMD_Instinct_MI300X_OAM" } },
            Status = new() { Allocatable = new Dictionary<string, Quantity> { ["amd.com/gpu"] = Quantity.FromValue(8) } },
        };

        Assert.Null(Plan(Auto, amd).Deployment);
        Assert.Equal("1x MI300X", Plan(Auto.Replace("\"contextLength\"", "\"image\":\"vllm/rocm\",\"contextLength\"", StringComparison.Ordinal), amd).Status.Accelerator!.Summary);
    }

    [Fact]
    public void Where_there_is_nothing_to_choose_from_each_node_says_why()
    {
        var plan = Plan(Auto, L4 with { Spec = new() { Unschedulable = true } }, Cluster.Node("odd", "NVIDIA-GH200"), Cluster.Node("cpu", null, 0));

        var scheduled = plan.Status.Conditions.Find(ConditionTypes.Scheduled)!;
        Assert.Equal(("False", "NoMatchingNodes"), (scheduled.Status, scheduled.Reason));
        Assert.Contains("l4 is cordoned; odd has NVIDIA-GH200 (not in the catalogue); 1 without accelerators", scheduled.Message);
        Assert.Equal("NoMatchingNodes", plan.Status.Conditions.Find(ConditionTypes.Ready)!.Reason);
        Assert.Equal("Unknown", plan.Status.Conditions.Find(ConditionTypes.Fits)!.Status);
    }

    [Fact]
    public void Nodes_that_cannot_load_the_weights_say_so()
    {
        var model = Cluster.Model("""{"source":{"pvc":{"claimName":"c"}},"parameters":"1B","quantization":"fp8"}""");

        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(Auto), model, T4));

        Assert.Contains("t4 has T4, which cannot load weights as fp8", plan.Status.Conditions.Find(ConditionTypes.Scheduled)!.Message);
    }

    [Fact]
    public void A_model_whose_weights_are_not_known_is_not_chosen_for()
    {
        var plan = EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(Auto), Cluster.Model("""{"source":{"pvc":{"claimName":"c"}},"parameters":"8B","quantization":"gguf"}"""), L4));

        Assert.Equal("AcceleratorNotChosen", plan.Status.Conditions.Find(ConditionTypes.Ready)!.Reason);
        Assert.Contains("or set spec.accelerator.type to a class", plan.Status.Conditions.Find(ConditionTypes.Ready)!.Message);
    }

    private static EndpointPlan Plan(string spec, params Node[] nodes) => EndpointPlanner.Plan(Cluster.Observe(Cluster.Endpoint(spec), Model(), nodes));

    private static EndpointObservation Observe(string spec, EndpointPlan before, params Node[] nodes) =>
        Cluster.Observe(Cluster.Endpoint(spec) with { Status = before.Status }, Model(), nodes);

    private static LlmModel Model() => Cluster.Model($$"""{"source":{"huggingFace":{"repo":"org/model"} },"parameters":8030261248,"architecture":{{MemoryFitTests.Llama8B}} }""");

    private static Pod Holder(string node, int count) => new()
    {
        Metadata = new() { Name = "other-pod", Namespace = "prod", Labels = new Dictionary<string, string> { ["llmops.dev/endpoint"] = "other" } },
        Spec = new() { NodeName = node, Containers = [new() { Name = "engine", Resources = new() { Limits = new Dictionary<string, Quantity> { ["nvidia.com/gpu"] = Quantity.FromValue(count) } } }] },
        Status = new() { Phase = "Running" },
    };

    /// <summary>The built-in catalogue with every price but that of A10G cut to a hundredth.</summary>
    private static AcceleratorCatalogue Dearer() => new(
        [.. AcceleratorCatalogue.Default.Classes.Select(known => known.Name == "A10G" ? known : known with { PricePerHour = known.PricePerHour / 100 })], "USD");
}
