using LlmOperator.Api.Schema;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Api.Endpoints;

/// <summary>How a new revision replaces the old one.</summary>
[Rule(
    "self.strategy == 'Canary' || !has(self.steps)",
    "rollout.steps belongs to strategy Canary: set strategy to Canary or remove steps",
    FieldPath = ".steps")]
public sealed record RolloutSpec
{
    /// <summary>Rolling replaces pod by pod, Canary moves traffic in steps, BlueGreen switches at once when the new revision is whole.</summary>
    [AllowedValues("Rolling", "Canary", "BlueGreen")]
    [Default("Rolling")]
    public string Strategy { get; set; } = "Rolling";

    /// <summary>Pods above the wanted number while rolling, as a count or a percentage. 1 when absent: the new pod is ready before an old one goes, so one spare accelerator is needed. Set it to 0 where there is none to spare: an old pod then goes first.</summary>
    public IntOrString? MaxSurge { get; init; }

    /// <summary>Pods below the wanted number while rolling, as a count or a percentage. 0 when absent, 1 when maxSurge is 0.</summary>
    public IntOrString? MaxUnavailable { get; init; }

    /// <summary>Steps of a canary.</summary>
    [Atomic]
    [Count(64)]
    public IReadOnlyList<RolloutStep>? Steps { get; init; }

    /// <summary>Time without progress after which a rollout has failed. engine.startupTimeoutSeconds and a half more when absent.</summary>
    [Bounds(1, 86_400)]
    public int? ProgressDeadlineSeconds { get; init; }

    /// <summary>Old revisions kept for the way back.</summary>
    [Bounds(0, 100)]
    [Default(10)]
    public int RevisionHistoryLimit { get; set; } = 10;
}

/// <summary>One step of a canary: exactly one of its fields.</summary>
[Rule("has(self.setWeight) != has(self.pause)", "a rollout step must have exactly one of setWeight and pause: split it in two steps")]
public sealed record RolloutStep
{
    /// <summary>Per cent of traffic that goes to the new revision from here on.</summary>
    [Bounds(0, 100)]
    public int? SetWeight { get; init; }

    /// <summary>Wait: for a time, or until somebody resumes.</summary>
    public RolloutPause? Pause { get; init; }
}

/// <summary>A wait in a rollout.</summary>
public sealed record RolloutPause
{
    /// <summary>Seconds to wait; until resumed by hand when absent.</summary>
    [Bounds(1, 2_592_000)]
    public int? DurationSeconds { get; init; }
}
