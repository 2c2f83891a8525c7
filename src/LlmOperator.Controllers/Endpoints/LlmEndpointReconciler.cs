using System.Net;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Controllers.Caching;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Applying;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Admission;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Controllers.Endpoints;

/// <summary>
/// Serves an endpoint: looks at the caches, lets the planner decide, applies what differs. It reads nothing from the API server, and when nothing differs it writes nothing.
/// A deleted endpoint needs no work: everything made for it names it as owner and is collected with it.
/// </summary>
internal sealed class LlmEndpointReconciler(
    OperatorCaches caches, IKubeClient client, IEventSink events, AcceleratorCatalogue catalogue, LicensePolicy licenses, TimeProvider time) : IReconciler
{
    private readonly ObjectApplier _applier = new(client, FieldManagers.Operator, ApiGroup.ContentHashAnnotation);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (caches.Endpoints.Get(key) is not { Spec: { } spec, Metadata.DeletionTimestamp: null } endpoint)
        {
            return ReconcileResult.Done;
        }

        var child = key with { Name = ObjectNames.Child(key.Name) };
        var observed = new EndpointObservation
        {
            Endpoint = endpoint,
            Model = caches.Models.Get(key with { Name = spec.ModelRef.Name }),
            Deployment = caches.Deployments.Get(child),
            Service = caches.Services.Get(child),
            Pods = caches.PodsOf(key),
            Nodes = caches.Nodes,
            Catalogue = catalogue,
            LicensePolicy = licenses,
            Now = time.GetUtcNow(),
        };

        var plan = EndpointPlanner.Plan(observed);
        (Deployment? Object, bool Written) deployment;
        (Service? Object, bool Written) service;
        try
        {
            deployment = await ApplyAsync(plan.Deployment, observed.Deployment, caches.Deployments, cancellationToken).ConfigureAwait(false);
            service = await ApplyAsync(plan.Service, observed.Service, caches.Services, cancellationToken).ConfigureAwait(false);
        }
        catch (KubeApiException error) when (error.Causes.Any(cause => cause.Reason == "NamespaceTerminating"))
        {
            return ReconcileResult.Done; // The endpoint goes with its namespace.
        }
        catch (KubeApiException error) when (error.IsInvalid || error.IsForbidden || error.Code == HttpStatusCode.BadRequest)
        {
            // People look at the status, not into the log. The retries go on, as a permission or a policy may change unseen.
            await WriteStatusAsync(endpoint, EndpointPlanner.Plan(observed with { Refusal = error.Message }), cancellationToken).ConfigureAwait(false);
            throw;
        }

        if (deployment.Written || service.Written)
        {
            // The status is about what there is now; the plan is a function, so asking it again costs no request.
            plan = EndpointPlanner.Plan(observed with { Deployment = deployment.Object, Service = service.Object });
        }

        if (plan.Deployment is not null)
        {
            await PruneAsync(endpoint, child, cancellationToken).ConfigureAwait(false);
        }

        await WriteStatusAsync(endpoint, plan, cancellationToken).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    private async Task<(T? Object, bool Written)> ApplyAsync<T>(T? wanted, T? live, OwnWrites<T> cache, CancellationToken cancellationToken)
        where T : class, IKubeObject<T>
    {
        if (wanted is null)
        {
            return (live, false);
        }

        var result = await _applier.ApplyIfChangedAsync(wanted, live, cancellationToken).ConfigureAwait(false);
        if (result.Written)
        {
            cache.Wrote(result.Object);
        }

        return (result.Object, result.Written);
    }

    /// <summary>Removes objects of the endpoint under other names, which an earlier version of the operator may have made.</summary>
    private async Task PruneAsync(LlmEndpoint endpoint, ObjectKey child, CancellationToken cancellationToken)
    {
        var keep = new HashSet<ObjectKey> { child };
        var uid = endpoint.Metadata.Uid!;
        await _applier.PruneAsync(uid, caches.OwnedDeployments(uid), keep, cancellationToken).ConfigureAwait(false);
        await _applier.PruneAsync(uid, caches.OwnedServices(uid), keep, cancellationToken).ConfigureAwait(false);
    }

    private async Task WriteStatusAsync(LlmEndpoint endpoint, EndpointPlan plan, CancellationToken cancellationToken)
    {
        var wanted = new LlmEndpoint { Metadata = new() { Name = endpoint.Metadata.Name, Namespace = endpoint.Metadata.Namespace }, Status = plan.Status };
        ApplyResult<LlmEndpoint> result;
        try
        {
            result = await _applier.ApplyStatusIfChangedAsync(wanted, endpoint, cancellationToken).ConfigureAwait(false);
        }
        catch (KubeApiException error) when (error.IsNotFound)
        {
            return; // It was deleted while we looked at it.
        }

        if (result.Written)
        {
            caches.Endpoints.Wrote(result.Object);
            foreach (var transition in plan.Transitions)
            {
                events.Report(endpoint, transition);
            }
        }
    }
}
