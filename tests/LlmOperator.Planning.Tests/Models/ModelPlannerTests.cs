using LlmOperator.Api.Common;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Models;
using Xunit;

namespace LlmOperator.Planning.Tests.Models;

public sealed class ModelPlannerTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void A_model_with_given_facts_is_ready()
    {
        var plan = ModelPlanner.Plan(new(Model(), [], Now));

        var ready = plan.Status.Conditions.Find(ConditionTypes.Ready)!;
        Assert.Equal(("True", "FactsKnown", 3L), (ready.Status, ready.Reason, ready.ObservedGeneration!.Value));
        Assert.Equal("hf://org/model", plan.Status.Source);
        Assert.Equal("v1", plan.Status.ResolvedRevision);
        Assert.Equal("8B", plan.Status.Parameters);
        Assert.Equal(16_000_000_000, plan.Status.WeightsBytes);
        Assert.False(plan.HoldDeletion);
    }

    [Fact]
    public void A_model_of_unknown_size_is_not_ready_and_says_what_to_set()
    {
        var model = Model();
        var plan = ModelPlanner.Plan(new(model with { Spec = model.Spec! with { Parameters = null } }, [], Now));

        var ready = plan.Status.Conditions.Find(ConditionTypes.Ready)!;
        Assert.Equal(("False", "ParametersUnknown"), (ready.Status, ready.Reason));
        Assert.Contains("set spec.parameters", ready.Message);
    }

    [Fact]
    public void A_model_in_use_is_held_and_names_its_users()
    {
        var model = Model();
        var plan = ModelPlanner.Plan(new(model with { Metadata = model.Metadata with { DeletionTimestamp = Now } }, ["b", "a"], Now));

        var inUse = plan.Status.Conditions.Find(ConditionTypes.InUse)!;
        Assert.True(plan.HoldDeletion);
        Assert.Equal("True", inUse.Status);
        Assert.Contains("2 LlmEndpoints that serve this model: a, b", inUse.Message);
        Assert.Equal(["a", "b"], plan.Status.UsedBy);
    }

    [Fact]
    public void Looking_twice_gives_the_same_status_and_no_second_event()
    {
        var first = ModelPlanner.Plan(new(Model(), ["a"], Now));
        var second = ModelPlanner.Plan(new(Model() with { Status = first.Status }, ["a"], Now.AddHours(1)));

        Assert.Single(first.Transitions);
        Assert.Empty(second.Transitions);
        Assert.Equal(first.Status.Conditions, second.Status.Conditions);
    }

    [Fact]
    public void The_list_of_users_keeps_within_the_bound_of_the_schema()
    {
        var plan = ModelPlanner.Plan(new(Model(), [.. Enumerable.Range(0, 1500).Select(number => $"e{number}")], Now));

        Assert.Equal(1000, plan.Status.UsedBy!.Count);
    }

    private static LlmModel Model() => new()
    {
        Metadata = new() { Name = "m", Namespace = "ns", Generation = 3 },
        Spec = new() { Source = new() { HuggingFace = new() { Repo = "org/model", Revision = "v1" } }, Parameters = new ParameterCount(8_000_000_000) },
    };
}
