using System.Net;
using System.Text;
using System.Text.Json;
using LlmOperator.Api;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Controllers.Caching;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Applying;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.RagIndexes;

namespace LlmOperator.Controllers.RagIndexes;

/// <summary>A managed Qdrant as it is.</summary>
/// <param name="Key">Its API key.</param>
/// <param name="StatefulSet">Its pods; null when there are none.</param>
/// <param name="VolumeProblem">Why its volumes are not as the spec says; null when they are.</param>
/// <param name="MonitorProblem">Why Prometheus cannot be told of its metrics; null when it is, or there is none.</param>
internal sealed record ManagedQdrantState(string Key, StatefulSet? StatefulSet, SpecProblemText? VolumeProblem, SpecProblemText? MonitorProblem);

/// <summary>Keeps the objects of a managed Qdrant as the planner has them. When nothing differs it reads and writes nothing.</summary>
internal sealed class ManagedQdrantKeeper(OperatorCaches caches, IKubeClient client, QdrantKeys keys, QdrantOptions options)
{
    private readonly ObjectApplier _applier = new(client, FieldManagers.Operator, ApiGroup.ContentHashAnnotation);

    /// <summary>Keeps the objects.</summary>
    /// <param name="index">The index.</param>
    /// <param name="replicas">Pods the state of the cluster asks for; null while it is not known.</param>
    /// <param name="cancellationToken">Cancels requests.</param>
    public async Task<ManagedQdrantState> KeepAsync(RagIndex index, int? replicas, CancellationToken cancellationToken)
    {
        var name = new ObjectKey(index.Metadata.Namespace, QdrantNames.Of(index.Metadata.Name!));
        var key = await keys.KeepAsync(index, cancellationToken).ConfigureAwait(false);
        var live = caches.StatefulSets.Get(name);
        var plan = QdrantPlanner.Plan(new()
        {
            Index = index,
            Key = Encoding.UTF8.GetBytes(key),
            StatefulSet = live,
            Claims = caches.ClaimsOfRagIndex(ObjectKey.Of(index)),
            Replicas = replicas,
            ImageRepository = options.ImageRepository,
            MonitorLabels = options.ServiceMonitorLabels,
            OperatorNamespace = options.OperatorNamespace,
        });

        // The rules of who may reach pods are there before the pods are.
        if (plan.NetworkPolicy is { } policy)
        {
            await ApplyAsync(policy, caches.NetworkPolicies, cancellationToken, wholeSpec: true).ConfigureAwait(false);
        }
        else
        {
            await _applier.PruneAsync(index.Metadata.Uid!, caches.OwnedNetworkPolicies(index.Metadata.Uid!), new HashSet<ObjectKey>(), cancellationToken).ConfigureAwait(false);
        }

        await ApplyAsync(plan.DisruptionBudget, caches.DisruptionBudgets, cancellationToken).ConfigureAwait(false);
        await ApplyAsync(plan.Headless, caches.Services, cancellationToken).ConfigureAwait(false);
        await ApplyAsync(plan.Service, caches.Services, cancellationToken).ConfigureAwait(false);
        var unmonitored = await MonitorAsync(plan.Monitor, cancellationToken).ConfigureAwait(false);
        var problem = plan.Volumes.Problem ?? await GrowAsync(plan.Volumes, cancellationToken).ConfigureAwait(false);
        if (plan.Volumes.MakeAnew && live is { Metadata.DeletionTimestamp: null } && problem is null)
        {
            // Its going is a change that leads to the next look, which makes it anew; the new one adopts the pods.
            await client.DeleteAsync<StatefulSet>(name, new() { Uid = live.Metadata.Uid, Propagation = DeletionPropagation.Orphan }, cancellationToken).ConfigureAwait(false);
            return new(key, live, null, unmonitored);
        }

        return new(key, await ApplyAsync(plan.StatefulSet, caches.StatefulSets, cancellationToken).ConfigureAwait(false), problem, unmonitored);
    }

    /// <summary>Tells Prometheus of the metrics, where the cluster has the kind. Qdrant serves as well without.</summary>
    /// <returns>Why it cannot be told; null when it is.</returns>
    private async Task<SpecProblemText?> MonitorAsync(ServiceMonitor wanted, CancellationToken cancellationToken)
    {
        if (!caches.HasServiceMonitors)
        {
            return null;
        }

        try
        {
            await ApplyAsync(wanted, caches.ServiceMonitors, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (NotOursException error)
        {
            return new("NameConflict", error.Message);
        }
        catch (KubeApiException gone) when (gone.IsNotFound)
        {
            return null; // The kind was taken out of the cluster this moment; its watch will tell.
        }
        catch (KubeApiException refusal) when ((refusal.IsInvalid || refusal.IsForbidden || refusal.Code == HttpStatusCode.BadRequest) && refusal.Causes.All(cause => cause.Reason != "NamespaceTerminating"))
        {
            return new("ObjectRefused", $"the API server refuses the ServiceMonitor: {refusal.Message}; allow it where a policy or a missing permission of the operator is the cause");
        }
    }

    /// <summary>Tells claims their new size.</summary>
    /// <returns>Why they do not grow; null when they do.</returns>
    private async Task<SpecProblemText?> GrowAsync(QdrantVolumePlan volumes, CancellationToken cancellationToken)
    {
        foreach (var (claim, size) in volumes.Grow)
        {
            var patch = JsonSerializer.SerializeToUtf8Bytes(
                new PersistentVolumeClaim { Spec = new() { Resources = new() { Requests = new Dictionary<string, Quantity> { ["storage"] = size } } } }, PersistentVolumeClaim.JsonTypeInfo);
            try
            {
                using var spec = JsonDocument.Parse(patch);
                var body = Encoding.UTF8.GetBytes($$"""{"spec":{{spec.RootElement.GetProperty("spec"u8).GetRawText()}}}""");
                caches.Claims.Wrote(await client.PatchAsync<PersistentVolumeClaim>(ObjectKey.Of(claim), Patch.Merge(body), new() { FieldManager = FieldManagers.Operator }, cancellationToken).ConfigureAwait(false));
            }
            catch (KubeApiException refusal) when (refusal.IsInvalid || refusal.IsForbidden || refusal.Code == HttpStatusCode.BadRequest)
            {
                return QdrantPlanner.GrowthRefused(refusal.Message);
            }
        }

        return null;
    }

    private async Task<T> ApplyAsync<T>(T wanted, OwnWrites<T> cache, CancellationToken cancellationToken, bool wholeSpec = false)
        where T : class, IKubeObject<T>
    {
        var result = await _applier.ApplyIfChangedAsync(wanted, cache.Get(ObjectKey.Of(wanted)), cancellationToken, wholeSpec).ConfigureAwait(false);
        if (result.Written)
        {
            cache.Wrote(result.Object);
        }

        return result.Object;
    }
}
