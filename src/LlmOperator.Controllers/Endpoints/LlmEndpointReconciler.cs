using System.Net;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Controllers.Caching;
using LlmOperator.Controllers.Diagnosis;
using LlmOperator.Controllers.Prompts;
using LlmOperator.Controllers.Registries;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Applying;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Admission;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Controllers.Endpoints;

/// <summary>
/// Serves an endpoint: looks at the caches, lets the planner decide, applies what differs. It reads nothing from the API server but the log of an engine that ended, once, and when nothing differs it writes nothing.
/// A deleted endpoint needs no work: everything made for it names it as owner and is collected with it.
/// </summary>
internal sealed class LlmEndpointReconciler(
    OperatorCaches caches, IKubeClient client, IEventSink events, AcceleratorCatalogue catalogue, LicensePolicy licenses, RegistryOptions registries, DataPathOptions dataPath, PromptTemplates templates,
    TimeProvider time) : IReconciler
{
    private readonly ObjectApplier _applier = new(client, FieldManagers.Operator, ApiGroup.ContentHashAnnotation);
    private readonly StatusWriter<LlmEndpoint> _status = new(caches.Endpoints, client, events, time);
    private readonly CrashLogs _logs = new(client, time);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        templates.LetGo();
        if (caches.Endpoints.Get(key) is not { Spec: { } spec, Metadata.DeletionTimestamp: null } endpoint)
        {
            _status.Forget(key);
            _logs.Forget(key);
            return ReconcileResult.Done;
        }

        var child = key with { Name = ObjectNames.Child(key.Name) };
        var group = key with { Name = ObjectNames.Group(key.Name) };
        var observed = new EndpointObservation
        {
            Endpoint = endpoint,
            Model = caches.Models.Get(key with { Name = spec.ModelRef.Name }),
            RagIndex = spec.Rag is { } rag ? caches.RagIndexes.Get(key with { Name = rag.IndexRef.Name }) : null,
            Template = spec.Prompt?.TemplateRef is { } template ? await templates.ReadAsync(key with { Name = template.Name }, cancellationToken).ConfigureAwait(false) : null,
            Deployment = caches.Deployments.Get(child),
            Service = caches.Services.Get(child),
            LeaderWorkerSet = caches.LeaderWorkerSets.Get(group),
            HasLeaderWorkerSets = caches.HasLeaderWorkerSets,
            DisruptionBudget = caches.DisruptionBudgets.Get(child),
            NetworkPolicy = caches.NetworkPolicies.Get(child),
            Pods = caches.PodsOf(key),
            Nodes = caches.Nodes,
            PodsOn = caches.PodsOn,
            Catalogue = catalogue,
            LicensePolicy = licenses,
            HubEndpoint = registries.MirrorOfHub,
            DataPath = dataPath,
            Now = time.GetUtcNow(),
        };

        observed = observed with { Logs = await _logs.ReadAsync(key, observed, cancellationToken).ConfigureAwait(false) };
        var plan = EndpointPlanner.Plan(observed);
        (Deployment? Object, bool Written) deployment;
        (LeaderWorkerSet? Object, bool Written) groups;
        (Service? Object, bool Written) service;
        try
        {
            // The rules of who may reach pods are there before the pods are.
            await ApplyAsync(plan.NetworkPolicy, observed.NetworkPolicy, caches.NetworkPolicies, cancellationToken, wholeSpec: true).ConfigureAwait(false);
            await ApplyAsync(plan.DisruptionBudget, observed.DisruptionBudget, caches.DisruptionBudgets, cancellationToken).ConfigureAwait(false);
            await MakeAsync(plan.PromptTraceConfiguration, cancellationToken).ConfigureAwait(false);
            deployment = await ApplyAsync(plan.Deployment, observed.Deployment, caches.Deployments, cancellationToken).ConfigureAwait(false);
            groups = await ApplyAsync(plan.LeaderWorkerSet, observed.LeaderWorkerSet, caches.LeaderWorkerSets, cancellationToken).ConfigureAwait(false);
            service = await ApplyAsync(plan.Service, observed.Service, caches.Services, cancellationToken).ConfigureAwait(false);
        }
        catch (KubeApiException error) when (error.Causes.Any(cause => cause.Reason == "NamespaceTerminating"))
        {
            return ReconcileResult.Done; // The endpoint goes with its namespace.
        }
        catch (KubeApiException error) when (error.IsInvalid || error.IsForbidden || error.Code == HttpStatusCode.BadRequest)
        {
            // People look at the status, not into the log. The retries go on, as a permission or a policy may change unseen.
            await WriteStatusAsync(endpoint, EndpointPlanner.Plan(observed with { Refusal = error.Message }), mayWait: false, cancellationToken).ConfigureAwait(false);
            throw;
        }

        if (deployment.Written || groups.Written || service.Written)
        {
            _status.Began(key);

            // The status is about what there is now; the plan is a function, so asking it again costs no request.
            plan = EndpointPlanner.Plan(observed with { Deployment = deployment.Object, LeaderWorkerSet = groups.Object, Service = service.Object });
        }

        if (plan.IsFollowed)
        {
            await PruneAsync(endpoint, plan, child, group, cancellationToken).ConfigureAwait(false);
        }

        var next = await WriteStatusAsync(endpoint, plan, IsProgress(endpoint.Status, plan.Status), cancellationToken).ConfigureAwait(false);
        return plan.LookAgain is { } delay && !(next.Delay < delay) ? ReconcileResult.RequeueAfter(delay) : next;
    }

    private async Task<(T? Object, bool Written)> ApplyAsync<T>(T? wanted, T? live, OwnWrites<T> cache, CancellationToken cancellationToken, bool wholeSpec = false)
        where T : class, IKubeObject<T>
    {
        if (wanted is null)
        {
            return (live, false);
        }

        var result = await _applier.ApplyIfChangedAsync(wanted, live, cancellationToken, wholeSpec).ConfigureAwait(false);
        if (result.Written)
        {
            cache.Wrote(result.Object);
        }

        return (result.Object, result.Written);
    }

    /// <summary>Makes an object that never changes where it is missing.</summary>
    private async Task MakeAsync(ConfigMap? wanted, CancellationToken cancellationToken)
    {
        if (wanted is not null && caches.PromptTraceConfigurations.Get(ObjectKey.Of(wanted)) is null)
        {
            await ApplyAsync(wanted, live: null, caches.PromptTraceConfigurations, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Removes what the endpoint has and no longer wants: what was switched off, what an earlier version of the operator made under another name, and the other kind of workload once the wanted one answers.
    /// </summary>
    private async Task PruneAsync(LlmEndpoint endpoint, EndpointPlan plan, ObjectKey child, ObjectKey group, CancellationToken cancellationToken)
    {
        var uid = endpoint.Metadata.Uid!;
        await PruneAsync(uid, caches.OwnedDeployments, child, plan.Deployment is not null || !plan.ReplacesOther, cancellationToken).ConfigureAwait(false);
        await PruneAsync(uid, caches.OwnedLeaderWorkerSets, group, plan.LeaderWorkerSet is not null || !plan.ReplacesOther, cancellationToken).ConfigureAwait(false);
        await PruneAsync(uid, caches.OwnedServices, child, plan.Service is not null, cancellationToken).ConfigureAwait(false);
        await PruneAsync(uid, caches.OwnedDisruptionBudgets, child, plan.DisruptionBudget is not null, cancellationToken).ConfigureAwait(false);
        await PruneAsync(uid, caches.OwnedNetworkPolicies, child, plan.NetworkPolicy is not null, cancellationToken).ConfigureAwait(false);
        if (plan.ReplacesOther)
        {
            await _applier.PruneAsync(
                uid, caches.OwnedPromptTraceConfigurations(uid), plan.PromptTraceConfiguration is { } current ? new HashSet<ObjectKey> { ObjectKey.Of(current) } : [], cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Whether no more changes than how far things are: who waits for the endpoint to be ready, or for a change of its spec to be seen, is not kept waiting.</summary>
    private static bool IsProgress(LlmEndpointStatus? before, LlmEndpointStatus after) => before is null
        ? !after.Conditions.IsTrue(ConditionTypes.Ready)
        : before.ObservedGeneration == after.ObservedGeneration && before.Conditions.Find(ConditionTypes.Ready)?.Status == after.Conditions.Find(ConditionTypes.Ready)?.Status;

    private Task<int> PruneAsync<T>(string uid, Func<string, IReadOnlyList<T>> owned, ObjectKey name, bool keep, CancellationToken cancellationToken)
        where T : class, IKubeObject<T>
        => _applier.PruneAsync(uid, owned(uid), keep ? new HashSet<ObjectKey> { name } : [], cancellationToken);

    private async Task<ReconcileResult> WriteStatusAsync(LlmEndpoint endpoint, EndpointPlan plan, bool mayWait, CancellationToken cancellationToken)
    {
        var wanted = new LlmEndpoint { Metadata = new() { Name = endpoint.Metadata.Name, Namespace = endpoint.Metadata.Namespace }, Status = plan.Status };
        try
        {
            return (await _status.WriteAsync(endpoint, wanted, plan.Transitions, mayWait, cancellationToken).ConfigureAwait(false)).Next;
        }
        catch (KubeApiException error) when (error.IsNotFound)
        {
            return ReconcileResult.Done; // It was deleted while we looked at it.
        }
    }
}
