using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Fit;
using LlmOperator.Planning.Prompts;

namespace LlmOperator.Planning.Endpoints;

/// <summary>The conditions of an endpoint, each from what is seen alone.</summary>
internal static class EndpointConditions
{
    public static Condition Model(ConditionSet conditions, LlmEndpointSpec spec, LlmModel? model)
    {
        var name = spec.ModelRef.Name;
        if (model is null)
        {
            return conditions.Set(ConditionTypes.ModelReady, ConditionStatus.False, "ModelNotFound", $"there is no LlmModel {name} in this namespace: create it, or change spec.modelRef.name", announce: true);
        }

        if (model.Metadata.DeletionTimestamp is not null)
        {
            return conditions.Set(
                ConditionTypes.ModelReady, ConditionStatus.True, "ModelBeingDeleted", $"LlmModel {name} is being deleted and waits for this endpoint: change spec.modelRef.name, or delete the endpoint", announce: true);
        }

        var ready = model.Status?.Conditions?.FirstOrDefault(condition => condition.Type == ConditionTypes.Ready);
        return ready switch
        {
            null => conditions.Set(ConditionTypes.ModelReady, ConditionStatus.Unknown, "ModelPending", $"LlmModel {name} has not been looked at yet"),
            { Status: ConditionStatus.True } => conditions.Set(ConditionTypes.ModelReady, ConditionStatus.True, "ModelReady", $"LlmModel {name} is ready"),
            _ => conditions.Set(ConditionTypes.ModelReady, ConditionStatus.False, "ModelNotReady", $"LlmModel {name} is not ready: {ready.Message}", announce: true),
        };
    }

    /// <summary>Whether the index can be searched. An endpoint answers without, so this does not keep it from being ready.</summary>
    public static void Rag(ConditionSet conditions, LlmEndpointSpec spec, RagIndex? index)
    {
        const string Type = ConditionTypes.RagReady;
        if (spec.Rag?.IndexRef.Name is not { } name)
        {
            return;
        }

        if (index is null)
        {
            conditions.Set(Type, ConditionStatus.False, "IndexNotFound", $"there is no RagIndex {name} in this namespace: create it, or change spec.rag.indexRef.name", announce: true);
        }
        else if (index.Metadata.DeletionTimestamp is not null)
        {
            conditions.Set(Type, ConditionStatus.True, "IndexBeingDeleted", $"RagIndex {name} is being deleted and waits for this endpoint: change spec.rag.indexRef.name, or delete the endpoint", announce: true);
        }
        else if (spec.Rag.Retrieval?.Collections?.FirstOrDefault(wanted => index.Spec?.Collections.Any(collection => collection.Name == wanted) != true) is { } missing)
        {
            conditions.Set(Type, ConditionStatus.False, "CollectionNotFound", $"RagIndex {name} has no collection {missing}, which spec.rag.retrieval.collections names: add it there, or name another", announce: true);
        }
        else if (index.Status?.Conditions.Find(ConditionTypes.Ready) is not { } ready)
        {
            conditions.Set(Type, ConditionStatus.Unknown, "IndexPending", $"RagIndex {name} has not been looked at yet");
        }
        else if (ready.Status == ConditionStatus.True)
        {
            conditions.Set(Type, ConditionStatus.True, "IndexReady", $"RagIndex {name} is ready");
        }
        else
        {
            conditions.Set(Type, ConditionStatus.False, "IndexNotReady", $"RagIndex {name} is not ready: {ready.Message}", announce: true);
        }
    }

    /// <summary>Whether the prompt template can be used. Gateways go on with the last valid one they have read, so this does not keep an endpoint from being ready.</summary>
    public static void Prompt(ConditionSet conditions, LlmEndpointSpec spec, TemplateSource? source)
    {
        const string Type = ConditionTypes.PromptValid;
        if (spec.Prompt?.TemplateRef is not { } reference)
        {
            return;
        }

        var (name, key) = (reference.Name, reference.Key);
        if (source is null)
        {
            conditions.Set(Type, ConditionStatus.Unknown, "TemplatePending", $"ConfigMap {name} has not been read yet");
        }
        else if (source.Data is null)
        {
            conditions.Set(Type, ConditionStatus.False, "ConfigMapNotFound", $"there is no ConfigMap {name} in this namespace: create it, or change spec.prompt.templateRef.name", announce: true);
        }
        else if (!source.Data.TryGetValue(key, out var text))
        {
            conditions.Set(Type, ConditionStatus.False, "KeyNotFound", $"ConfigMap {name} has no key {key}: add it, or change spec.prompt.templateRef.key", announce: true);
        }
        else if (PromptTemplate.Parse(text, out var problem) is { } template)
        {
            conditions.Set(Type, ConditionStatus.True, "TemplateValid", $"key {key} of ConfigMap {name} is valid (SHA-256 {template.Hash[..12]})", announce: true);
        }
        else
        {
            conditions.Set(
                Type, ConditionStatus.False, "TemplateInvalid", $"key {key} of ConfigMap {name} is no prompt template: {problem}. Correct it; until then gateways go on with the last valid one they have read", announce: true);
        }
    }

    public static Condition Fits(ConditionSet conditions, FitVerdict? fit) => fit is null
        ? conditions.Set(ConditionTypes.Fits, ConditionStatus.Unknown, "NotReckoned", "memory is reckoned once the model is known and the spec can be followed")
        : conditions.Set(ConditionTypes.Fits, fit.Status, fit.Reason, fit.Message, announce: true);

    /// <summary>Whether pods have nodes.</summary>
    /// <param name="conditions">Conditions of the endpoint.</param>
    /// <param name="observed">What is seen.</param>
    /// <param name="settings">The endpoint, settled; null when its spec cannot be followed.</param>
    /// <param name="problem">Why it cannot; null when it can.</param>
    /// <param name="wanted">Its pod as it is asked for; null when none is.</param>
    /// <param name="state">Deployment and pods.</param>
    /// <param name="desired">Pods asked for.</param>
    public static Condition Scheduled(ConditionSet conditions, EndpointObservation observed, EndpointSettings? settings, SpecProblem? problem, PodSpec? wanted, WorkloadState state, int desired)
    {
        const string Type = ConditionTypes.Scheduled;
        if (problem is { Scheduling: true } nowhere)
        {
            return conditions.Set(Type, ConditionStatus.False, nowhere.Reason, nowhere.Message, announce: true);
        }

        if (desired == 0)
        {
            return conditions.Set(Type, ConditionStatus.True, "NothingWanted", "no pod is wanted");
        }

        var placed = state.LivePods.Count(pod => pod.Spec?.NodeName is not null);
        var waiting = state.TargetPods.Where(pod => pod.Spec?.NodeName is null).ToList();
        if (waiting.Count == 0 && placed >= desired)
        {
            return conditions.Set(Type, ConditionStatus.True, "PodsScheduled", placed > desired ? $"{placed} pods have a node, {desired} wanted" : $"{placed} of {desired} pods have a node", announce: true);
        }

        if ((settings?.Fit ?? problem?.Fit)?.Status == ConditionStatus.False && state.LivePods.Count == 0)
        {
            return conditions.Set(Type, ConditionStatus.Unknown, "NothingToSchedule", "no pod is made while the model does not fit");
        }

        if (settings is not null && NodeFit.WhyNone(settings, wanted, observed) is { } none)
        {
            return conditions.Set(Type, ConditionStatus.False, "NoMatchingNodes", none, announce: true);
        }

        if (waiting.Select(pod => pod.Status?.Conditions?.FirstOrDefault(condition => condition is { Type: "PodScheduled", Status: "False" })).FirstOrDefault(condition => condition is not null) is { } refused)
        {
            var fix = state is { Exists: true, Ready: > 0 } && state.LivePods.Count > desired && observed.Endpoint.Spec!.Rollout?.MaxSurge is null
                ? "A rolling update needs a spare accelerator: add a node, or set spec.rollout.maxSurge to 0 and spec.rollout.maxUnavailable to 1"
                : $"Add a node{(settings is null ? "" : $" with {settings.AcceleratorCount} x {settings.Accelerator.Name}")}, free one, or ask for less in spec.replicas, spec.accelerator, spec.engine.resources or spec.scheduling";
            return conditions.Set(Type, ConditionStatus.False, "Unschedulable", $"{placed} of {desired} pods have a node; the scheduler says: {refused.Message?.TrimEnd('.', ' ')}{(settings is null ? "" : NodeFit.WhyNotNow(settings, wanted, observed))}. {fix}", announce: true);
        }

        return (wanted is null || problem is not null) && state.LivePods.Count == 0
            ? conditions.Set(Type, ConditionStatus.Unknown, "NothingToSchedule", problem is null ? "no pod is made before the model is ready" : "no pod is made while the spec cannot be followed")
            : conditions.Set(Type, ConditionStatus.Unknown, "PodsPending", $"{placed} of {desired} pods have a node");
    }

    public static Condition Available(ConditionSet conditions, WorkloadState state, int desired)
    {
        const string Type = ConditionTypes.Available;
        if (desired == 0)
        {
            return conditions.Set(Type, ConditionStatus.False, "ScaledToZero", "spec.replicas is 0: set it to 1 or more to serve", announce: true);
        }

        if (!state.Exists)
        {
            return conditions.Set(Type, ConditionStatus.False, "NoPods", "nothing is deployed");
        }

        var answering = Answering(state, desired);
        return state.Available is { Status: "True" } && state.Ready > 0
            ? conditions.Set(Type, ConditionStatus.True, "PodsReady", answering)
            : conditions.Set(Type, ConditionStatus.False, "PodsNotReady", answering);
    }

    public static Condition Progressing(ConditionSet conditions, WorkloadState state, SpecProblem? problem, bool follow, string? target)
    {
        const string Type = ConditionTypes.Progressing;
        if (problem is not null)
        {
            return conditions.Set(Type, ConditionStatus.False, problem.Reason, problem.Message);
        }

        if (!follow)
        {
            return conditions.Set(Type, ConditionStatus.False, "WaitingForModel", "the model cannot be served yet; what runs stays as it is");
        }

        if (state.ReplicaFailure is { Status: "True" } refused)
        {
            return conditions.Set(Type, ConditionStatus.False, "PodsNotCreated", $"pods are refused: {refused.Message}", announce: true);
        }

        var isTarget = state.Revision == target && state.IsCurrent;
        var stuck = isTarget && state.Progressing is { Status: "False" } late ? late : null;
        if (state.Diagnosis.Target is { } failure && !(isTarget && state.IsComplete))
        {
            // Where nothing answers, Ready says the same and is what people wait for.
            var message = stuck is null ? $"revision {target} does not come up whole; {failure}" : $"revision {target} made no progress in time; {failure}";
            return conditions.Set(Type, ConditionStatus.False, failure.Cause.Reason, message, announce: state.Available is { Status: "True" });
        }

        if (stuck is not null)
        {
            return conditions.Set(Type, ConditionStatus.False, stuck.Reason ?? "ProgressDeadlineExceeded", $"revision {target} made no progress in time: {stuck.Message}", announce: true);
        }

        return isTarget && state.IsComplete
            ? conditions.Set(Type, ConditionStatus.True, "RevisionAvailable", $"revision {target} is out")
            : conditions.Set(Type, ConditionStatus.True, "RollingOut", $"revision {target} is being brought out");
    }

    /// <summary>Tells of blocks of the spec that are not acted on; absent when there are none.</summary>
    public static void Degraded(ConditionSet conditions, string? ignored)
    {
        if (ignored is not null)
        {
            conditions.Set(ConditionTypes.Degraded, ConditionStatus.True, "FieldsNotActedOn", ignored);
        }
    }

    /// <summary>Sums up: the first thing in the way, or that the endpoint answers.</summary>
    public static void Ready(ConditionSet conditions, Condition model, SpecProblem? problem, Condition scheduled, Condition available, Condition progressing, string? target, WorkloadState state)
    {
        const string Type = ConditionTypes.Ready;
        if (model.Status != ConditionStatus.True)
        {
            conditions.Set(Type, ConditionStatus.False, model.Reason!, model.Message!);
        }
        else if (problem is not null)
        {
            conditions.Set(Type, ConditionStatus.False, problem.Reason, problem.Message, announce: true);
        }
        else if (available.Status == ConditionStatus.True)
        {
            var answering = available.Message!.Split("; ", 2)[0];
            conditions.Set(Type, ConditionStatus.True, "Serving", progressing.Reason == "RevisionAvailable" ? $"revision {target} answers" : $"{answering}; {progressing.Message}", announce: true);
        }
        else if (available.Reason != "ScaledToZero" && progressing.Reason != "PodsNotCreated" && (state.Diagnosis.Target ?? (scheduled.Status == ConditionStatus.False ? null : state.Diagnosis.Earlier)) is { } failure)
        {
            // What pods fail of comes before what keeps others from a node: once they have one they fail alike.
            conditions.Set(Type, ConditionStatus.False, failure.Cause.Reason, available.Message!.EndsWith(failure.ToString(), StringComparison.Ordinal) ? available.Message : failure.ToString(), announce: true);
        }
        else
        {
            // A pod without a node also runs into the rollout's deadline; what keeps it from one is the cause to tell.
            var cause = scheduled.Status == ConditionStatus.False ? scheduled : progressing.Status == ConditionStatus.False ? progressing : available;
            conditions.Set(Type, ConditionStatus.False, cause.Reason!, cause.Message!, announce: conditions.WasReady);
        }
    }

    private static string Answering(WorkloadState state, int desired) => state.Diagnosis.First is { } failure
        ? $"{state.Ready} of {desired} pods answer; {failure}"
        : $"{state.Ready} of {desired} pods answer";
}
