using System.Collections.Concurrent;
using LlmOperator.Api.Models;
using LlmOperator.Controllers.Registries;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Models;

/// <summary>What a look at a model's registry came to.</summary>
/// <param name="Outcome">What was learnt; null when it was not time to ask.</param>
/// <param name="Next">When to look again; null for only when something changes.</param>
internal readonly record struct RegistryLook(RegistryOutcome? Outcome, TimeSpan? Next);

/// <summary>
/// Decides when a model's registry is asked, and asks it: at once for what the spec newly names, seldom whether a branch has moved, after growing delays while something is wrong.
/// What has been learnt is in the model's status, so that a restart asks nothing at once that it was told before.
/// </summary>
internal sealed class RegistryLookups(IModelRegistry registry, CredentialReader credentials, RegistryOptions options, TimeProvider time, Random random)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstRecheck = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FirstClusterCheck = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestClusterCheck = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RestartSpread = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<ObjectKey, State> _states = new();

    /// <summary>Looks at a model's registry when it is time to.</summary>
    public async Task<RegistryLook> LookAsync(ObjectKey key, LlmModel model, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var state = _states.GetOrAdd(key, static _ => new State());
        var isFailing = Reachable(model) is { Status: ConditionStatus.False };
        Prepare(state, model, isFailing, now);
        if (state.Outcome is null && (state.AskAt <= now || (isFailing && state.CheckSecretAt <= now && await SecretChangedAsync(state, key, model, now, cancellationToken).ConfigureAwait(false))))
        {
            state.Outcome = await AskAsync(state, key, model, isFailing, cancellationToken).ConfigureAwait(false);
        }

        return new(state.Outcome, Next(state) is { } at ? at - time.GetUtcNow() : null);
    }

    /// <summary>What was learnt is in the model's status, and need not be told again.</summary>
    public void Written(ObjectKey key)
    {
        if (_states.TryGetValue(key, out var state))
        {
            state.Outcome = null;
        }
    }

    public void Forget(ObjectKey key) => _states.TryRemove(key, out _);

    private static Condition? Reachable(LlmModel model) => model.Status?.Conditions.Find(ConditionTypes.RegistryReachable);

    /// <summary>Whether what the source names can come to stand for something else.</summary>
    private static bool CanMove(ModelSource source) => source switch
    {
        { HuggingFace.Revision: { } revision } => !(revision.Length == 40 && revision.All(char.IsAsciiHexDigit)),
        { Oci.Image: { } image } => !image.Contains("@sha256:", StringComparison.Ordinal),
        _ => true,
    };

    private static DateTimeOffset? Next(State state) => state.CheckSecretAt is { } check && (state.AskAt is not { } ask || check < ask) ? check : state.AskAt;

    private void Prepare(State state, LlmModel model, bool isFailing, DateTimeOffset now)
    {
        var asks = (model.Metadata.Uid, model.Metadata.Generation, ModelPin.Refresh(model));
        if (state.Asks == asks)
        {
            return;
        }

        var isNew = state.Asks.Generation is null;
        state.Asks = asks;
        (state.Outcome, state.Failures, state.SecretChecks, state.CheckSecretAt) = (null, 0, 0, null);
        if (isNew && model.Status?.ObservedGeneration == model.Metadata.Generation && (isFailing || ModelPin.Holds(model)))
        {
            // The operator has just started, and knew this model before.
            state.AskAt = isFailing ? now + (RestartSpread * random.NextDouble()) : CanMove(model.Spec!.Source) ? now + (options.PollInterval * random.NextDouble()) : null;
        }
        else if (isFailing || !ModelPin.Holds(model))
        {
            state.AskAt = now;
        }
    }

    private async Task<RegistryOutcome> AskAsync(State state, ObjectKey key, LlmModel model, bool isFailing, CancellationToken cancellationToken)
    {
        var source = model.Spec!.Source;
        var holds = ModelPin.Holds(model);
        var pin = holds && isFailing ? model.Status!.ResolvedRevision : null;
        try
        {
            var shown = await credentials.ReadAsync(key.Namespace, source, cancellationToken).ConfigureAwait(false);
            state.SecretVersion = shown.Version;
            var reading = await registry.ReadAsync(
                new(source, pin ?? ModelSources.Revision(source), shown) { Namespace = key.Namespace, FactsWanted = !holds || isFailing }, cancellationToken).ConfigureAwait(false);
            (state.Failures, state.SecretChecks, state.CheckSecretAt) = (0, 0, null);
            state.AskAt = CanMove(source) || reading.Problem is not null ? time.GetUtcNow() + Jittered(options.PollInterval) : null;
            return new() { Revision = reading.Revision, IsOfPin = pin is not null, Facts = reading.Facts, Problem = reading.Problem };
        }
        catch (RegistryException fault)
        {
            var now = time.GetUtcNow();
            state.AskAt = now + Delay(fault, state.Failures++);
            state.CheckSecretAt = CredentialReader.NamesSecret(source) && !IsOfCluster(fault.Reason) ? now + ClusterCheck(state.SecretChecks) : null;
            return new() { Problem = fault.Problem };
        }
    }

    /// <summary>Whether a Secret that may be what is wrong has changed since the registry was asked with it.</summary>
    private async Task<bool> SecretChangedAsync(State state, ObjectKey key, LlmModel model, DateTimeOffset now, CancellationToken cancellationToken)
    {
        state.CheckSecretAt = now + ClusterCheck(++state.SecretChecks);
        try
        {
            return (await credentials.ReadAsync(key.Namespace, model.Spec!.Source, cancellationToken).ConfigureAwait(false)).Version != state.SecretVersion;
        }
        catch (RegistryException)
        {
            return true; // It has gone, which is to be said.
        }
    }

    private TimeSpan Delay(RegistryException fault, int failures)
    {
        if (IsOfCluster(fault.Reason))
        {
            return ClusterCheck(failures);
        }

        var delay = Jittered(Doubled(RegistryReasons.IsTransient(fault.Reason) ? FirstRetry : FirstRecheck, failures, options.PollInterval));
        return fault.RetryAfter is { } asked && asked > delay ? asked + (FirstRetry * random.NextDouble()) : delay;
    }

    /// <summary>Whether the cluster's own objects are what is missing, which costs the registry nothing to find out.</summary>
    private static bool IsOfCluster(string reason) => reason is RegistryReasons.TokenSecretNotFound or RegistryReasons.TokenSecretForbidden or RegistryReasons.ClaimNotFound;

    private static TimeSpan ClusterCheck(int checks) => Doubled(FirstClusterCheck, checks, LongestClusterCheck);

    private static TimeSpan Doubled(TimeSpan first, int times, TimeSpan longest)
    {
        var delay = first * Math.Pow(2, Math.Min(times, 30));
        return delay < longest ? delay : longest;
    }

    private TimeSpan Jittered(TimeSpan delay) => delay * (0.9 + (0.2 * random.NextDouble()));

    private sealed class State
    {
        /// <summary>What the model asked for when this state began.</summary>
        public (string? Uid, long? Generation, string? Refresh) Asks { get; set; }

        /// <summary>When to ask the registry; null for never by itself.</summary>
        public DateTimeOffset? AskAt { get; set; }

        /// <summary>When to see whether the Secret has changed; null while nothing hangs on it.</summary>
        public DateTimeOffset? CheckSecretAt { get; set; }

        public int Failures { get; set; }

        public int SecretChecks { get; set; }

        public string? SecretVersion { get; set; }

        /// <summary>What was learnt and is not yet in the status.</summary>
        public RegistryOutcome? Outcome { get; set; }
    }
}
