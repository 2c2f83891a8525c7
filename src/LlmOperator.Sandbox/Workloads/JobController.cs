using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>Runs the pods of Jobs until enough have succeeded or too many have failed.</summary>
internal sealed class JobController(ClusterRuntime runtime, EventRecorder events) : Controller(runtime)
{
    private const string Component = "job-controller";

    private const string Tracking = "batch.kubernetes.io/job-tracking";
    private const string NameLabel = "batch.kubernetes.io/job-name";

    private readonly Dictionary<string, JobBackoff> _backoffs = [];
    private readonly ObjectIndex _tracked = runtime.AddIndex(
        Resources.Pods,
        pod => pod.Texts("metadata", "finalizers").Contains(Tracking) ? [$"{pod.Namespace()}/{pod.Label(NameLabel)}"] : []);

    /// <inheritdoc/>
    public override string Name => "kube-controller-manager";

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        if (change.Ref.Resource == Resources.Jobs)
        {
            Enqueue(change.Ref);
        }
        else if (change.Ref.Resource == Resources.Pods && change.Object.ControllerRef() is { } owner && owner.Text("kind") == "Job")
        {
            Enqueue(new ObjectRef(Resources.Jobs, change.Ref.Namespace, owner.Text("name")!));
        }
        else if (change.Ref.Resource == Resources.Pods && change.Type != WatchEventType.Deleted && change.Object.Label(NameLabel) is { } name)
        {
            // A pod cut loose from its Job still carries the Job's finalizer.
            Enqueue(new ObjectRef(Resources.Jobs, change.Ref.Namespace, name));
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        var job = Cluster.Get(key);
        ReleaseStrays(key, job);
        if (job is null)
        {
            return;
        }

        if (job.IsDeleting())
        {
            _backoffs.Remove(job.Uid());
            return;
        }

        if (job.IsTrue("Complete") || job.IsTrue("Failed"))
        {
            Expire(key, job);
            return;
        }

        if (!_backoffs.TryGetValue(job.Uid(), out var backoff))
        {
            _backoffs[job.Uid()] = backoff = new JobBackoff();
        }

        var pods = Runtime.PodsByOwner.Get(job.Uid());
        var tally = new JobTally(job, pods.Where(IsTracked));
        backoff.Count(tally, Now);
        var active = pods.Where(pod => pod.IsActive()).ToList();
        var completions = job.Integer("spec", "completions");
        var suspended = job.Flag("spec", "suspend") == true;
        var (reason, message) = Failure(job, tally, pods, suspended);
        var success = JobPolicies.OfSuccess(job, tally.Done);
        var complete = reason is null
            && (success is not null || job.IsTrue("SuccessCriteriaMet") || (completions is { } wanted ? tally.Succeeded >= wanted : tally.Succeeded > 0 && active.Count == 0));
        if (reason is not null)
        {
            // Pods that are stopped because the Job failed count as failures themselves.
            Delete(job, active);
            tally.AddFailed(active.Where(IsTracked));
            active = [];
        }
        else if (suspended || complete)
        {
            DeleteUncounted(job, active);
            active = [];
        }
        else
        {
            active = Manage(key, job, active, tally, backoff, completions);
        }

        var terminating = Runtime.PodsByOwner.Get(job.Uid()).Count(pod => pod.IsDeleting() && !pod.IsTerminal());
        Announce(job, suspended, terminating == 0, complete, reason, message);
        Write(key, job, tally, active, terminating, suspended, complete, reason, complete ? success : message);

        // Only what the status counts may go.
        foreach (var pod in tally.Counted)
        {
            Untrack(pod);
        }
    }

    private static bool IsTracked(JsonObject pod) => pod.Texts("metadata", "finalizers").Contains(Tracking);

    /// <summary>Pods whose Job is gone, going or done are counted by nobody: nothing holds them any more.</summary>
    private void ReleaseStrays(ObjectRef key, JsonObject? job)
    {
        var over = job is null || job.IsDeleting() || job.IsTrue("Complete") || job.IsTrue("Failed");
        foreach (var pod in _tracked.Get($"{key.Namespace}/{key.Name}"))
        {
            var mine = job is not null && pod.ControllerRef().Text("uid") == job.Uid();
            if (!mine || (over && (pod.IsDeleting() || pod.IsTerminal())))
            {
                Untrack(pod);
            }
        }
    }

    private void Untrack(JsonObject pod)
    {
        if (Cluster.Get(pod.RefIn(Resources.Pods)) is { } present && present.Uid() == pod.Uid())
        {
            Cluster.Update(
                pod.RefIn(Resources.Pods),
                copy => copy.Child("metadata").SetTexts("finalizers", [.. copy.Texts("metadata", "finalizers").Where(name => name != Tracking)]),
                Name);
        }
    }

    private (string? Reason, string? Message) Failure(JsonObject job, JobTally tally, List<JsonObject> pods, bool suspended)
    {
        if (job.Condition("FailureTarget") is { } target && target.Text("status") == "True")
        {
            return (target.Text("reason"), target.Text("message"));
        }

        if (tally.FailsJob is { } matched)
        {
            return ("PodFailurePolicy", matched);
        }

        var limit = job.Integer("spec", "backoffLimit") ?? 6;
        var restarts = job.Text("spec", "template", "spec", "restartPolicy") == "OnFailure"
            ? pods.Where(pod => pod.IsActive()).SelectMany(pod => pod.Objects("status", "initContainerStatuses").Concat(pod.Objects("status", "containerStatuses")))
                .Sum(status => status.Integer("restartCount") ?? 0)
            : 0;
        if (tally.Failed > limit || (restarts > 0 && restarts >= limit))
        {
            return ("BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }

        if (!suspended && job.Integer("spec", "activeDeadlineSeconds") is { } seconds && Objects.Time(job.Text("status", "startTime")) is { } start)
        {
            if (start.AddSeconds(seconds) <= Now)
            {
                return ("DeadlineExceeded", "Job was active longer than specified deadline");
            }

            EnqueueAfter(job.RefIn(Resources.Jobs), start.AddSeconds(seconds) - Now);
        }

        if (tally.FailedIndexCount > job.Integer("spec", "maxFailedIndexes"))
        {
            return ("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
        }

        return tally.FailedIndexCount > 0 && tally.FailedIndexCount + tally.Succeeded >= job.Integer("spec", "completions")
            ? ("FailedIndexes", "Job has failed indexes")
            : (null, null);
    }

    private List<JsonObject> Manage(ObjectRef key, JsonObject job, List<JsonObject> active, JobTally tally, JobBackoff backoff, long? completions)
    {
        var parallelism = job.Integer("spec", "parallelism") ?? 1;
        var wanted = completions is { } total
            ? Math.Min(parallelism, total - tally.Succeeded - tally.FailedIndexCount)
            : tally.Succeeded > 0 ? Math.Min(active.Count, parallelism) : parallelism;
        if (active.Count > wanted)
        {
            var victims = active.Order(new VictimOrder(active)).Take((int)(active.Count - Math.Max(wanted, 0))).ToList();
            DeleteUncounted(job, victims);
            return [.. active.Except(victims)];
        }

        var perIndex = job.Object("spec")!.ContainsKey("backoffLimitPerIndex");
        if (!perIndex && active.Count < wanted && backoff.Due is { } due && due > Now)
        {
            EnqueueAfter(key, due - Now);
            return active;
        }

        // A pod on its way out still takes its place where only failed ones are replaced.
        var places = job.Text("spec", "podReplacementPolicy") == "Failed"
            ? wanted - Runtime.PodsByOwner.Get(job.Uid()).Count(pod => pod.IsDeleting() && !pod.IsTerminal())
            : wanted;
        if (job.Text("spec", "completionMode") == "Indexed")
        {
            foreach (var index in tally.OpenIndexes(active).Take((int)Math.Max(0, places - active.Count)).ToList())
            {
                (long Count, DateTimeOffset Last)? failures = perIndex ? Failures(job, index) : null;
                if (failures is { } past && past.Count > 0 && past.Last + JobBackoff.After(past.Count) is var again && again > Now)
                {
                    EnqueueAfter(key, again - Now);
                    continue;
                }

                var pod = NewPod(job);
                Number(job, pod, index, failures?.Count);
                active.Add(Create(job, pod));
            }

            return active;
        }

        while (active.Count < places)
        {
            active.Add(Create(job, NewPod(job)));
        }

        return active;
    }

    private static JsonObject NewPod(JsonObject job)
    {
        var pod = PodTemplates.NewPod(job, job.Object("spec", "template") ?? [], "batch/v1", "Job");
        pod.Child("metadata").SetTexts("finalizers", [.. pod.Texts("metadata", "finalizers"), Tracking]);
        return pod;
    }

    private JsonObject Create(JsonObject job, JsonObject pod)
    {
        var created = Cluster.Create(Resources.Pods, pod, Name);
        events.Normal(job, Component, "SuccessfulCreate", $"Created pod: {created.Name()}");
        return created;
    }

    /// <summary>How often the pods of an index have failed, and when last.</summary>
    private (long Count, DateTimeOffset Last) Failures(JsonObject job, int index)
    {
        var failed = Runtime.PodsByOwner.Get(job.Uid())
            .Where(pod => pod.Text("status", "phase") == "Failed" && JobTally.IndexOf(pod) == index)
            .ToList();
        return failed.Count == 0
            ? (0, default)
            : (failed.Max(pod => JobTally.FailuresBefore(pod) + (JobPolicies.OfFailure(job, pod).Action == "Ignore" ? 0 : 1)), failed.Max(Ended));
    }

    private DateTimeOffset Ended(JsonObject pod) => pod.Objects("status", "containerStatuses")
        .Select(container => Objects.Time(container.Object("state", "terminated").Text("finishedAt")))
        .Max() ?? Now;

    private static void Number(JsonObject job, JsonObject pod, int index, long? failures)
    {
        pod.Child("metadata").Child("annotations")[JobTally.Index] = $"{index}";
        if (failures is { } count)
        {
            pod.Child("metadata").Child("annotations")[JobTally.IndexFailures] = $"{count}";
        }

        pod.Child("metadata").Child("labels")[JobTally.Index] = $"{index}";
        pod.Child("metadata")["generateName"] = $"{job.Name()}-{index}-";
        pod.Child("spec")["hostname"] = $"{job.Name()}-{index}";
        foreach (var container in pod.Objects("spec", "initContainers").Concat(pod.Objects("spec", "containers")))
        {
            if (container.Objects("env").Any(variable => variable.Text("name") == "JOB_COMPLETION_INDEX"))
            {
                continue;
            }

            if (container["env"] is not JsonArray environment)
            {
                container["env"] = environment = [];
            }

            environment.Add(new JsonObject
            {
                ["name"] = "JOB_COMPLETION_INDEX",
                ["valueFrom"] = new JsonObject { ["fieldRef"] = new JsonObject { ["fieldPath"] = $"metadata.labels['{JobTally.Index}']" } },
            });
        }
    }

    /// <summary>Takes pods away that nobody wants any more: they count neither as failed nor as succeeded.</summary>
    private void DeleteUncounted(JsonObject job, List<JsonObject> pods)
    {
        pods.ForEach(Untrack);
        Delete(job, pods);
    }

    private void Delete(JsonObject job, List<JsonObject> pods)
    {
        foreach (var pod in pods)
        {
            if (Cluster.Delete(pod.RefIn(Resources.Pods), new DeleteOptions { Uid = pod.Uid() }))
            {
                events.Normal(job, Component, "SuccessfulDelete", $"Deleted pod: {pod.Name()}");
            }
        }
    }

    private void Announce(JsonObject job, bool suspended, bool settled, bool complete, string? reason, string? message)
    {
        if (reason is not null && settled)
        {
            events.Warning(job, Component, reason, message!);
        }
        else if (complete && settled)
        {
            events.Normal(job, Component, "Completed", "Job completed");
        }
        else if (reason is null && !complete && suspended != job.IsTrue("Suspended"))
        {
            events.Normal(job, Component, suspended ? "Suspended" : "Resumed", suspended ? "Job suspended" : "Job resumed");
        }
    }

    private void Write(
        ObjectRef key, JsonObject job, JobTally tally, List<JsonObject> active, int terminating, bool suspended, bool complete, string? reason, string? message) => Cluster.Update(
        key,
        obj =>
        {
            var status = obj.Child("status");
            var time = Storage.Cluster.Timestamp(Now);
            if (!suspended)
            {
                status["startTime"] ??= time;
            }

            status.SetCount("active", active.Count);
            status["ready"] = active.Count(pod => pod.IsReady());
            status["terminating"] = terminating;
            status.SetCount("succeeded", tally.Succeeded);
            status.SetCount("failed", tally.Failed);
            status["uncountedTerminatedPods"] ??= new JsonObject();
            if (tally.CompletedIndexes is { Length: > 0 } indexes)
            {
                status["completedIndexes"] = indexes;
            }

            if (tally.FailedIndexes is { } failed)
            {
                status["failedIndexes"] = failed;
            }

            if (reason is null && !complete && suspended != job.IsTrue("Suspended"))
            {
                Set(status, "Suspended", suspended, suspended ? "JobSuspended" : "JobResumed", suspended ? "Job suspended" : "Job resumed");
                if (suspended)
                {
                    status.Remove("startTime");
                }
                else
                {
                    status["startTime"] = time;
                }
            }

            // What the end will be is clear before the last pod has stopped; the end itself comes after.
            if (complete)
            {
                var (cause, text) = message is null ? ("CompletionsReached", "Reached expected number of succeeded pods") : ("SuccessPolicy", message);
                Set(status, "SuccessCriteriaMet", true, cause, text);
                if (terminating == 0)
                {
                    Set(status, "Complete", true, cause, text);
                    status["completionTime"] = time;
                }
            }
            else if (reason is not null)
            {
                Set(status, "FailureTarget", true, reason, message!);
                if (terminating == 0)
                {
                    Set(status, "Failed", true, reason, message!);
                }
            }
        },
        Name,
        "status");

    private void Set(JsonObject status, string type, bool value, string reason, string message)
    {
        if (status.Objects("conditions").Any(condition => condition.Text("type") == type && condition.Text("status") == (value ? "True" : "False")))
        {
            return;
        }

        WorkloadConditions.Set(status, type, value, reason, message, Now, updateTime: false);
        status.Objects("conditions").First(condition => condition.Text("type") == type)["lastProbeTime"] = Storage.Cluster.Timestamp(Now);
    }

    private void Expire(ObjectRef key, JsonObject job)
    {
        _backoffs.Remove(job.Uid());
        if (job.Integer("spec", "ttlSecondsAfterFinished") is not { } seconds)
        {
            return;
        }

        var end = job.Objects("status", "conditions").Where(condition => condition.Text("type") is "Complete" or "Failed")
            .Select(condition => Objects.Time(condition.Text("lastTransitionTime"))).Max() ?? Now;
        if (end.AddSeconds(seconds) is var due && due > Now)
        {
            EnqueueAfter(key, due - Now);
        }
        else
        {
            Cluster.Delete(key, new DeleteOptions { Uid = job.Uid(), Propagation = DeletionPropagation.Foreground });
        }
    }
}
