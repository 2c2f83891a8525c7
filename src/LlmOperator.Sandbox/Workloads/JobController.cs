using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>Runs the pods of Jobs until enough have succeeded or too many have failed.</summary>
internal sealed class JobController(ClusterRuntime runtime, EventRecorder events) : Controller(runtime)
{
    private const string Component = "job-controller";
    private const string IndexAnnotation = "batch.kubernetes.io/job-completion-index";

    private readonly Dictionary<string, Tally> _tallies = [];

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
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        if (Cluster.Get(key) is not { } job)
        {
            return;
        }

        if (job.IsDeleting())
        {
            _tallies.Remove(job.Uid());
            return;
        }

        if (job.IsTrue("Complete") || job.IsTrue("Failed"))
        {
            Expire(key, job);
            return;
        }

        if (!_tallies.TryGetValue(job.Uid(), out var tally))
        {
            _tallies[job.Uid()] = tally = new Tally();
        }

        var pods = Runtime.PodsByOwner.Get(job.Uid());
        tally.Count(pods, Now);
        var active = pods.Where(pod => pod.IsActive()).ToList();
        var completions = job.Integer("spec", "completions");
        var parallelism = job.Integer("spec", "parallelism") ?? 1;
        var suspended = job.Flag("spec", "suspend") == true;
        var (reason, message) = Failure(job, tally, pods);
        var complete = reason is null && (completions is { } wanted ? tally.Succeeded.Count >= wanted : tally.Succeeded.Count > 0 && active.Count == 0);
        if (reason is not null || suspended || complete)
        {
            Delete(job, active);
            active = [];
        }
        else
        {
            active = Manage(key, job, active, tally, completions, parallelism);
        }

        Write(key, job, tally, active, suspended, complete, reason, message);
        if (complete)
        {
            events.Normal(job, Component, "Completed", "Job completed");
        }
        else if (reason is not null)
        {
            events.Warning(job, Component, reason, message!);
        }
    }

    private (string? Reason, string? Message) Failure(JsonObject job, Tally tally, List<JsonObject> pods)
    {
        var restarts = job.Text("spec", "template", "spec", "restartPolicy") == "OnFailure"
            ? pods.Where(pod => pod.IsActive()).SelectMany(pod => pod.Objects("status", "containerStatuses")).Sum(status => status.Integer("restartCount") ?? 0)
            : 0;
        if (tally.Failed.Count + restarts > (job.Integer("spec", "backoffLimit") ?? 6))
        {
            return ("BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }

        if (job.Integer("spec", "activeDeadlineSeconds") is { } seconds && Objects.Time(job.Text("status", "startTime")) is { } start)
        {
            if (start.AddSeconds(seconds) <= Now)
            {
                return ("DeadlineExceeded", "Job was active longer than specified deadline");
            }

            EnqueueAfter(job.RefIn(Resources.Jobs), start.AddSeconds(seconds) - Now);
        }

        return (null, null);
    }

    private List<JsonObject> Manage(ObjectRef key, JsonObject job, List<JsonObject> active, Tally tally, long? completions, long parallelism)
    {
        var wanted = completions is { } total
            ? Math.Min(parallelism, total - tally.Succeeded.Count)
            : tally.Succeeded.Count > 0 ? active.Count : parallelism;
        if (active.Count > wanted)
        {
            var victims = active.Order(new VictimOrder(active)).Take((int)(active.Count - Math.Max(wanted, 0))).ToList();
            Delete(job, victims);
            return [.. active.Except(victims)];
        }

        // Each failure in a row doubles the wait for the next pod.
        var due = tally.LastFailure is { } last && tally.InRow > 0
            ? last + TimeSpan.FromSeconds(Math.Min(10 * Math.Pow(2, Math.Min(tally.InRow - 1, 10)), 600))
            : Now;
        if (active.Count < wanted && due > Now)
        {
            EnqueueAfter(key, due - Now);
            return active;
        }

        var indexed = job.Text("spec", "completionMode") == "Indexed";
        while (active.Count < wanted)
        {
            var pod = PodTemplates.NewPod(job, job.Object("spec", "template") ?? [], "batch/v1", "Job");
            pod.Child("metadata")["generateName"] = job.Name() + "-";
            if (indexed)
            {
                Number(job, pod, active, tally);
            }

            var created = Cluster.Create(Resources.Pods, pod, Name);
            active.Add(created);
            events.Normal(job, Component, "SuccessfulCreate", $"Created pod: {created.Name()}");
        }

        return active;
    }

    private static void Number(JsonObject job, JsonObject pod, List<JsonObject> active, Tally tally)
    {
        var taken = active.Select(each => each.Annotation(IndexAnnotation)).Concat(tally.Succeeded.Values).ToHashSet();
        var index = 0;
        while (taken.Contains($"{index}"))
        {
            index++;
        }

        pod.Child("metadata").Child("annotations")[IndexAnnotation] = $"{index}";
        pod.Child("metadata").Child("labels")[IndexAnnotation] = $"{index}";
        pod.Child("metadata")["generateName"] = $"{job.Name()}-{index}-";
        pod.Child("spec")["hostname"] = $"{job.Name()}-{index}";
        foreach (var container in pod.Objects("spec", "containers"))
        {
            var environment = container["env"] as JsonArray ?? [];
            environment.Add(new JsonObject { ["name"] = "JOB_COMPLETION_INDEX", ["value"] = $"{index}" });
            container["env"] = environment.DeepClone();
        }
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

    private void Write(ObjectRef key, JsonObject job, Tally tally, List<JsonObject> active, bool suspended, bool complete, string? reason, string? message) => Cluster.Update(
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
            status["terminating"] = Runtime.PodsByOwner.Get(job.Uid()).Count(pod => pod.IsDeleting() && !pod.IsTerminal());
            status.SetCount("succeeded", tally.Succeeded.Count);
            status.SetCount("failed", tally.Failed.Count);
            status["uncountedTerminatedPods"] ??= new JsonObject();
            if (job.Text("spec", "completionMode") == "Indexed" && tally.Succeeded.Count > 0)
            {
                status["completedIndexes"] = Ranges(tally.Succeeded.Values);
            }

            if (suspended != (obj.Condition("Suspended")?.Text("status") == "True"))
            {
                Set(status, "Suspended", suspended, suspended ? "JobSuspended" : "JobResumed", suspended ? "Job suspended" : "Job resumed");
                if (suspended)
                {
                    status.Remove("startTime");
                }
            }

            if (complete)
            {
                const string Reached = "Reached expected number of succeeded pods";
                Set(status, "SuccessCriteriaMet", true, "CompletionsReached", Reached);
                Set(status, "Complete", true, "CompletionsReached", Reached);
                status["completionTime"] = time;
            }
            else if (reason is not null)
            {
                Set(status, "FailureTarget", true, reason, message!);
                Set(status, "Failed", true, reason, message!);
            }
        },
        Name,
        "status");

    private void Set(JsonObject status, string type, bool value, string reason, string message)
    {
        WorkloadConditions.Set(status, type, value, reason, message, Now, updateTime: false);
        status.Objects("conditions").First(condition => condition.Text("type") == type)["lastProbeTime"] = Storage.Cluster.Timestamp(Now);
    }

    private static string Ranges(IEnumerable<string> texts)
    {
        var parts = new List<(int From, int To)>();
        foreach (var index in texts.Select(text => int.TryParse(text, out var number) ? number : -1).Where(index => index >= 0).Distinct().Order())
        {
            if (parts.Count > 0 && parts[^1].To == index - 1)
            {
                parts[^1] = (parts[^1].From, index);
            }
            else
            {
                parts.Add((index, index));
            }
        }

        return string.Join(",", parts.Select(part => part.From == part.To ? $"{part.From}" : part.To == part.From + 1 ? $"{part.From},{part.To}" : $"{part.From}-{part.To}"));
    }

    private void Expire(ObjectRef key, JsonObject job)
    {
        _tallies.Remove(job.Uid());
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

    /// <summary>Ended pods of a Job, each counted once however long it stays.</summary>
    private sealed class Tally
    {
        public Dictionary<string, string> Succeeded { get; } = [];

        public HashSet<string> Failed { get; } = [];

        public int InRow { get; private set; }

        public DateTimeOffset? LastFailure { get; private set; }

        public void Count(List<JsonObject> pods, DateTimeOffset now)
        {
            foreach (var pod in pods)
            {
                switch (pod.Text("status", "phase"))
                {
                    case "Succeeded":
                        if (Succeeded.TryAdd(pod.Uid(), pod.Annotation(IndexAnnotation) ?? ""))
                        {
                            InRow = 0;
                        }

                        break;
                    case "Failed" when Failed.Add(pod.Uid()):
                        InRow++;
                        LastFailure = now;
                        break;
                }
            }
        }
    }
}
