using System.Security.Cryptography;
using System.Text;
using LlmOperator.Api;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Planning.Cache;

/// <summary>
/// Decides what a model's cache needs. What lies in it is written on the volume claim itself, so that a claim that is lost takes the knowledge with it and nothing else can.
/// A new revision is fetched beside the old; endpoints go over once it is whole; the old is removed when no pod and no workload names it any more.
/// </summary>
public static class CachePlanner
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromHours(1);

    /// <summary>Name of the set of folders endpoints load: the value of the label of their pods.</summary>
    public static string SetName(CachedWeights weights)
    {
        var text = string.Join('|', new[] { weights.Folder }.Concat((weights.Adapters ?? []).Select(adapter => $"{adapter.Name}={adapter.Folder}")));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
    }

    /// <summary>What is the case where the API server refuses the volume or a Job: what was cached before stays in use.</summary>
    /// <param name="model">The model.</param>
    /// <param name="error">What the API server says.</param>
    public static CachePlan Refused(LlmModel model, string error) => new()
    {
        Status = model.Status?.Cache ?? new() { ClaimName = CacheJobs.ClaimName(model) },
        CachedBytes = model.Status?.CachedBytes,
        State = new(ConditionStatus.False, "ObjectRefused", $"the API server refuses what the cache takes: {error}; change spec.cache, or allow it where a quota, a policy or a missing permission is the cause"),
    };

    /// <summary>Decides what a model's cache needs.</summary>
    public static CachePlan Plan(CacheObservation observed)
    {
        var model = observed.Model;
        var isOurs = observed.Claim is null || observed.Claim.ControllerOf()?.Uid == model.Metadata.Uid;
        if (model.Spec!.Cache is not { } cache)
        {
            return Given(observed, isOurs);
        }

        var name = CacheJobs.ClaimName(model);
        if (!isOurs)
        {
            return new()
            {
                Status = new() { ClaimName = name },
                State = new(ConditionStatus.False, "NameConflict", $"PersistentVolumeClaim {name} is there already and is not this model's, so it is left alone: delete it, or create the model under another name"),
            };
        }

        var claim = observed.Claim is { Metadata.DeletionTimestamp: null } ? observed.Claim : null;
        var ours = observed.Jobs.Where(job => job.Metadata.DeletionTimestamp is null).OrderBy(job => job.Metadata.Name, StringComparer.Ordinal).ToList();
        var valid = claim is null ? [] : ours.Where(job => CacheJobs.Text(job, CacheJobs.ClaimAnnotation) == claim.Metadata.Uid).ToList();
        var recorded = Recorded(claim);
        var cached = Cached(recorded, valid);
        var before = model.Status?.Cache?.Serving is { } former && Folders(former).All(cached.Contains) ? former : null;
        var serving = observed.Items is { Count: > 0 } items && items.All(item => cached.Contains(item.Folder)) ? Set(items) : before;

        var size = CacheSize.Of(cache, observed.Items, claim);
        var plan = new CachePlan
        {
            Claim = size is { } storage ? Claim(model, cache, name, storage, cached) : null,
            ObsoleteJobs = claim is null ? [] : [.. ours.Where(job => !valid.Contains(job) || IsOver(job, recorded, model))],
            CachedBytes = serving is not null && observed.Items is { } wanted && SetName(serving) == SetName(Set(wanted)) ? CacheSize.Bytes(wanted) : model.Status?.CachedBytes,
            Status = new() { ClaimName = name, Serving = serving, Folders = cached.Count > 0 ? [.. cached] : null },
        };

        return size is null
            ? plan with
            {
                State = new(ConditionStatus.False, "CacheSizeUnknown", "the registry does not say how large the weights are: set spec.cache.size, to at least twice their size so that a new revision has room beside the old"),
            }
            : TooSmall(cache, observed.Items) is { } small ? plan with { State = small }
            : claim is null ? plan with { State = new(ConditionStatus.Unknown, "CreatingVolume", $"PersistentVolumeClaim {name} is being made") }
            : Work(observed, claim, [.. valid.Except(plan.ObsoleteJobs)], cached, serving, plan);
    }

    /// <summary>The next Job, or why none is due.</summary>
    private static CachePlan Work(CacheObservation observed, PersistentVolumeClaim claim, List<Job> jobs, SortedSet<string> cached, CachedWeights? serving, CachePlan plan)
    {
        if (observed.Items is not { Count: > 0 } items)
        {
            return plan with { State = serving is null ? new(ConditionStatus.Unknown, "WaitingForRevision", "nothing is fetched before the registry has said which commit the revision is") : Whole(claim, serving) };
        }

        var missing = items.Where(item => !cached.Contains(item.Folder)).DistinctBy(item => item.Folder).ToList();
        var wanted = missing.Select(item => item.Folder).ToHashSet(StringComparer.Ordinal);
        var running = jobs.Find(job => !IsFinished(job, "Complete") && !IsFinished(job, "Failed"));
        if (running is not null)
        {
            var serves = CacheJobs.Text(running, CacheJobs.ActionAnnotation) == CacheJobs.FetchAction ? CacheJobs.Folders(running).All(wanted.Contains) : missing.Count == 0;
            return serves
                ? plan with
                {
                    Running = running,
                    LookAgain = missing.Count > 0 ? ProgressInterval : null,
                    Status = plan.Status! with { ProgressPercent = missing.Count > 0 ? observed.Progress?.Percent ?? 0 : null, FailedAttempts = Positive(CacheJobs.Attempt(running)) },
                    State = missing.Count > 0 ? Fetching(observed, claim, missing) : Whole(claim, serving!),
                }
                : plan with { ObsoleteJobs = [.. plan.ObsoleteJobs, running], State = Fetching(observed, claim, missing) };
        }

        if (missing.Count > 0)
        {
            var failed = Failed(jobs, CacheJobs.FetchAction, wanted);
            return failed is null
                ? plan with { Job = CacheJobs.Fetch(observed, claim, missing, 0), State = Fetching(observed, claim, missing) }
                : Retry(observed, failed, plan, attempt => CacheJobs.Fetch(observed, claim, missing, attempt));
        }

        plan = plan with { State = Whole(claim, serving!) };
        var leftOver = cached.Except(Folders(serving!), StringComparer.Ordinal).ToList();
        var present = SetName(serving!);
        if (leftOver.Count == 0 || observed.Loaded.Any(loaded => loaded is not null && loaded != present))
        {
            return plan;
        }

        // What cannot be removed costs room, not service: it is tried again, and the condition stays as it is.
        var stuck = Failed(jobs, CacheJobs.RemoveAction, [.. leftOver]);
        return stuck is null
            ? plan with { Job = CacheJobs.Remove(observed, claim, leftOver, 0) }
            : Retry(observed, stuck, plan, attempt => CacheJobs.Remove(observed, claim, leftOver, attempt)) with { State = plan.State, Status = plan.Status };
    }

    private static CachePlan Retry(CacheObservation observed, Job failed, CachePlan plan, Func<int, Job> next)
    {
        var attempt = CacheJobs.Attempt(failed) + 1;
        var since = failed.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Failed")?.LastTransitionTime ?? observed.Now;
        var wait = since + Delay(attempt) - observed.Now;
        var status = plan.Status! with { FailedAttempts = attempt, LastFailureTime = since };
        return wait > TimeSpan.Zero
            ? plan with { LookAgain = wait, Status = status, State = Failure(observed, failed) }
            : plan with { Job = next(attempt), Status = status, State = Failure(observed, failed) };
    }

    private static TimeSpan Delay(int attempt) => TimeSpan.FromTicks(Math.Min(LongestRetry.Ticks, FirstRetry.Ticks << Math.Min(attempt - 1, 10)));

    /// <summary>The latest failure of the same work for the same spec: a changed one is tried at once.</summary>
    private static Job? Failed(List<Job> jobs, string action, HashSet<string> folders) => jobs
        .Where(job => IsFinished(job, "Failed") && CacheJobs.Text(job, CacheJobs.ActionAnnotation) == action && folders.SetEquals(CacheJobs.Folders(job)))
        .MaxBy(CacheJobs.Attempt);

    private static SortedSet<string> Recorded(PersistentVolumeClaim? claim) =>
        new((claim?.Metadata.Annotations?.GetValueOrDefault(ApiGroup.CachedFoldersAnnotation) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal);

    /// <summary>Folders that are whole: what the claim says, and what Jobs have done that it does not say yet.</summary>
    private static SortedSet<string> Cached(SortedSet<string> recorded, List<Job> jobs)
    {
        var cached = new SortedSet<string>(recorded, StringComparer.Ordinal);
        foreach (var job in jobs.Where(job => IsFinished(job, "Complete")))
        {
            if (CacheJobs.Text(job, CacheJobs.ActionAnnotation) == CacheJobs.FetchAction)
            {
                cached.UnionWith(CacheJobs.Folders(job));
            }
            else
            {
                cached.ExceptWith(CacheJobs.Folders(job));
            }
        }

        return cached;
    }

    /// <summary>Whether a Job has nothing more to tell: what it did is on the claim, or what it failed at was asked for by another spec. Left behind, it would be in the way when the same is wanted again.</summary>
    private static bool IsOver(Job job, SortedSet<string> recorded, LlmModel model)
    {
        if (!IsFinished(job, "Complete"))
        {
            return IsFinished(job, "Failed")
                && (CacheJobs.Text(job, CacheJobs.GenerationAnnotation) != CacheJobs.Generation(model) || (CacheJobs.Text(job, CacheJobs.ActionAnnotation) == CacheJobs.FetchAction && CacheJobs.Folders(job).All(recorded.Contains)));
        }

        return CacheJobs.Text(job, CacheJobs.ActionAnnotation) == CacheJobs.FetchAction ? CacheJobs.Folders(job).All(recorded.Contains) : !CacheJobs.Folders(job).Any(recorded.Contains);
    }

    private static PersistentVolumeClaim Claim(LlmModel model, ModelCache cache, string name, Quantity size, SortedSet<string> cached) => new()
    {
        Metadata = new()
        {
            Name = name,
            Namespace = model.Metadata.Namespace,
            Labels = CacheJobs.Labels(model),
            Annotations = cached.Count == 0 ? null : new SortedDictionary<string, string>(StringComparer.Ordinal) { [ApiGroup.CachedFoldersAnnotation] = string.Join(',', cached) },
            OwnerReferences = [CacheJobs.Owner(model)],
        },
        Spec = new()
        {
            AccessModes = [cache.AccessMode],
            StorageClassName = cache.StorageClassName,
            Resources = new() { Requests = new SortedDictionary<string, Quantity>(StringComparer.Ordinal) { ["storage"] = size } },
        },
    };

    /// <summary>No cache is wanted: what there was goes once nobody loads from it.</summary>
    private static CachePlan Given(CacheObservation observed, bool isOurs) => new()
    {
        // While there is something to remove the status says so: it is what a restarted operator looks for.
        Status = isOurs && observed.Claim is { } claim ? new() { ClaimName = claim.Metadata.Name! } : null,
        ObsoleteJobs = [.. observed.Jobs.Where(job => job.Metadata.DeletionTimestamp is null)],
        ObsoleteClaim = isOurs && observed.Claim is { Metadata.DeletionTimestamp: null } && observed.Loaded.All(loaded => loaded is null) ? observed.Claim : null,
    };

    private static CacheState? TooSmall(ModelCache cache, IReadOnlyList<CacheItem>? items) =>
        cache.Size is { } size && items is not null && CacheSize.Bytes(items) is { } bytes && size.Value < bytes
            ? new(ConditionStatus.False, "CacheTooSmall", $"the weights take {CacheSize.MiB(bytes)} and spec.cache.size is {size}: raise it, to twice the weights so that a new revision has room beside the old")
            : null;

    private static CacheState Whole(PersistentVolumeClaim claim, CachedWeights serving) =>
        new(ConditionStatus.True, "WeightsCached", $"revision {serving.Folder} is in PersistentVolumeClaim {claim.Metadata.Name}");

    private static CacheState Fetching(CacheObservation observed, PersistentVolumeClaim claim, List<CacheItem> missing)
    {
        var what = string.Join(", ", missing.Select(item => item.Adapter is { } adapter ? $"adapter {adapter}" : $"revision {item.Revision}"));
        var bytes = CacheSize.Bytes(missing) is { } known ? $" ({CacheSize.MiB(known)})" : "";
        return new(ConditionStatus.Unknown, "Fetching", $"{what}{bytes} is being fetched into PersistentVolumeClaim {claim.Metadata.Name}{Obstacle(observed)}");
    }

    /// <summary>What keeps the Job's pod from running.</summary>
    private static string Obstacle(CacheObservation observed)
    {
        foreach (var pod in observed.JobPods.OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal))
        {
            if (pod.Status?.Conditions?.FirstOrDefault(condition => condition is { Type: "PodScheduled", Status: "False" }) is { Message: { } unplaced })
            {
                return $"; its pod has no node: {unplaced}";
            }

            if (Fetcher(pod)?.Waiting is { Reason: not (null or "ContainerCreating" or "PodInitializing") } waiting)
            {
                return $"; its pod waits: {waiting.Reason}{(waiting.Message is { Length: > 0 } text ? $" ({text})" : "")}";
            }
        }

        return "";
    }

    private static ContainerState? Fetcher(Pod pod) => pod.Status?.ContainerStatuses is [var container, ..] ? container.State : null;

    private static CacheState Failure(CacheObservation observed, Job failed)
    {
        var ended = observed.JobPods
            .Where(pod => pod.Metadata.OwnerReferences?.Any(owner => owner.Uid == failed.Metadata.Uid) == true)
            .Select(pod => Fetcher(pod)?.Terminated)
            .Where(state => state is { ExitCode: not (null or 0) })
            .MaxBy(state => state!.FinishedAt);
        var cause = ended?.Message?.Trim() is { Length: > 0 } said ? said : failed.Status?.Conditions?.FirstOrDefault(condition => condition.Type == "Failed")?.Message ?? "its pods failed";
        var reason = ended?.ExitCode switch
        {
            CacheJobs.NoRoom => "CacheTooSmall",
            CacheJobs.Refused => "FetchRefused",
            _ => "FetchFailed",
        };
        var fix = reason == "CacheTooSmall" ? "raise spec.cache.size" : "it is tried again, at once when the spec changes";
        return new(ConditionStatus.False, reason, $"Job {failed.Metadata.Name} failed: {Cut(cause)}; {fix}");
    }

    private static string Cut(string text) => text.Length <= 600 ? text : "… " + text[^600..];

    private static CachedWeights Set(IReadOnlyList<CacheItem> items)
    {
        var adapters = items.Where(item => item.Adapter is not null).Select(item => new CachedAdapter { Name = item.Adapter!, Folder = item.Folder }).ToList();
        return new() { Folder = items.First(item => item.Adapter is null).Folder, Adapters = adapters.Count > 0 ? adapters : null };
    }

    private static IEnumerable<string> Folders(CachedWeights weights) => new[] { weights.Folder }.Concat((weights.Adapters ?? []).Select(adapter => adapter.Folder));

    private static bool IsFinished(Job job, string how) => job.Status?.Conditions?.Any(condition => condition.Type == how && condition.Status == "True") == true;

    private static int? Positive(int number) => number > 0 ? number : null;
}
