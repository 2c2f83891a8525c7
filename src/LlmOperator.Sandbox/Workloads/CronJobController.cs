using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>Starts Jobs at the times of a schedule and clears away finished ones.</summary>
internal sealed class CronJobController(ClusterRuntime runtime, EventRecorder events) : Controller(runtime)
{
    private const string Component = "cronjob-controller";
    private const string ScheduledAt = "batch.kubernetes.io/cronjob-scheduled-timestamp";
    private const int MostMissed = 100;

    private readonly ObjectIndex _jobs = runtime.AddIndex(Resources.Jobs, job => job.ControllerRef()?.Text("uid") is { } uid ? [uid] : []);

    /// <inheritdoc/>
    public override string Name => "kube-controller-manager";

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        if (change.Ref.Resource == Resources.CronJobs)
        {
            Enqueue(change.Ref);
        }
        else if (change.Ref.Resource == Resources.Jobs && change.Object.ControllerRef() is { } owner && owner.Text("kind") == "CronJob")
        {
            Enqueue(new ObjectRef(Resources.CronJobs, change.Ref.Namespace, owner.Text("name") ?? ""));
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        if (Cluster.Get(key) is not { } cron || cron.IsDeleting())
        {
            return;
        }

        var status = (cron.Object("status") ?? []).Copy();
        var jobs = _jobs.Get(cron.Uid());
        Account(cron, jobs, status);
        CleanUp(cron, jobs, "Complete", cron.Integer("spec", "successfulJobsHistoryLimit") ?? 3);
        CleanUp(cron, jobs, "Failed", cron.Integer("spec", "failedJobsHistoryLimit") ?? 1);
        if (cron.Flag("spec", "suspend") != true)
        {
            RunDue(key, cron, jobs, status);
        }

        Cluster.Update(key, copy => copy["status"] = status.DeepClone(), Name, "status");
    }

    private void RunDue(ObjectRef key, JsonObject cron, List<JsonObject> jobs, JsonObject status)
    {
        CronSchedule schedule;
        TimeZoneInfo zone;
        try
        {
            schedule = CronSchedule.Parse(cron.Text("spec", "schedule") ?? "");
            zone = cron.Text("spec", "timeZone") is { Length: > 0 } name ? TimeZoneInfo.FindSystemTimeZoneById(name) : TimeZoneInfo.Utc;
        }
        catch (Exception fault) when (fault is FormatException or TimeZoneNotFoundException or InvalidTimeZoneException)
        {
            events.Warning(cron, Component, "UnparseableSchedule", $"unparseable schedule: \"{cron.Text("spec", "schedule")}\" : {fault.Message}");
            return;
        }

        var (due, missed) = LastDue(cron, schedule, zone, status);
        if (schedule.Next(Now, zone) is { } next)
        {
            EnqueueAfter(key, next - Now);
        }

        if (due is not { } at)
        {
            return;
        }

        if (missed > MostMissed)
        {
            events.Warning(cron, Component, "TooManyMissedTimes", "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
        }

        if (cron.Integer("spec", "startingDeadlineSeconds") is { } deadline && at.AddSeconds(deadline) < Now)
        {
            events.Warning(cron, Component, "MissSchedule", $"Missed scheduled time to start a job: {at.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss", CultureInfo.InvariantCulture)} UTC");
            return;
        }

        var active = jobs.Where(job => Finished(job) is null && !job.IsDeleting()).ToList();
        switch (cron.Text("spec", "concurrencyPolicy"))
        {
            case "Forbid" when active.Count > 0:
                events.Normal(cron, Component, "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid");
                return;
            case "Replace":
                foreach (var job in active)
                {
                    Delete(cron, job);
                    RemoveActive(status, job.Uid());
                }

                break;
            default:
                break;
        }

        Begin(cron, at, zone, status);
    }

    private void Begin(JsonObject cron, DateTimeOffset at, TimeZoneInfo zone, JsonObject status)
    {
        var template = cron.Object("spec", "jobTemplate");
        var metadata = template.Object("metadata")?.Copy() ?? [];
        metadata["name"] = $"{cron.Name()}-{at.ToUnixTimeSeconds() / 60}";
        metadata["namespace"] = cron.Namespace();
        metadata.Child("annotations")[ScheduledAt] = TimeZoneInfo.ConvertTime(at, zone).ToString(zone == TimeZoneInfo.Utc ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture);
        metadata["ownerReferences"] = Objects.OwnedBy(cron, "batch/v1", "CronJob");
        JsonObject job;
        try
        {
            job = Cluster.Create(Resources.Jobs, new JsonObject { ["metadata"] = metadata, ["spec"] = template.Object("spec")?.Copy() ?? [] }, Name);
        }
        catch (StatusException refused) when (refused.Code == 409)
        {
            // Started by an earlier attempt whose status was not written.
            status["lastScheduleTime"] = Storage.Cluster.Timestamp(at);
            return;
        }
        catch (StatusException refused)
        {
            events.Warning(cron, Component, "FailedCreate", $"Error creating job: {refused.Message}");
            throw;
        }

        events.Normal(cron, Component, "SuccessfulCreate", $"Created job {job.Name()}");
        if (status["active"] is not JsonArray active)
        {
            status["active"] = active = [];
        }

        active.Add(Reference(job));
        status["lastScheduleTime"] = Storage.Cluster.Timestamp(at);
    }

    /// <summary>The latest time that is due and was not served, and how many there were.</summary>
    private (DateTimeOffset? Due, int Missed) LastDue(JsonObject cron, CronSchedule schedule, TimeZoneInfo zone, JsonObject status)
    {
        var from = Objects.Time(status.Text("lastScheduleTime")) ?? cron.Created();
        if (cron.Integer("spec", "startingDeadlineSeconds") is { } deadline && Now.AddSeconds(-deadline) > from)
        {
            from = Now.AddSeconds(-deadline);
        }

        DateTimeOffset? due = null;
        var missed = 0;
        for (var next = schedule.Next(from, zone); next is { } at && at <= Now; next = schedule.Next(at, zone))
        {
            due = at;
            missed++;
        }

        return (due, missed);
    }

    /// <summary>Brings the list of active Jobs up to date and notes successes.</summary>
    private void Account(JsonObject cron, List<JsonObject> jobs, JsonObject status)
    {
        foreach (var job in jobs)
        {
            var listed = status.Objects("active").Any(reference => reference.Text("uid") == job.Uid());
            if (Finished(job) is not { } condition)
            {
                if (!listed)
                {
                    if (status["active"] is not JsonArray active)
                    {
                        status["active"] = active = [];
                    }

                    active.Add(Reference(job));
                }

                continue;
            }

            if (listed)
            {
                RemoveActive(status, job.Uid());
                events.Normal(cron, Component, "SawCompletedJob", $"Saw completed job: {job.Name()}, condition: {condition}");
            }

            var completed = job.Text("status", "completionTime");
            if (condition == "Complete" && completed is not null && string.CompareOrdinal(completed, status.Text("lastSuccessfulTime")) > 0)
            {
                status["lastSuccessfulTime"] = completed;
            }
        }

        foreach (var reference in status.Objects("active").ToList())
        {
            if (!jobs.Exists(job => job.Uid() == reference.Text("uid")))
            {
                RemoveActive(status, reference.Text("uid") ?? "");
                events.Warning(cron, Component, "MissingJob", $"Active job went missing: {reference.Text("name")}");
            }
        }
    }

    private void CleanUp(JsonObject cron, List<JsonObject> jobs, string condition, long limit)
    {
        var finished = jobs.Where(job => Finished(job) == condition && !job.IsDeleting())
            .OrderBy(job => Objects.Time(job.Text("status", "startTime")) ?? job.Created())
            .ThenBy(job => job.Name(), StringComparer.Ordinal)
            .ToList();
        foreach (var job in finished.Take((int)Math.Max(0, finished.Count - limit)))
        {
            Delete(cron, job);
        }
    }

    private void Delete(JsonObject cron, JsonObject job)
    {
        if (Cluster.Delete(job.RefIn(Resources.Jobs), new DeleteOptions { Uid = job.Uid(), Propagation = DeletionPropagation.Background }))
        {
            events.Normal(cron, Component, "SuccessfulDelete", $"Deleted job {job.Name()}");
        }
    }

    private static void RemoveActive(JsonObject status, string uid)
    {
        if (status["active"] is JsonArray active)
        {
            active.RemoveAll(reference => reference.Text("uid") == uid);
            if (active.Count == 0)
            {
                status.Remove("active");
            }
        }
    }

    private static string? Finished(JsonObject job) => job.IsTrue("Complete") ? "Complete" : job.IsTrue("Failed") ? "Failed" : null;

    private static JsonObject Reference(JsonObject job) => new()
    {
        ["kind"] = "Job",
        ["namespace"] = job.Namespace(),
        ["name"] = job.Name(),
        ["uid"] = job.Uid(),
        ["apiVersion"] = "batch/v1",
        ["resourceVersion"] = job.Text("metadata", "resourceVersion"),
    };
}
