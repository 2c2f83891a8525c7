using System.Collections.Concurrent;
using LlmOperator.Api;
using LlmOperator.Controllers.Caching;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Applying;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning;
using LlmOperator.Planning.Gateways;

namespace LlmOperator.Controllers.Gateways;

/// <summary>Makes the gateway of a namespace while there are endpoints in it, and removes it after the last. A key is that of the gateway's Deployment.</summary>
internal sealed class GatewayReconciler(OperatorCaches caches, IKubeClient client, IEventSink events, DataPathOptions dataPath, TimeProvider time) : IReconciler
{
    /// <summary>Endpoints that are told of what is in the way of their gateway.</summary>
    private const int MostTold = 10;

    /// <summary>How soon rights that are given in the meantime are noticed.</summary>
    private static readonly TimeSpan RefusalCheck = TimeSpan.FromMinutes(5);

    private readonly ObjectApplier _applier = new(client, FieldManagers.Operator, ApiGroup.ContentHashAnnotation);
    private readonly ConcurrentDictionary<ObjectKey, string> _told = new();

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (key.Namespace is not { } ns || key.Name != GatewayObjects.Name)
        {
            return ReconcileResult.Done;
        }

        var endpoints = caches.EndpointsIn(ns).Where(endpoint => endpoint.Metadata.DeletionTimestamp is null).OrderBy(endpoint => endpoint.Metadata.Name, StringComparer.Ordinal).ToList();
        var isWanted = dataPath.Gateway && endpoints.Count > 0;
        if (!isWanted && !Visible(key).Any(GatewayPlanner.IsOurs))
        {
            _told.TryRemove(key, out _);
            return ReconcileResult.Done; // No gateway, and none wanted: what else it has is made after these, and removed before.
        }

        await caches.DemandGatewaysAsync(cancellationToken).ConfigureAwait(false);
        var exporters = key with { Name = GatewayObjects.ExporterRights };
        try
        {
            if (!isWanted)
            {
                await RemoveAsync(key, exporters, cancellationToken).ConfigureAwait(false);
                return ReconcileResult.Done;
            }

            var existing = await ExistingAsync(key, cancellationToken).ConfigureAwait(false);
            var plan = GatewayPlanner.Plan(new() { Namespace = ns, Endpoints = endpoints, Indexes = caches.RagIndexesIn(ns), Existing = existing, DataPath = dataPath });
            if (plan.Conflict is { } conflict)
            {
                Tell(key, endpoints, "NameConflict", conflict);
                return ReconcileResult.Done; // A change of the object in the way, or its going, leads to the next look.
            }

            await ApplyAsync(plan.ServiceAccount!, caches.ServiceAccounts, cancellationToken).ConfigureAwait(false);
            await ApplyAsync(plan.Role!, caches.Roles, cancellationToken).ConfigureAwait(false);
            await ApplyAsync(plan.RoleBinding!, caches.RoleBindings, cancellationToken).ConfigureAwait(false);
            await ApplyAsync(plan.Service!, caches.Services, cancellationToken).ConfigureAwait(false);
            await ApplyAsync(plan.DisruptionBudget!, caches.DisruptionBudgets, cancellationToken).ConfigureAwait(false);
            await ApplyAsync(plan.Deployment!, caches.Deployments, cancellationToken).ConfigureAwait(false);
            if (await LetReadExportersAsync(plan, exporters, cancellationToken).ConfigureAwait(false) is { } refused)
            {
                Tell(key, endpoints, "RoleRefused", refused);
                return ReconcileResult.RequeueAfter(RefusalCheck); // Rights are given unseen.
            }

            _told.TryRemove(key, out _);
        }
        catch (KubeApiException error) when (error.Causes.Any(cause => cause.Reason == "NamespaceTerminating"))
        {
            return ReconcileResult.Done; // The gateway goes with its namespace.
        }
        catch (KubeApiException error) when (error.IsInvalid || error.IsForbidden)
        {
            // The retries go on, as a permission or a policy may change unseen.
            Tell(key, endpoints, "ObjectRefused", $"the API server refuses the gateway: {error.Message}; allow it where a policy or a missing permission of the operator is the cause");
            throw;
        }

        return ReconcileResult.Done;
    }

    /// <summary>Lets the gateway read the Secrets of exporters.</summary>
    /// <returns>Why it may not; null when it may, or there are none.</returns>
    private async Task<string?> LetReadExportersAsync(GatewayPlan plan, ObjectKey exporters, CancellationToken cancellationToken)
    {
        if (plan.ExporterRole is null)
        {
            await DeleteAsync(exporters, caches.RoleBindings, cancellationToken).ConfigureAwait(false);
            await DeleteAsync(exporters, caches.Roles, cancellationToken).ConfigureAwait(false);
            return null;
        }

        try
        {
            await ApplyAsync(plan.ExporterRole, caches.Roles, cancellationToken).ConfigureAwait(false);
            await ApplyAsync(plan.ExporterRoleBinding!, caches.RoleBindings, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (KubeApiException error) when (error.IsForbidden && error.Causes.All(cause => cause.Reason != "NamespaceTerminating"))
        {
            return $"the gateway cannot read the Secrets of spec.promptTrace.exporters, of spec.rag.helper and of RagIndexes, so that its own traces do not get to those exporters and retrieval goes without those helpers and indexes, as the operator may not pass on what it does not have; bind ClusterRole llm-operator-secret-reader to it in namespace {exporters.Namespace}: {error.Message}";
        }
    }

    /// <summary>Objects of the gateway's names that are watched whoever made them.</summary>
    private IEnumerable<IKubeObject> Visible(ObjectKey key) => ((IKubeObject?[])[caches.Deployments.Get(key), caches.Services.Get(key), caches.DisruptionBudgets.Get(key)]).OfType<IKubeObject>();

    /// <summary>Objects of the gateway's names. Of the kinds of which only ours are watched, others are asked for by name where there is none of ours: before the gateway is made.</summary>
    private async Task<IReadOnlyList<IKubeObject>> ExistingAsync(ObjectKey key, CancellationToken cancellationToken) =>
    [
        .. Visible(key),
        .. ((IKubeObject?[])
        [
            caches.ServiceAccounts.Get(key) ?? await client.GetAsync<ServiceAccount>(key, cancellationToken).ConfigureAwait(false),
            caches.Roles.Get(key) ?? await client.GetAsync<Role>(key, cancellationToken).ConfigureAwait(false),
            caches.RoleBindings.Get(key) ?? await client.GetAsync<RoleBinding>(key, cancellationToken).ConfigureAwait(false),
        ]).OfType<IKubeObject>(),
    ];

    private async Task ApplyAsync<T>(T wanted, OwnWrites<T> cache, CancellationToken cancellationToken)
        where T : class, IKubeObject<T>
    {
        var result = await _applier.ApplyIfChangedAsync(wanted, cache.Get(ObjectKey.Of(wanted)), cancellationToken).ConfigureAwait(false);
        if (result.Written)
        {
            cache.Wrote(result.Object);
        }
    }

    /// <summary>The pods go first and their rights after them; what leads back here goes last.</summary>
    private async Task RemoveAsync(ObjectKey key, ObjectKey exporters, CancellationToken cancellationToken)
    {
        await DeleteAsync(exporters, caches.RoleBindings, cancellationToken).ConfigureAwait(false);
        await DeleteAsync(exporters, caches.Roles, cancellationToken).ConfigureAwait(false);
        await DeleteAsync(key, caches.Deployments, cancellationToken).ConfigureAwait(false);
        await DeleteAsync(key, caches.RoleBindings, cancellationToken).ConfigureAwait(false);
        await DeleteAsync(key, caches.Roles, cancellationToken).ConfigureAwait(false);
        await DeleteAsync(key, caches.ServiceAccounts, cancellationToken).ConfigureAwait(false);
        await DeleteAsync(key, caches.DisruptionBudgets, cancellationToken).ConfigureAwait(false);
        await DeleteAsync(key, caches.Services, cancellationToken).ConfigureAwait(false);
        _told.TryRemove(key, out _);
    }

    private async Task DeleteAsync<T>(ObjectKey key, OwnWrites<T> cache, CancellationToken cancellationToken)
        where T : class, IKubeObject<T>
    {
        if (cache.Get(key) is { Metadata.DeletionTimestamp: null } live && GatewayPlanner.IsOurs(live))
        {
            // The uid keeps us from deleting a namesake the cache has not seen yet.
            await client.DeleteAsync<T>(key, new DeleteOptions { Uid = live.Metadata.Uid, Propagation = DeletionPropagation.Background }, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Tells the endpoints' owners once.</summary>
    private void Tell(ObjectKey key, IReadOnlyList<Api.Endpoints.LlmEndpoint> endpoints, string reason, string message)
    {
        if (_told.TryGetValue(key, out var told) && told == message)
        {
            return;
        }

        _told[key] = message;
        var condition = new Condition { Type = "Gateway", Status = ConditionStatus.False, Reason = reason, Message = message, LastTransitionTime = time.GetUtcNow() };
        foreach (var endpoint in endpoints.Take(MostTold))
        {
            events.Report(endpoint, new(condition, IsWarning: true));
        }
    }
}
