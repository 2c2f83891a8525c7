using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Hosting;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Nodes;

/// <summary>
/// Stands in for the kubelets of all nodes: brings pods up through the steps and events a real one shows, keeps, restarts and
/// stops their containers, and plays the failures of <see cref="PodDirections"/>. Containers with a host really run.
/// </summary>
internal sealed partial class Kubelet(ClusterRuntime runtime, EventRecorder events, PodLogs logs, ContainerRuntime? hosting = null) : Controller(runtime)
{
    private const string Component = "kubelet";

    private readonly Dictionary<ObjectRef, PodRun> _runs = [];
    private int _addresses;

    /// <inheritdoc/>
    public override string Name => Component;

    /// <summary>Wait before a failed container is started again.</summary>
    public static TimeSpan RestartDelay(int restarts) =>
        restarts <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(10 * Math.Pow(2, Math.Min(restarts - 1, 10)), 300));

    /// <summary>A duration as Go prints it.</summary>
    public static string Duration(TimeSpan time) => time.TotalMinutes >= 1
        ? $"{(int)time.TotalMinutes}m{time.Seconds}s"
        : time.TotalSeconds.ToString(CultureInfo.InvariantCulture) + "s";

    /// <summary>What a registry answers that does not have an image.</summary>
    public static string PullError(string image) =>
        $"failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": {image}: not found";

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        if (change.Ref.Resource == Resources.Pods && change.Object.Text("spec", "nodeName") is { Length: > 0 })
        {
            // The kubelet's own status changes come back here; they need no second look.
            if (change.Type == WatchEventType.Modified && change.Previous is { } before
                && JsonNode.DeepEquals(before["spec"], change.Object["spec"]) && SameMetadata(before, change.Object)
                && JsonNode.DeepEquals(before["status"]?["containerStatuses"], change.Object["status"]?["containerStatuses"]))
            {
                return;
            }

            Enqueue(change.Ref);
        }
        else if (change.Ref.Resource == Resources.Nodes && change.Type == WatchEventType.Added)
        {
            foreach (var pod in Runtime.PodsByNode.Get(change.Ref.Name))
            {
                Enqueue(pod.RefIn(Resources.Pods));
            }
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        var pod = Cluster.Get(key);
        if (_runs.TryGetValue(key, out var run) && (pod is null || run.Uid != pod.Uid()))
        {
            _runs.Remove(key);
            logs.Forget(run.Uid);
            Abandon(run);
            run = null;
        }

        if (pod is null || Cluster.Get(new ObjectRef(Resources.Nodes, null, pod.Text("spec", "nodeName") ?? "")) is not { } node)
        {
            return;
        }

        if (NodeAgent.IsForeign(node))
        {
            return;
        }

        if (pod.IsTerminal())
        {
            if (pod.IsDeleting())
            {
                Cluster.Delete(key, new DeleteOptions { GracePeriodSeconds = 0, Uid = pod.Uid() });
            }

            return;
        }

        run ??= _runs[key] = Accept(pod);
        if (pod.IsDeleting())
        {
            Stop(key, pod, run, node);
            return;
        }

        run.HostIp = HostIp(node);
        var next = Sooner(Advance(pod, run, node.Name()), RefreshVolumes(pod, run, node.Name()));
        Write(key, run);
        if (next is { } due)
        {
            EnqueueAfter(key, due - Now);
        }
    }

    private static bool SameMetadata(JsonObject before, JsonObject after) =>
        before.Text("metadata", "deletionTimestamp") == after.Text("metadata", "deletionTimestamp")
        && JsonNode.DeepEquals(before["metadata"]?["annotations"], after["metadata"]?["annotations"]);

    private static DateTimeOffset? Sooner(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other ?? one : one;

    private PodRun Accept(JsonObject pod)
    {
        var containers = pod.Objects("spec", "initContainers").Select(container => new ContainerRun(container, init: true))
            .Concat(pod.Objects("spec", "containers").Select(container => new ContainerRun(container, init: false)));
        var number = hosting is null ? ++_addresses : 0;
        return new PodRun
        {
            Accepted = Now,
            Uid = pod.Uid(),
            Ip = hosting?.Network.Claim().ToString() ?? $"10.{244 + (number >> 16) % 8}.{(number >> 8) & 255}.{number & 255}",
            Containers = [.. containers],
        };
    }

    /// <summary>Takes every step that is due.</summary>
    /// <returns>When the next one is.</returns>
    private DateTimeOffset? Advance(JsonObject pod, PodRun run, string node)
    {
        run.Networked = true;
        DateTimeOffset? next = null;
        var main = pod.Objects("spec", "containers").ToDictionary(container => container.Text("name") ?? "");
        foreach (var container in run.Containers)
        {
            if (main.TryGetValue(container.Name, out var spec) && !container.Init)
            {
                container.Spec = spec;
            }

            if (!container.Init && !PodStatusWriter.Initialized(run))
            {
                break;
            }

            while (Step(pod, run, container, node) is { } due)
            {
                if (due > Now)
                {
                    next = Sooner(next, due);
                    break;
                }
            }

            if (container.Init && !(container.Sidecar ? container.IsStarted : container is { Phase: ContainerPhase.Ended, ExitCode: 0 }))
            {
                break;
            }
        }

        return next;
    }

    /// <summary>One step of one container.</summary>
    /// <returns>When to look again: now when something happened, null when nothing will by itself.</returns>
    private DateTimeOffset? Step(JsonObject pod, PodRun run, ContainerRun container, string node)
    {
        switch (container.Phase)
        {
            case ContainerPhase.Creating or ContainerPhase.PullFailed:
                return Pull(pod, run, container, node);
            case ContainerPhase.Running:
                return container.Hosted is { } hosted ? KeepHosted(pod, run, container, hosted, node) : Keep(pod, container, node);
            case ContainerPhase.BackOff when container.Hosted is { Done.IsCompleted: false }:
                // The run before is still being cleared away; its end brings the pod back here.
                return null;
            case ContainerPhase.BackOff when container.Due <= Now && FindMissing(pod, run, container, node) is { } again:
                return again;
            case ContainerPhase.BackOff when container.Due <= Now:
                container.Restarts++;
                Begin(pod, run, container, node);
                return Now;
            case ContainerPhase.BackOff:
                return container.Due;
            default:
                return null;
        }
    }

    private DateTimeOffset? Pull(JsonObject pod, PodRun run, ContainerRun container, string node)
    {
        if (container.Phase == ContainerPhase.Creating && !container.Pulling)
        {
            container.Pulling = true;
            container.Due = Now + PodDirections.PullTime;
            events.Normal(pod, Component, "Pulling", $"Pulling image \"{container.Image}\"", node);
            return container.Due;
        }

        if (container.Due > Now)
        {
            return container.Due;
        }

        if (container.Init || !PodDirections.Fails(pod, "ImagePull"))
        {
            if (container.Missing is null)
            {
                events.Normal(pod, Component, "Pulled", $"Successfully pulled image \"{container.Image}\" in 200ms (200ms including waiting). Image size: 62031104 bytes.", node);
            }

            if (FindMissing(pod, run, container, node) is { } again)
            {
                return again;
            }

            Begin(pod, run, container, node);
            return Now;
        }

        // A failed pull shows its error first, then backs off until the next try.
        if (container.Phase == ContainerPhase.PullFailed && container.Pulling)
        {
            container.Pulling = false;
            container.Due = Now + RestartDelay(container.FailedPulls);
            events.Normal(pod, Component, "BackOff", $"Back-off pulling image \"{container.Image}\"", node);
            events.Warning(pod, Component, "Failed", "Error: ImagePullBackOff", node);
            return container.Due;
        }

        container.Phase = ContainerPhase.PullFailed;
        container.Pulling = true;
        container.FailedPulls++;
        container.Due = Now + TimeSpan.FromSeconds(1);
        if (container.FailedPulls > 1)
        {
            events.Normal(pod, Component, "Pulling", $"Pulling image \"{container.Image}\"", node);
        }

        events.Warning(pod, Component, "Failed", $"Failed to pull image \"{container.Image}\": {PullError(container.Image)}", node);
        events.Warning(pod, Component, "Failed", "Error: ErrImagePull", node);
        return container.Due;
    }

    private void Begin(JsonObject pod, PodRun run, ContainerRun container, string node)
    {
        container.Phase = ContainerPhase.Running;
        container.Started = Now;
        container.Id = $"containerd://{Digests.Hex($"{run.Uid}/{container.Name}/{container.Restarts}")}";
        (container.IsStarted, container.Ready, container.ProbeFailed) = (false, false, false);
        events.Normal(pod, Component, "Created", "Container created", node);
        events.Normal(pod, Component, "Started", "Container started", node);
        var text = pod.Annotation(PodDirections.Log);
        logs.Begin(run.Uid, container.Name, Now, container.Prepared is null ? text ?? $"{container.Name} started" : text);
        container.Hosted = Launch(pod, container);
    }

    private DateTimeOffset? Keep(JsonObject pod, ContainerRun container, string node)
    {
        var runsOn = container.Sidecar || (!container.Init && pod.Text("spec", "restartPolicy") is null or "Always");
        var exit = PodDirections.Exit(pod) is { } code && !container.Init ? code : runsOn ? (int?)null : 0;

        // Work that succeeds takes at least the time to start; what fails does so while it loads.
        var takes = exit == 0 && !container.Init && PodDirections.StartTime(pod, container.Spec) is var loading && loading > PodDirections.RunTime ? loading : PodDirections.RunTime;
        DateTimeOffset? end = exit is null ? null : container.Started + takes;
        if (end <= Now)
        {
            return End(pod, container, exit!.Value, node);
        }

        if (container.Init && end is not null)
        {
            return end;
        }

        // Directions are for what a pod is about, not for what stands beside it.
        var ready = container.Started + (container.Init ? PodDirections.RunTime : PodDirections.StartTime(pod, container.Spec));
        var neverStarts = !container.Init && PodDirections.Fails(pod, "NeverStarts");
        if (!container.IsStarted && PodDirections.StartupBudget(container.Spec) is { } budget && (neverStarts || ready > container.Started + budget))
        {
            var killed = container.Started + budget;
            return killed > end ? end : Probe(pod, container, killed, node);
        }

        if (ready > Now)
        {
            return ready > end ? end : ready;
        }

        container.IsStarted = true;
        if (neverStarts || (!container.Init && PodDirections.Fails(pod, "NeverReady")))
        {
            if (!container.ProbeFailed)
            {
                container.ProbeFailed = true;
                events.Warning(pod, Component, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", node);
            }

            container.Ready = false;
        }
        else
        {
            container.ProbeFailed = false;
            container.Ready = !(container.Init && !container.Sidecar);
        }

        return end;
    }

    /// <summary>A startup probe that fails to the end of its budget has the container killed and started again.</summary>
    private DateTimeOffset? Probe(JsonObject pod, ContainerRun container, DateTimeOffset end, string node)
    {
        if (!container.ProbeFailed)
        {
            container.ProbeFailed = true;
            events.Warning(pod, Component, "Unhealthy", "Startup probe failed: HTTP probe failed with statuscode: 503", node);
        }

        if (end > Now)
        {
            return end;
        }

        events.Normal(pod, Component, "Killing", $"Container {container.Name} failed startup probe, will be restarted", node);
        return End(pod, container, PodDirections.KilledCode, node);
    }

    private DateTimeOffset? End(JsonObject pod, ContainerRun container, int exitCode, string node)
    {
        _ = container.Hosted?.KillAsync();
        container.Ended = Now;
        container.ExitCode = exitCode;
        container.OutOfMemory = exitCode == PodDirections.KilledCode && PodDirections.Fails(pod, "OutOfMemory");
        (container.Ready, container.IsStarted) = (false, false);
        container.LastWords = exitCode != 0 && SpeaksByItsLog(pod, container.Name) ? logs.LastWords(pod.Uid(), container.Name) : null;
        logs.End(pod.Uid(), container.Name);
        var policy = pod.Text("spec", "restartPolicy") ?? "Always";
        if (policy == "Never" || (exitCode == 0 && (policy == "OnFailure" || container.Init)))
        {
            container.Phase = ContainerPhase.Ended;
            return null;
        }

        // The first restart is immediate; from then on each waits twice as long as the one before.
        container.Phase = ContainerPhase.BackOff;
        container.LastState = new JsonObject { ["terminated"] = container.Terminated() };
        container.Due = Now + RestartDelay(container.Restarts);
        if (container.Restarts > 0)
        {
            events.Warning(
                pod, Component, "BackOff", $"Back-off restarting failed container {container.Name} in pod {pod.Name()}_{pod.Namespace()}({pod.Uid()})", node);
        }

        return container.Due;
    }

    private static bool SpeaksByItsLog(JsonObject pod, string container) =>
        pod.Objects("spec", "containers").Concat(pod.Objects("spec", "initContainers")).FirstOrDefault(each => each.Text("name") == container).Text("terminationMessagePolicy") == "FallbackToLogsOnError";

    private void Stop(ObjectRef key, JsonObject pod, PodRun run, JsonObject node)
    {
        var grace = TimeSpan.FromSeconds(pod.Integer("metadata", "deletionGracePeriodSeconds") ?? 30);
        if (grace <= TimeSpan.Zero)
        {
            Abandon(run);
            return;
        }

        if (run.Stop is not { } stop)
        {
            run.Stop = stop = Now + (grace < PodDirections.StopTime ? grace : PodDirections.StopTime);
            foreach (var container in run.Containers.Where(container => container.Phase == ContainerPhase.Running))
            {
                events.Normal(pod, Component, "Killing", $"Stopping container {container.Name}", node.Name());
            }
        }

        if (run.Stopping is null)
        {
            run.Stopping = StopHostedAsync(run, grace);
            _ = run.Stopping.ContinueWith(_ => Enqueue(key), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        if (stop > Now)
        {
            EnqueueAfter(key, stop - Now);
            return;
        }

        if (!run.Stopping.IsCompleted)
        {
            return;
        }

        foreach (var container in run.Containers.Where(container => container.Phase == ContainerPhase.Running))
        {
            container.Phase = ContainerPhase.Ended;
            container.Ended = Now;
            container.ExitCode = container.Hosted?.ExitCode ?? 0;
            (container.Ready, container.IsStarted) = (false, false);
            logs.End(run.Uid, container.Name);
        }

        Write(key, run);
        Cluster.Delete(key, new DeleteOptions { GracePeriodSeconds = 0, Uid = pod.Uid() });
    }

    private static string HostIp(JsonObject node) =>
        node.Objects("status", "addresses").FirstOrDefault(address => address.Text("type") == "InternalIP").Text("address") ?? "10.0.0.1";

    private void Write(ObjectRef key, PodRun run)
    {
        try
        {
            Cluster.Update(
                key,
                pod =>
                {
                    if (pod.Uid() == run.Uid)
                    {
                        PodStatusWriter.Write(pod, run, run.HostIp, Now);
                    }
                },
                Name,
                "status");
        }
        catch (StatusException refused) when (refused.Code == 404)
        {
            // Gone between the read and the write; its deletion brings the key back.
        }
    }
}
