using LlmOperator.Api.Models;

namespace LlmOperator.Planning.Models;

/// <summary>What is seen of a model and of its users.</summary>
/// <param name="Model">The model.</param>
/// <param name="Users">Names of the LlmEndpoints of the namespace that name it and are not themselves being deleted.</param>
/// <param name="Now">Present time.</param>
public sealed record ModelObservation(LlmModel Model, IReadOnlyList<string> Users, DateTimeOffset Now);

/// <summary>What follows for a model.</summary>
/// <param name="Status">The status to have.</param>
/// <param name="HoldDeletion">Whether the model must not go yet.</param>
/// <param name="Transitions">Changes worth an Event.</param>
public sealed record ModelPlan(LlmModelStatus Status, bool HoldDeletion, IReadOnlyList<ConditionTransition> Transitions);

/// <summary>Decides what is the case of a model.</summary>
public static class ModelPlanner
{
    // The schema's bound on status.usedBy; a model with more users is as much in use.
    private const int MostUsersListed = 1000;

    /// <summary>Decides what is the case of a model.</summary>
    public static ModelPlan Plan(ModelObservation observed)
    {
        var model = observed.Model;
        var spec = model.Spec ?? throw new ArgumentException("a model without spec is refused by the schema", nameof(observed));
        var facts = ModelFacts.Of(spec);
        var conditions = new ConditionSet(model.Status?.Conditions, model.Metadata.Generation, observed.Now);
        var users = observed.Users.Order(StringComparer.Ordinal).ToList();
        if (facts.Parameters is { } parameters)
        {
            conditions.Set(
                ConditionTypes.Ready,
                ConditionStatus.True,
                "FactsKnown",
                facts.WeightsBytes is { } bytes
                    ? $"{parameters} parameters at {facts.BitsPerWeight} bits take {bytes / 1048576:N0} MiB"
                    : $"{parameters} parameters; the size of the weights depends on the file, as quantization {spec.Quantization} does not say its bits",
                announce: true);
        }
        else
        {
            conditions.Set(
                ConditionTypes.Ready,
                ConditionStatus.False,
                "ParametersUnknown",
                "the number of parameters is not known: set spec.parameters (for example 8B), or all of layers, hiddenSize, attentionHeads, intermediateSize and vocabularySize in spec.architecture",
                announce: true);
        }

        var deleting = model.Metadata.DeletionTimestamp is not null;
        if (deleting && users.Count > 0)
        {
            conditions.Set(
                ConditionTypes.InUse,
                ConditionStatus.True,
                "EndpointsRefer",
                DeletionWaits(users),
                announce: true);
        }

        return new(Status(model, spec, facts, users, conditions), users.Count > 0, conditions.Transitions);
    }

    private static LlmModelStatus Status(LlmModel model, LlmModelSpec spec, ModelFacts facts, List<string> users, ConditionSet conditions) => new()
    {
        ObservedGeneration = model.Metadata.Generation,
        Source = ModelSources.Address(spec.Source),
        ResolvedRevision = ModelSources.Revision(spec.Source),
        Parameters = facts.Parameters?.ToString(),
        ParameterCount = facts.Parameters?.Value,
        Architecture = facts.Architecture,
        BitsPerWeight = facts.BitsPerWeight,
        WeightsBytes = facts.WeightsBytes,
        KvBytesPerToken = facts.KvBytesPerToken,
        ContextLength = facts.ContextLength,
        GivenFacts = facts.Given.Count > 0 ? facts.Given : null,
        License = facts.License,
        UsedBy = [.. users.Take(MostUsersListed)],
        Conditions = conditions.Conditions,
    };

    /// <summary>Words for a deletion that waits.</summary>
    internal static string DeletionWaits(List<string> users) =>
        $"deletion waits for {users.Count} LlmEndpoint{(users.Count == 1 ? "" : "s")} that serve this model: {Shortened(users)}; delete them or change their spec.modelRef";

    /// <summary>Names, the first ten where they are more.</summary>
    internal static string Shortened(List<string> names) =>
        names.Count <= 10 ? string.Join(", ", names) : $"{string.Join(", ", names.Take(10))} and {names.Count - 10} more";
}
