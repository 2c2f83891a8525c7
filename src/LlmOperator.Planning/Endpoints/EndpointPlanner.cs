using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Diagnosis;
using LlmOperator.Planning.Engines;
using LlmOperator.Planning.Fit;
using LlmOperator.Planning.Gateways;
using LlmOperator.Planning.Tracing;

namespace LlmOperator.Planning.Endpoints;

/// <summary>Decides what an endpoint needs and what is the case of it: spec, model, catalogue and what is seen in; objects and status out.</summary>
public static class EndpointPlanner
{
    /// <summary>How soon a kind that is installed in the meantime is noticed.</summary>
    private static readonly TimeSpan InstallationCheck = TimeSpan.FromSeconds(30);

    /// <summary>Decides what an endpoint needs and what is the case of it.</summary>
    public static EndpointPlan Plan(EndpointObservation observed)
    {
        var endpoint = observed.Endpoint;
        var spec = endpoint.Spec ?? throw new ArgumentException("an endpoint without spec is refused by the schema", nameof(observed));
        var conditions = new ConditionSet(endpoint.Status?.Conditions, endpoint.Metadata.Generation, observed.Now);
        var model = EndpointConditions.Model(conditions, spec, observed.Model);
        var (settings, problem) = observed.Model is { Spec: not null } known ? SpecCheck.Settle(observed, known) : (null, null);
        EndpointConditions.Fits(conditions, settings?.Fit ?? problem?.Fit);
        problem ??= settings?.Fit is { Status: ConditionStatus.False } fit ? new(fit.Reason, fit.Message) { Fit = fit } : null;
        problem ??= ((IKubeObject?[])[observed.Deployment, observed.LeaderWorkerSet, observed.Service, observed.DisruptionBudget, observed.NetworkPolicy])
            .Select(existing => Foreign(endpoint, existing)).FirstOrDefault(foreign => foreign is not null);

        // What is known of a model that was changed a moment ago is about what it was: nothing is made of that.
        var isStale = observed.Model?.Status?.ObservedGeneration < observed.Model?.Metadata.Generation;
        var follow = model.Status == ConditionStatus.True && problem is null && settings is not null && !isStale;
        problem ??= observed.Refusal is { } refusal
            ? new("ObjectRefused", $"the API server refuses what follows from the spec: {refusal}; change the field of the spec it comes from, or allow it where a policy or a missing permission is the cause")
            : null;

        var plan = follow ? Objects(settings!) : new() { Status = new() };
        var grouped = settings is { Nodes: > 1 } || (settings is null && observed.Deployment is null && observed.LeaderWorkerSet is not null);
        var state = grouped ? GroupState.Of(observed) : WorkloadState.Of(observed);
        var target = grouped
            ? EndpointObjects.Revision(plan.LeaderWorkerSet ?? Own(endpoint, observed.LeaderWorkerSet))
            : EndpointObjects.Revision(plan.Deployment ?? Own(endpoint, observed.Deployment));
        var pods = SpecCheck.Pods(spec) * (settings?.Nodes ?? 1);
        var pod = plan.Deployment?.Spec?.Template?.Spec ?? plan.LeaderWorkerSet?.Spec?.LeaderWorkerTemplate?.WorkerTemplate?.Spec;
        state = state with { Diagnosis = EndpointDiagnosis.Of(observed, target) };
        var scheduled = EndpointConditions.Scheduled(conditions, observed, settings, problem, pod, state, pods);
        var available = EndpointConditions.Available(conditions, state, SpecCheck.Pods(spec));
        var progressing = EndpointConditions.Progressing(conditions, state, problem, follow, target);
        EndpointConditions.Degraded(conditions, SpecCheck.Ignored(spec, observed.DataPath));
        Overridden(conditions, settings);
        EndpointConditions.Rag(conditions, spec, observed.RagIndex);
        EndpointConditions.Prompt(conditions, spec, observed.Template);
        EndpointConditions.Ready(conditions, model, problem, scheduled, available, progressing, target, state);

        var isOut = state.IsComplete && state.Revision == target;
        return plan with
        {
            NetworkPolicy = isOut || plan.NetworkPolicy is null ? plan.NetworkPolicy : NetworkRules.WhileRolling(plan.NetworkPolicy, observed.NetworkPolicy, settings!),
            ReplacesOther = isOut,
            LookAgain = problem?.Reason == SpecCheck.LeaderWorkerSetMissing ? InstallationCheck : null,
            Status = Status(observed, settings, follow, settings?.Fit ?? problem?.Fit, state, conditions, target),
            Transitions = conditions.Transitions,
        };
    }

    /// <summary>The objects of settings that can be followed.</summary>
    internal static EndpointPlan Objects(EndpointSettings settings) => new()
    {
        IsFollowed = true,
        Deployment = settings.Nodes == 1 ? EndpointObjects.Deployment(settings) : null,
        LeaderWorkerSet = settings.Nodes > 1 ? EndpointObjects.LeaderWorkerSet(settings) : null,
        Service = EndpointObjects.Service(settings),
        DisruptionBudget = EndpointObjects.DisruptionBudget(settings),
        PromptTraceConfiguration = PromptTraceSidecar.IsWanted(settings) ? PromptTraceConfiguration.ConfigMap(settings) : null,
        NetworkPolicy = settings.Spec.NetworkPolicy?.Enabled == false ? null : EndpointObjects.NetworkPolicy(settings),
        Status = new(),
    };

    /// <summary>The user's arguments win; which of the operator's they replace is told, as sizes and addresses are reckoned with those.</summary>
    private static void Overridden(ConditionSet conditions, EndpointSettings? settings)
    {
        if (settings is not null && EngineCommand.Of(settings, PodRole.Leader).Overridden is { Count: > 0 } overridden)
        {
            conditions.Set(
                ConditionTypes.ArgumentsOverridden, ConditionStatus.True, "UserArgumentsWin", $"spec.engine.args and spec.engine.env replace what the operator would set: {string.Join(", ", overridden)}", announce: true);
        }
    }

    private static LlmEndpointStatus Status(EndpointObservation observed, EndpointSettings? settings, bool isFollowed, FitVerdict? fit, WorkloadState state, ConditionSet conditions, string? target)
    {
        var endpoint = observed.Endpoint;
        var before = endpoint.Status;
        var desired = SpecCheck.Pods(endpoint.Spec!);

        // Pods of an earlier revision go on running on what they were given.
        var accelerator = settings is null || (settings.Fit.Status == ConditionStatus.False && state.Exists && before?.Accelerator is not null)
            ? before?.Accelerator
            : new() { Type = settings.Accelerator.Name, Count = settings.AcceleratorCount * settings.Nodes, Summary = $"{settings.AcceleratorCount * settings.Nodes}x {settings.Accelerator.Name}", Basis = settings.AcceleratorBasis };
        return new()
        {
            ObservedGeneration = endpoint.Metadata.Generation,
            Url = $"http://{ObjectNames.Child(endpoint.Metadata.Name!)}.{endpoint.Metadata.Namespace}.svc/v1",
            GatewayUrl = observed.DataPath.Gateway ? GatewayObjects.Url(endpoint.Metadata.Namespace) : null,
            ServedModelName = endpoint.Metadata.Name,
            Engine = (endpoint.Spec!.Engine ?? new()).Type,
            Replicas = state.Replicas,
            ReadyReplicas = state.Ready,
            UpdatedReplicas = state.Updated,
            DesiredReplicas = desired,
            Ready = $"{state.Ready}/{desired}",
            Selector = ObjectNames.SelectorText(endpoint),
            TargetRevision = target,

            // The target becomes the active revision once no pod of another one is needed any more.
            ActiveRevision = state.IsComplete && state.Revision == target && state.Ready > 0 ? target : before?.ActiveRevision,
            Model = settings is null || (!isFollowed && state.Exists && before?.Model is not null) ? before?.Model : new() { Name = settings.Model.Metadata.Name!, Revision = settings.Revision },
            Revisions = Revisions(observed, isFollowed ? settings : null, state, target),
            Accelerator = accelerator,
            Memory = fit is null ? before?.Memory : fit.Memory,
            Cost = EndpointCost.Of(accelerator, observed),
            Conditions = conditions.Conditions,
        };
    }

    /// <summary>
    /// The target's is what is planned; an earlier one keeps what it was planned as. Once the target answers in full, what is stopping is not told any more: no request goes there, and the list changes with the
    /// status that tells of it instead of by a write of its own.
    /// </summary>
    private static List<ServedRevision>? Revisions(EndpointObservation observed, EndpointSettings? settings, WorkloadState state, string? target)
    {
        var isOut = state.IsComplete && state.Revision == target;
        var present = (isOut ? state.LivePods : observed.Pods.Where(pod => pod.Status?.Phase is not ("Succeeded" or "Failed")))
            .Select(pod => pod.Metadata.Labels?.GetValueOrDefault(ApiGroup.RevisionLabel)).ToHashSet(StringComparer.Ordinal);
        var before = observed.Endpoint.Status?.Revisions ?? [];
        var planned = settings is null || target is null ? before.FirstOrDefault(one => one.Revision == target) : new()
        {
            Revision = target,
            Model = new() { Name = settings.Model.Metadata.Name!, Revision = settings.Revision },
            Repository = settings.ModelSpec.Source.HuggingFace?.Repo,
            Engine = settings.Engine.Type,
            ContextLength = settings.Engine.ContextLength,
        };
        var others = before.Where(one => one.Revision != target && present.Contains(one.Revision));
        var known = (planned is null ? others : others.Prepend(planned)).Take(LlmEndpointStatus.MostRevisions).ToList();
        return known.Count > 0 ? known : null;
    }

    private static T? Own<T>(LlmEndpoint endpoint, T? existing)
        where T : class, IKubeObject => Foreign(endpoint, existing) is null ? existing : null;

    /// <summary>An object of our name that is somebody else's is never touched. One without a manager is ours when it carries our mark.</summary>
    private static SpecProblem? Foreign(LlmEndpoint endpoint, IKubeObject? existing)
    {
        var manager = existing?.ControllerOf();
        var isOurs = existing is null
            || (manager is null ? existing.Metadata.Annotations?.ContainsKey(ApiGroup.ContentHashAnnotation) == true && !GatewayPlanner.IsOurs(existing) : manager.Uid == endpoint.Metadata.Uid);
        return isOurs
            ? null
            : new(
                "NameConflict",
                $"{existing!.Kind} {existing.Metadata.Name} is there already and is not this endpoint's, so it is left alone: delete it, or create the endpoint under another name");
    }
}
