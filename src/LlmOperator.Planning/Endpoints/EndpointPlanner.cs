using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Diagnosis;

namespace LlmOperator.Planning.Endpoints;

/// <summary>Decides what an endpoint needs and what is the case of it: spec, model, catalogue and what is seen in; objects and status out.</summary>
public static class EndpointPlanner
{
    /// <summary>Decides what an endpoint needs and what is the case of it.</summary>
    public static EndpointPlan Plan(EndpointObservation observed)
    {
        var endpoint = observed.Endpoint;
        var spec = endpoint.Spec ?? throw new ArgumentException("an endpoint without spec is refused by the schema", nameof(observed));
        var conditions = new ConditionSet(endpoint.Status?.Conditions, endpoint.Metadata.Generation, observed.Now);
        var state = WorkloadState.Of(observed);

        var model = EndpointConditions.Model(conditions, spec, observed.Model);
        var (settings, problem) = observed.Model is { Spec: not null } known ? SpecCheck.Settle(observed, known) : (null, null);
        problem ??= Foreign(endpoint, observed.Deployment) ?? Foreign(endpoint, observed.Service);
        var follow = model.Status == ConditionStatus.True && problem is null && settings is not null;
        problem ??= observed.Refusal is { } refusal
            ? new("ObjectRefused", $"the API server refuses what follows from the spec: {refusal}; change the field of the spec it comes from, or allow it where a policy or a missing permission is the cause")
            : null;

        var deployment = follow ? EndpointObjects.Deployment(settings!) : null;
        var wanted = deployment ?? (Foreign(endpoint, observed.Deployment) is null ? observed.Deployment : null);
        var target = EndpointObjects.Revision(wanted);
        state = state with { Diagnosis = EndpointDiagnosis.Of(observed, target) };
        var scheduled = EndpointConditions.Scheduled(conditions, observed, settings, state, SpecCheck.Pods(spec));
        var available = EndpointConditions.Available(conditions, state, SpecCheck.Pods(spec));
        var progressing = EndpointConditions.Progressing(conditions, state, problem, follow, target);
        EndpointConditions.Degraded(conditions, SpecCheck.Ignored(spec, observed.Model?.Spec));
        EndpointConditions.Ready(conditions, model, problem, scheduled, available, progressing, target, state);

        return new()
        {
            Deployment = deployment,
            Service = follow ? EndpointObjects.Service(settings!) : null,
            Status = Status(observed, settings, state, conditions, target),
            Transitions = conditions.Transitions,
        };
    }

    private static LlmEndpointStatus Status(EndpointObservation observed, EndpointSettings? settings, WorkloadState state, ConditionSet conditions, string? target)
    {
        var endpoint = observed.Endpoint;
        var before = endpoint.Status;
        var desired = SpecCheck.Pods(endpoint.Spec!);
        return new()
        {
            ObservedGeneration = endpoint.Metadata.Generation,
            Url = $"http://{ObjectNames.Child(endpoint.Metadata.Name!)}.{endpoint.Metadata.Namespace}.svc/v1",
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
            Model = settings is null ? before?.Model : new() { Name = settings.Model.Metadata.Name!, Revision = settings.Revision },
            Accelerator = settings is null
                ? before?.Accelerator
                : new() { Type = settings.Accelerator.Name, Count = settings.AcceleratorCount, Summary = $"{settings.AcceleratorCount}x {settings.Accelerator.Name}" },
            Conditions = conditions.Conditions,
        };
    }

    /// <summary>An object of our name that is somebody else's is never touched. One without a manager is ours when it carries our mark.</summary>
    private static SpecProblem? Foreign(LlmEndpoint endpoint, IKubeObject? existing)
    {
        var manager = existing?.ControllerOf();
        var isOurs = existing is null
            || (manager is null ? existing.Metadata.Annotations?.ContainsKey(ApiGroup.ContentHashAnnotation) == true : manager.Uid == endpoint.Metadata.Uid);
        return isOurs
            ? null
            : new(
                "NameConflict",
                $"{existing!.Kind} {existing.Metadata.Name} is there already and is not this endpoint's, so it is left alone: delete it, or create the endpoint under another name");
    }
}
