using System.Text;
using LlmOperator.Api;
using LlmOperator.Api.Models;
using LlmOperator.Controllers.Caching;
using LlmOperator.Controllers.Registries;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Applying;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Cache;

namespace LlmOperator.Controllers.Models;

/// <summary>Keeps a model's cache as the planner has it: the volume claim, the Jobs that fill and clean it, and what their logs say of progress.</summary>
internal sealed class ModelCacheKeeper(OperatorCaches caches, IKubeClient client, RegistryOptions options, TimeProvider time)
{
    // The claim, then the Job that mounts it, then nothing more: each step knows what the one before has made.
    private const int MostRounds = 3;
    private const int ProgressBytes = 4096;
    private const string DefaultImage = "ghcr.io/llm-operator/operator:0.1.0";

    private readonly ObjectApplier _applier = new(client, FieldManagers.Operator, ApiGroup.ContentHashAnnotation);

    /// <summary>Keeps the cache; null where the model has none and had none.</summary>
    /// <param name="model">The model.</param>
    /// <param name="items">What the cache has to hold; null while a revision is not resolved.</param>
    /// <param name="cancellationToken">Cancels requests.</param>
    public async Task<CachePlan?> KeepAsync(LlmModel model, IReadOnlyList<CacheItem>? items, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(model.Metadata.Namespace, CacheJobs.ClaimName(model));
        var isWanted = model.Spec!.Cache is not null;
        if (!isWanted && model.Status?.Cache is null)
        {
            return null;
        }

        await caches.DemandModelCachesAsync(cancellationToken).ConfigureAwait(false);

        var started = new HashSet<string>(StringComparer.Ordinal);
        for (var round = 1; ; round++)
        {
            var claim = caches.Claims.Get(key) ?? (isWanted ? await ForeignAsync(key, cancellationToken).ConfigureAwait(false) : null);
            var observed = Observe(model, items, claim);
            var plan = CachePlanner.Plan(observed);
            if (plan.Running is { } running && model.Spec.Cache is not null)
            {
                plan = CachePlanner.Plan(observed with { Progress = await ProgressAsync(running, cancellationToken).ConfigureAwait(false) });
            }

            var isChanged = await ApplyAsync(plan, claim, started, cancellationToken).ConfigureAwait(false);
            if (!isChanged || round == MostRounds)
            {
                return plan;
            }
        }
    }

    private CacheObservation Observe(LlmModel model, IReadOnlyList<CacheItem>? items, PersistentVolumeClaim? claim)
    {
        var uid = model.Metadata.Uid!;
        var jobs = caches.OwnedJobs(uid).Where(job => job.ControllerOf()?.Uid == uid).Select(job => caches.Jobs.Get(ObjectKey.Of(job)) ?? job).ToList();
        var pods = caches.PodsOfModel(ObjectKey.Of(model));
        return new()
        {
            Model = model,
            Items = items,
            Claim = claim,
            Jobs = jobs,
            JobPods = [.. pods.Where(pod => jobs.Any(job => pod.Metadata.OwnerReferences?.Any(owner => owner.Uid == job.Metadata.Uid) == true))],
            Loaded = [.. pods.Where(IsServing).Select(pod => CacheLabel(pod.Metadata.Labels)), .. caches.DeploymentsOfModel(ObjectKey.Of(model)).Select(deployment => CacheLabel(deployment.Spec?.Template?.Metadata?.Labels))],
            FetcherImage = options.FetcherImage ?? DefaultImage,
            HubEndpoint = options.MirrorOfHub,
            Now = time.GetUtcNow(),
        };
    }

    private static bool IsServing(Pod pod) => pod.Metadata.Labels?.ContainsKey(ApiGroup.EndpointLabel) == true && pod.Status?.Phase is not ("Succeeded" or "Failed");

    private static string? CacheLabel(IReadOnlyDictionary<string, string>? labels) => labels?.GetValueOrDefault(ApiGroup.CacheLabel);

    /// <summary>Whether anything was made that the next step builds on.</summary>
    private async Task<bool> ApplyAsync(CachePlan plan, PersistentVolumeClaim? live, HashSet<string> started, CancellationToken cancellationToken)
    {
        var isChanged = false;
        if (plan.Claim is { } claim)
        {
            var result = await _applier.ApplyIfChangedAsync(claim, live, cancellationToken).ConfigureAwait(false);
            if (result.Written)
            {
                caches.Claims.Wrote(result.Object);
                isChanged = true;
            }
        }

        foreach (var job in plan.ObsoleteJobs)
        {
            await client.DeleteAsync<Job>(ObjectKey.Of(job), new() { Uid = job.Metadata.Uid, Propagation = DeletionPropagation.Background }, cancellationToken).ConfigureAwait(false);
        }

        if (plan.ObsoleteClaim is { } unwanted)
        {
            await client.DeleteAsync<PersistentVolumeClaim>(ObjectKey.Of(unwanted), new() { Uid = unwanted.Metadata.Uid }, cancellationToken).ConfigureAwait(false);
        }

        if (plan.Job is { } next && started.Add(next.Metadata.Name!))
        {
            var result = await _applier.ApplyIfChangedAsync(next, caches.Jobs.Get(ObjectKey.Of(next)), cancellationToken).ConfigureAwait(false);
            caches.Jobs.Wrote(result.Object);
        }

        return isChanged;
    }

    /// <summary>A claim of that name without our label is in no cache of ours; to apply over it would be to take it, and to delete it with the model.</summary>
    private async Task<PersistentVolumeClaim?> ForeignAsync(ObjectKey key, CancellationToken cancellationToken) =>
        await client.GetAsync<PersistentVolumeClaim>(key, cancellationToken).ConfigureAwait(false);

    /// <summary>What the running pod's log says last. No progress is no fault: the log may not be there yet.</summary>
    private async Task<FetchProgress?> ProgressAsync(Job job, CancellationToken cancellationToken)
    {
        var pod = caches.PodsOfModel(new(job.Metadata.Namespace, job.Metadata.Labels![ApiGroup.ModelLabel]))
            .FirstOrDefault(pod => pod.Status?.Phase == "Running" && pod.Metadata.OwnerReferences?.Any(owner => owner.Uid == job.Metadata.Uid) == true);
        if (pod is null)
        {
            return null;
        }

        try
        {
            var log = await client.ReadLogAsync(ObjectKey.Of(pod), new() { Container = CacheJobs.Component, TailLines = 5, LimitBytes = ProgressBytes }, cancellationToken).ConfigureAwait(false);
            using var reader = new StreamReader(log, Encoding.UTF8);
            return FetchProgress.LastOf(await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (Exception error) when (error is KubeApiException or IOException or HttpRequestException)
        {
            return null;
        }
    }
}
