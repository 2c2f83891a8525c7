using LlmOperator.Api;
using LlmOperator.Api.Models;
using LlmOperator.Controllers.Caching;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Applying;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Models;

/// <summary>
/// Says what is known of a model and who uses it, and keeps a model that is used from going. The finalizer is there only while somebody uses the model,
/// so that models nobody uses can be deleted whether the operator runs or not.
/// </summary>
internal sealed class LlmModelReconciler(OperatorCaches caches, IKubeClient client, IEventSink events, TimeProvider time) : IReconciler
{
    private readonly StatusWriter<LlmModel> _status = new(caches.Models, client, events, time);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (caches.Models.Get(key) is not { Spec: not null } model)
        {
            _status.Forget(key);
            return ReconcileResult.Done;
        }

        var users = caches.EndpointsOf(key).Where(endpoint => endpoint.Metadata.DeletionTimestamp is null).Select(endpoint => endpoint.Metadata.Name!).ToList();
        var plan = ModelPlanner.Plan(new(model, users, time.GetUtcNow()));
        try
        {
            if (model.Metadata.DeletionTimestamp is not null && !plan.HoldDeletion)
            {
                await LetGoAsync(model, cancellationToken).ConfigureAwait(false);
                return ReconcileResult.Done;
            }

            var wanted = new LlmModel { Metadata = new() { Name = key.Name, Namespace = key.Namespace }, Status = plan.Status };
            (model, var next) = await _status.WriteAsync(model, wanted, plan.Transitions, IsMereUser(model.Status, plan.Status), cancellationToken).ConfigureAwait(false);
            await KeepFinalizerAsync(model, plan.HoldDeletion, cancellationToken).ConfigureAwait(false);
            return next;
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

    private async Task KeepFinalizerAsync(LlmModel model, bool hold, CancellationToken cancellationToken)
    {
        // The server refuses new finalizers on an object that is already going.
        var patch = hold
            ? model.Metadata.DeletionTimestamp is null ? Finalizers.AddPatch(model, ApiGroup.Finalizer) : null
            : Finalizers.RemovePatch(model, ApiGroup.Finalizer);
        await PatchAsync(model, patch, cancellationToken).ConfigureAwait(false);
    }

    private Task LetGoAsync(LlmModel model, CancellationToken cancellationToken) =>
        PatchAsync(model, Finalizers.RemovePatch(model, ApiGroup.Finalizer), cancellationToken);

    private async Task PatchAsync(LlmModel model, Patch? patch, CancellationToken cancellationToken)
    {
        if (patch is not null)
        {
            caches.Models.Wrote(await client.PatchAsync<LlmModel>(ObjectKey.Of(model), patch, new() { FieldManager = FieldManagers.Operator }, cancellationToken).ConfigureAwait(false));
        }
    }
}
