using FsCheck;
using FsCheck.Fluent;
using LlmOperator.Api;
using LlmOperator.Api.Common;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Models;
using Xunit;

namespace LlmOperator.Planning.Tests.Models;

/// <summary>What becomes of a model by what its registry says, and by its silence.</summary>
public sealed class RegistryPlanTests
{
    private const string First = "1111111111111111111111111111111111111111";
    private const string Second = "2222222222222222222222222222222222222222";

    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly RegistryFacts Facts = new()
    {
        Source = "hf://org/model",
        Parameters = 8_030_261_248,
        BitsPerWeight = 16,
        WeightsBytes = 16_060_522_496,
        License = "apache-2.0",
        Architecture = new() { Name = "LlamaForCausalLM", DataType = "bfloat16", Layers = 32, HiddenSize = 4096, AttentionHeads = 32, KeyValueHeads = 8, ContextLength = 131072 },
    };

    private static readonly RegistryProblem Dead = new(RegistryReasons.RegistryUnavailable, "the registry cannot be asked");
    private static readonly RegistryProblem Missing = new(RegistryReasons.ModelNotFound, "no such model");

    [Fact]
    public void What_a_registry_says_becomes_the_model_s_facts_and_its_commit_is_pinned()
    {
        var status = Plan(Model(), Read(First)).Status;

        Assert.Equal((First, "main", "8.03B", 131_072L, "apache-2.0", 131072), (status.ResolvedRevision, status.ResolvedFrom, status.Parameters, status.KvBytesPerToken, status.License, status.ContextLength));
        Assert.Equal(16_060_522_496, status.WeightsBytes);
        Assert.Equal(("True", "FactsKnown"), Condition(status, "Ready"));
        Assert.Equal(("True", "Resolved"), Condition(status, "RegistryReachable"));
        Assert.Null(status.GivenFacts);
    }

    [Fact]
    public void Given_values_win_and_are_marked()
    {
        var model = Model();
        var status = Plan(model with { Spec = model.Spec! with { Parameters = new ParameterCount(7_000_000_000), Card = new() { License = "mit" }, Architecture = new() { ContextLength = 4096 } } }, Read(First)).Status;

        Assert.Equal((7_000_000_000, 14_000_000_000, "mit", 4096, "LlamaForCausalLM"), (status.ParameterCount, status.WeightsBytes, status.License, status.ContextLength, status.Architecture));
        Assert.Equal(["parameters", "architecture", "license"], status.GivenFacts);
    }

    [Fact]
    public void A_branch_that_moves_is_told_and_not_followed()
    {
        var pinned = Planned(Model(), Read(First));
        var plan = Plan(pinned, new() { Revision = Second });

        Assert.Equal((First, "main"), (plan.Status.ResolvedRevision, plan.Status.ResolvedFrom));
        Assert.Equal(("True", "RevisionMoved"), Condition(plan.Status, "UpdateAvailable"));
        var message = plan.Status.Conditions.Find("UpdateAvailable")!.Message;
        Assert.Contains(First, message);
        Assert.Contains(Second, message);
        Assert.Contains(plan.Transitions, transition => transition is { IsWarning: false, Condition.Type: "UpdateAvailable" });

        var back = Plan(Planned(pinned, new() { Revision = Second }), new() { Revision = First });
        Assert.Null(back.Status.Conditions.Find("UpdateAvailable"));
    }

    [Fact]
    public void An_update_is_taken_once_the_annotation_has_a_new_value()
    {
        var moved = Planned(Planned(Model(), Read(First)), new() { Revision = Second });
        var asked = moved with { Metadata = moved.Metadata with { Annotations = new Dictionary<string, string> { [ApiGroup.RefreshAnnotation] = "today" } } };

        Assert.False(ModelPin.Holds(asked));
        var taken = Planned(asked, Read(Second));

        Assert.Equal(Second, taken.Status!.ResolvedRevision);
        Assert.Null(taken.Status.Conditions.Find("UpdateAvailable"));
        Assert.True(ModelPin.Holds(taken));
        Assert.True(ModelPin.Holds(taken with { Metadata = taken.Metadata with { Annotations = null } }));
        Assert.True(ModelPin.Holds(Planned(taken with { Metadata = taken.Metadata with { Annotations = null } }, new() { Revision = Second })));
    }

    [Fact]
    public void A_request_that_fails_leaves_the_pin_and_what_was_known_of_an_update()
    {
        var moved = Planned(Planned(Model(), Read(First)), new() { Revision = Second });
        var asked = moved with { Metadata = moved.Metadata with { Annotations = new Dictionary<string, string> { [ApiGroup.RefreshAnnotation] = "today" } } };
        var status = Plan(asked, new() { Problem = Dead }).Status;

        Assert.Equal(First, status.ResolvedRevision);
        Assert.Equal(("True", "RevisionMoved"), Condition(status, "UpdateAvailable"));
        Assert.Equal(("True", "FactsKnown"), Condition(status, "Ready"));
    }

    [Fact]
    public void Another_revision_in_the_spec_is_taken()
    {
        var pinned = Planned(Model(), Read(First));
        var changed = pinned with { Spec = pinned.Spec! with { Source = new() { HuggingFace = new() { Repo = "org/model", Revision = "v2" } } } };
        Assert.False(ModelPin.Holds(changed));

        var status = Plan(changed, Read(Second)).Status;

        Assert.Equal((Second, "v2"), (status.ResolvedRevision, status.ResolvedFrom));
    }

    [Theory]
    [InlineData(RegistryReasons.RegistryUnavailable, "True", "FactsKnown")]
    [InlineData(RegistryReasons.RateLimited, "True", "FactsKnown")]
    [InlineData(RegistryReasons.RevisionNotFound, "False", RegistryReasons.RevisionNotFound)]
    public void Another_revision_that_cannot_be_found_leaves_the_last_in_use(string reason, string ready, string readyReason)
    {
        var pinned = Planned(Model(), Read(First));
        var changed = pinned with { Spec = pinned.Spec! with { Source = new() { HuggingFace = new() { Repo = "org/model", Revision = "v2" } } } };
        var status = Plan(changed, new() { Problem = new(reason, "no") }).Status;

        Assert.Equal((First, "main", 8_030_261_248), (status.ResolvedRevision, status.ResolvedFrom, status.ParameterCount));
        Assert.Equal((ready, readyReason), Condition(status, "Ready"));
    }

    [Fact]
    public void Facts_of_another_repository_are_not_kept()
    {
        var pinned = Planned(Model(), Read(First));
        var status = Plan(pinned with { Spec = pinned.Spec! with { Source = new() { HuggingFace = new() { Repo = "org/other" } } } }, new() { Problem = Missing }).Status;

        Assert.Equal(("False", "ModelNotFound"), Condition(status, "Ready"));
        Assert.Null(status.ParameterCount);
        Assert.Equal("main", status.ResolvedRevision);
    }

    [Fact]
    public void What_was_read_once_stays_in_use_whatever_becomes_of_the_registry()
    {
        var pinned = Planned(Model(), Read(First));
        foreach (var problem in new[] { Dead, Missing, new(RegistryReasons.InvalidToken, "bad token") })
        {
            var plan = Plan(pinned, new() { Problem = problem });

            Assert.Equal(("True", "FactsKnown"), Condition(plan.Status, "Ready"));
            Assert.Equal(("False", problem.Reason), Condition(plan.Status, "RegistryReachable"));
            Assert.Equal(8_030_261_248, plan.Status.ParameterCount);
            Assert.Contains(plan.Transitions, transition => transition is { IsWarning: true, Condition.Type: "RegistryReachable" });
        }
    }

    [Fact]
    public void A_registry_that_cannot_be_asked_does_not_matter_where_the_facts_are_given()
    {
        var model = Model();
        var given = model with { Spec = model.Spec! with { Parameters = new ParameterCount(8_000_000_000) } };

        foreach (var reason in new[] { RegistryReasons.RegistryUnavailable, RegistryReasons.RateLimited, RegistryReasons.OperatorAccessDenied, RegistryReasons.TokenSecretForbidden })
        {
            Assert.Equal(("True", "FactsKnown"), Condition(Plan(given, new() { Problem = new(reason, "cannot be asked") }).Status, "Ready"));
        }

        Assert.Equal("main", Plan(given, new() { Problem = Dead }).Status.ResolvedRevision);
        Assert.Equal(("False", "ModelNotFound"), Condition(Plan(given, new() { Problem = Missing }).Status, "Ready"));
        Assert.Equal(("False", "RegistryUnavailable"), Condition(Plan(model, new() { Problem = Dead }).Status, "Ready"));
    }

    [Fact]
    public void A_config_that_cannot_be_read_matters_only_where_facts_are_missing()
    {
        var outcome = new RegistryOutcome { Revision = First, Facts = new() { Source = "hf://org/model" }, Problem = new(RegistryReasons.MalformedConfig, "config.json cannot be used") };
        var model = Model();

        Assert.Equal(("False", "MalformedConfig"), Condition(Plan(model, outcome).Status, "Ready"));
        var given = Plan(model with { Spec = model.Spec! with { Parameters = new ParameterCount(8_000_000_000) } }, outcome).Status;
        Assert.Equal(("True", "FactsKnown"), Condition(given, "Ready"));
        Assert.Equal(First, given.ResolvedRevision);
        Assert.Equal(("False", "MalformedConfig"), Condition(given, "RegistryReachable"));
    }

    [Fact]
    public void Between_questions_nothing_changes()
    {
        foreach (var outcome in new[] { Read(First), new RegistryOutcome { Problem = Missing } })
        {
            var model = Planned(Model(), outcome);
            var again = ModelPlanner.Plan(new(model, [], Now.AddHours(1)));

            Assert.Equal(model.Status!.Conditions, again.Status.Conditions);
            Assert.Equal(model.Status with { Conditions = null, UsedBy = null }, again.Status with { Conditions = null, UsedBy = null });
            Assert.Empty(again.Transitions);
        }
    }

    [Fact]
    public void Quantising_never_needs_more()
    {
        string[] all = [Quantizations.Fp8, Quantizations.Int8, Quantizations.Awq, Quantizations.Gptq, Quantizations.BitsAndBytes, Quantizations.BitsAndBytesNf4, Quantizations.Eetq];
        var cases = from billions in Gen.Choose(1, 700)
                    from bits in Gen.Elements(4, 8, 16, 32)
                    from overhead in Gen.Choose(0, 100)
                    from given in Gen.Elements(true, false)
                    from read in Gen.Elements(true, false)
                    from quantization in Gen.Elements(all)
                    select (Billions: billions, Bits: bits, Overhead: overhead, Given: given, Read: read, Quantization: quantization);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var parameters = one.Billions * 1_000_000_000L;
            var facts = one.Read ? Facts with { Parameters = parameters, BitsPerWeight = one.Bits, WeightsBytes = (parameters * one.Bits / 8) + one.Overhead } : null;
            var spec = Model().Spec! with { Parameters = one.Given || !one.Read ? new ParameterCount(parameters) : null };
            var plain = ModelFacts.Of(spec, facts);
            var quantised = ModelFacts.Of(spec with { Quantization = one.Quantization }, facts);
            return quantised.WeightsBytes <= plain.WeightsBytes && quantised.BitsPerWeight <= plain.BitsPerWeight && quantised.KvBytesPerToken == plain.KvBytesPerToken;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Weights_that_are_quantised_in_the_repository_take_what_they_take_there()
    {
        var awq = Facts with { BitsPerWeight = 4, QuantizationMethod = "awq", WeightsBytes = 5_700_000_000 };
        var spec = Model().Spec!;

        Assert.Equal((5_700_000_000, 4), (ModelFacts.Of(spec with { Quantization = "awq" }, awq).WeightsBytes, ModelFacts.Of(spec with { Quantization = "awq" }, awq).BitsPerWeight));
        Assert.Equal((5_700_000_000, 4), (ModelFacts.Of(spec, awq).WeightsBytes, ModelFacts.Of(spec, awq).BitsPerWeight));
    }

    private static LlmModel Model() => new()
    {
        Metadata = new() { Name = "m", Namespace = "ns", Generation = 3 },
        Spec = new() { Source = new() { HuggingFace = new() { Repo = "org/model" } } },
    };

    private static RegistryOutcome Read(string commit) => new() { Revision = commit, Facts = Facts };

    private static ModelPlan Plan(LlmModel model, RegistryOutcome outcome) => ModelPlanner.Plan(new(model, [], Now) { Outcome = outcome });

    private static LlmModel Planned(LlmModel model, RegistryOutcome outcome) => model with { Status = Plan(model, outcome).Status };

    private static (string?, string?) Condition(LlmModelStatus status, string type) => (status.Conditions.Find(type)?.Status, status.Conditions.Find(type)?.Reason);
}
