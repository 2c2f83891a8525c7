using System.Net;
using LlmOperator.Api;
using LlmOperator.Api.Models;
using LlmOperator.Controllers.Caching;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Planning.Cache;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Models;

/// <summary>
/// Says what is known of a model, of itself and of its registry, and who uses it, keeps its cache, and keeps a model that is used from going. The finalizer is there only while somebody uses the model,
/// so that models nobody uses can be deleted whether the operator runs or not.
/// </summary>
internal sealed class LlmModelReconciler(
    OperatorCaches caches, IKubeClient client, IEventSink events, RegistryLookups lookups, AdapterLookups adapters, ModelCacheKeeper keeper, TimeProvider time) : IReconciler
{
    private readonly StatusWriter<LlmModel> _status = new(caches.Models, client, events, time);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (caches.Models.Get(key) is not { Spec: not null } model)
        {
            _status.Forget(key);
            lookups.Forget(key);
            adapters.Forget(key);
            return ReconcileResult.Done;
        }

        var observed = new ModelObservation(model, [.. caches.EndpointsOf(key).Where(endpoint => endpoint.Metadata.DeletionTimestamp is null).Select(endpoint => endpoint.Metadata.Name!)], time.GetUtcNow());
        try
        {
            if (model.Metadata.DeletionTimestamp is not null)
            {
                return await LetGoAsync(key, model, ModelPlanner.Plan(observed), cancellationToken).ConfigureAwait(false);
            }

            var look = await lookups.LookAsync(key, model, cancellationToken).ConfigureAwait(false);
            var read = await adapters.LookAsync(key, model, cancellationToken).ConfigureAwait(false);
            observed = observed with { Outcome = look.Outcome, Adapters = read.Adapters };

            // What is to be cached follows from what the model is held at; that it is cached is part of its status in turn.
            CachePlan? cache;
            try
            {
                cache = await keeper.KeepAsync(model, ModelPlanner.Plan(observed).CacheItems, cancellationToken).ConfigureAwait(false);
            }
            catch (KubeApiException error) when (error.Causes.Any(cause => cause.Reason == "NamespaceTerminating"))
            {
                return ReconcileResult.Done; // The model goes with its namespace.
            }
            catch (KubeApiException error) when (error.IsInvalid || error.IsForbidden || error.Code == HttpStatusCode.BadRequest)
            {
                // People look at the status, not into the log. The retries go on, as a quota or a policy may change unseen.
                var refused = ModelPlanner.Plan(observed with { Cache = CachePlanner.Refused(model, error.Message) });
                await _status.WriteAsync(
                    model, new() { Metadata = new() { Name = key.Name, Namespace = key.Namespace }, Status = refused.Status }, refused.Transitions, mayWait: false, cancellationToken).ConfigureAwait(false);
                throw;
            }

            var plan = ModelPlanner.Plan(observed with { Cache = cache });
            var wanted = new LlmModel { Metadata = new() { Name = key.Name, Namespace = key.Namespace }, Status = plan.Status };
            var mayWait = look.Outcome is null && IsMereUser(model.Status, plan.Status);
            (model, var next) = await _status.WriteAsync(model, wanted, plan.Transitions, mayWait, cancellationToken).ConfigureAwait(false);
            if (next.Delay is null)
            {
                lookups.Written(key);
            }

            await KeepFinalizerAsync(model, plan.HoldDeletion, cancellationToken).ConfigureAwait(false);
            return Soonest(next.Delay, look.Next, read.Next, cache?.LookAgain);
        }
        catch (KubeApiException error) when (error.IsNotFound)
        {
            return ReconcileResult.Done; // It was deleted while we looked at it.
        }
        catch (KubeApiException error) when (error.IsConflict)
        {
            // Somebody changed the finalizers meanwhile; the cache will show what they are.
            return ReconcileResult.RequeueAfter(TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>Whether no more changes than who uses the model. The first and the last user change what may be deleted, which cannot wait.</summary>
    private static bool IsMereUser(LlmModelStatus? before, LlmModelStatus after) =>
        before is { UsedBy: { Count: > 0 } users } && after.UsedBy is { Count: > 0 } && !users.SequenceEqual(after.UsedBy) && before.ObservedGeneration == after.ObservedGeneration;

    private static ReconcileResult Soonest(params ReadOnlySpan<TimeSpan?> delays)
    {
        TimeSpan? soonest = null;
        foreach (var delay in delays)
        {
            soonest = delay is { } given && !(soonest < given) ? given : soonest;
        }

        return soonest is { } wait ? ReconcileResult.RequeueAfter(wait) : ReconcileResult.Done;
    }

    /// <summary>A model that goes is not asked about any more; it waits for its users, and says so.</summary>
    private async Task<ReconcileResult> LetGoAsync(ObjectKey key, LlmModel model, ModelPlan plan, CancellationToken cancellationToken)
    {
        if (!plan.HoldDeletion)
        {
            await PatchAsync(model, Finalizers.RemovePatch(model, ApiGroup.Finalizer), cancellationToken).ConfigureAwait(false);
            return ReconcileResult.Done;
        }

        var wanted = new LlmModel { Metadata = new() { Name = key.Name, Namespace = key.Namespace }, Status = plan.Status };
        return (await _status.WriteAsync(model, wanted, plan.Transitions, IsMereUser(model.Status, plan.Status), cancellationToken).ConfigureAwait(false)).Next;
    }

    private async Task KeepFinalizerAsync(LlmModel model, bool hold, CancellationToken cancellationToken)
    {
        // The server refuses new finalizers on an object that is already going.
        var patch = hold
            ? model.Metadata.DeletionTimestamp is null ? Finalizers.AddPatch(model, ApiGroup.Finalizer) : null
            : Finalizers.RemovePatch(model, ApiGroup.Finalizer);
        await PatchAsync(model, patch, cancellationToken).ConfigureAwait(false);
    }

    private async Task PatchAsync(LlmModel model, Patch? patch, CancellationToken cancellationToken)
    {
        if (patch is not null)
        {
            caches.Models.Wrote(await client.PatchAsync<LlmModel>(ObjectKey.Of(model), patch, new() { FieldManager = FieldManagers.Operator }, cancellationToken).ConfigureAwait(false));
        }
    }
}
