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
/// Says what is known of a model, of itself and of its registry, and who uses it, and keeps a model that is used from going. The finalizer is there only while somebody uses the model,
/// so that models nobody uses can be deleted whether the operator runs or not.
/// </summary>
internal sealed class LlmModelReconciler(OperatorCaches caches, IKubeClient client, IEventSink events, RegistryLookups lookups, TimeProvider time) : IReconciler
{
    private readonly ObjectApplier _applier = new(client, FieldManagers.Operator, ApiGroup.ContentHashAnnotation);
    private readonly UserListThrottle _throttle = new(time);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (caches.Models.Get(key) is not { Spec: not null } model)
        {
            _throttle.Forget(key);
            lookups.Forget(key);
            return ReconcileResult.Done;
        }

        var users = caches.EndpointsOf(key).Where(endpoint => endpoint.Metadata.DeletionTimestamp is null).Select(endpoint => endpoint.Metadata.Name!).ToList();
        var look = model.Metadata.DeletionTimestamp is null ? await lookups.LookAsync(key, model, cancellationToken).ConfigureAwait(false) : default;
        var plan = ModelPlanner.Plan(new(model, users, time.GetUtcNow()) { Outcome = look.Outcome });
        try
        {
            if (model.Metadata.DeletionTimestamp is not null && !plan.HoldDeletion)
            {
                await LetGoAsync(model, cancellationToken).ConfigureAwait(false);
                return ReconcileResult.Done;
            }

            if (look.Outcome is null && _throttle.Delay(key, model.Status, plan.Status) is { } delay)
            {
                return ReconcileResult.RequeueAfter(look.Next is { } earlier && earlier < delay ? earlier : delay);
            }

            model = await WriteStatusAsync(key, model, plan, cancellationToken).ConfigureAwait(false);
            lookups.Written(key);
            await KeepFinalizerAsync(model, plan.HoldDeletion, cancellationToken).ConfigureAwait(false);
            return look.Next is { } next ? ReconcileResult.RequeueAfter(next) : ReconcileResult.Done;
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

    private async Task<LlmModel> WriteStatusAsync(ObjectKey key, LlmModel model, ModelPlan plan, CancellationToken cancellationToken)
    {
        var wanted = new LlmModel { Metadata = new() { Name = key.Name, Namespace = key.Namespace }, Status = plan.Status };
        var result = await _applier.ApplyStatusIfChangedAsync(wanted, model, cancellationToken).ConfigureAwait(false);
        if (!result.Written)
        {
            return model;
        }

        caches.Models.Wrote(result.Object);
        _throttle.Wrote(key);
        foreach (var transition in plan.Transitions)
        {
            events.Report(model, transition);
        }

        return result.Object;
    }

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
