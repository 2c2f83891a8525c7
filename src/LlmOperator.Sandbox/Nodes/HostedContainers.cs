using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Hosting;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Nodes;

/// <summary>What differs for containers that really run: they find what their pod gives them, their probes are performed, and they end when they do.</summary>
internal sealed partial class Kubelet
{
    private static readonly TimeSpan MissingRetry = TimeSpan.FromSeconds(2);

    // A kubelet's syncFrequency.
    private static readonly TimeSpan SyncPeriod = TimeSpan.FromMinutes(1);

    /// <summary>Looks for what a container needs to be made.</summary>
    /// <returns>When to look again; null when nothing is missing.</returns>
    private DateTimeOffset? FindMissing(JsonObject pod, PodRun run, ContainerRun container, string node)
    {
        container.Prepared = null;

        // A container that is to fail needs no process to do so.
        if (hosting is null || !hosting.Runs(container.Image) || (PodDirections.Exit(pod) is not null && !container.Init))
        {
            container.Missing = null;
            return null;
        }

        try
        {
            container.Prepared = hosting.Prepare(pod, container.Spec, run.Ip, run.HostIp);
            container.Missing = null;
            return null;
        }
        catch (ContainerConfigException missing)
        {
            if (container.Missing != missing.Message)
            {
                container.Missing = missing.Message;
                var isVolume = missing.Message.StartsWith("MountVolume", StringComparison.Ordinal);
                events.Warning(pod, Component, isVolume ? "FailedMount" : "Failed", isVolume ? missing.Message : $"Error: {missing.Message}", node);
            }

            container.Due = Now + MissingRetry;
            return container.Due;
        }
    }

    /// <summary>Brings ConfigMaps, Secrets and fields that running containers have mounted up to date, once a period.</summary>
    /// <returns>When to do so again; null when nothing is mounted that may change.</returns>
    private DateTimeOffset? RefreshVolumes(JsonObject pod, PodRun run, string node)
    {
        if (hosting is null || !PodVolumes.AreRefreshed(pod) || !run.Containers.Any(container => container is { Phase: ContainerPhase.Running, Hosted: not null }))
        {
            return run.RefreshDue = null;
        }

        if (run.RefreshDue <= Now)
        {
            run.RefreshDue = null;
            var problem = (string?)null;
            try
            {
                hosting.Refresh(pod, run.Ip, run.HostIp);
            }
            catch (ContainerConfigException missing)
            {
                problem = missing.Message;
            }

            if (problem is not null && problem != run.RefreshProblem)
            {
                events.Warning(pod, Component, "FailedMount", problem, node);
            }

            run.RefreshProblem = problem;
        }

        return run.RefreshDue ??= Now + SyncPeriod;
    }

    private HostedRun? Launch(JsonObject pod, ContainerRun container)
    {
        if (container.Prepared is not { } context)
        {
            return null;
        }

        var key = pod.RefIn(Resources.Pods);
        return hosting!.Start(context, container.Spec, pod, () => Enqueue(key));
    }

    private DateTimeOffset? KeepHosted(JsonObject pod, PodRun run, ContainerRun container, HostedRun hosted, string node)
    {
        foreach (var happened in hosted.TakeEvents())
        {
            if (happened.IsWarning)
            {
                events.Warning(pod, Component, happened.Reason, happened.Message, node);
            }
            else
            {
                events.Normal(pod, Component, happened.Reason, happened.Message, node);
            }
        }

        if (hosted.ExitCode is { } code)
        {
            return End(pod, container, code, node);
        }

        if (PodDirections.Exit(pod) is { } told && !container.Init)
        {
            return End(pod, container, told, node);
        }

        var neverStarts = PodDirections.Fails(pod, "NeverStarts") && !container.Init;
        if (neverStarts && PodDirections.StartupBudget(container.Spec) is { } budget)
        {
            (container.IsStarted, container.Ready) = (false, false);
            return Probe(pod, container, container.Started + budget, node);
        }

        var unready = neverStarts || PodDirections.Fails(pod, "NeverReady");
        if (unready && hosted.IsStarted && !container.ProbeFailed)
        {
            events.Warning(pod, Component, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", node);
        }

        container.ProbeFailed = unready && hosted.IsStarted;
        var ready = hosted.IsReady && !unready && !(container.Init && !container.Sidecar);
        var progressed = (ready && !container.Ready) || (hosted.IsStarted && !container.IsStarted);
        (container.IsStarted, container.Ready) = (hosted.IsStarted, ready);
        if (progressed)
        {
            // A sidecar is mostly ready when the container it stands before is: nobody should wait for its next turn.
            foreach (var other in run.Containers.Where(other => other != container))
            {
                other.Hosted?.Nudge();
            }
        }

        return null;
    }

    /// <summary>Ends the containers of a pod as a kubelet does: the main ones together, then the sidecars, last first.</summary>
    private async Task StopHostedAsync(PodRun run, TimeSpan grace)
    {
        var hosted = run.Containers.Where(container => container is { Phase: ContainerPhase.Running, Hosted: not null }).ToList();
        var end = Now + grace;
        TimeSpan Left() => end > Now ? end - Now : TimeSpan.Zero;
        await Task.WhenAll(hosted.Where(container => !container.Sidecar).Select(container => container.Hosted!.StopAsync(Left()))).ConfigureAwait(false);
        foreach (var sidecar in hosted.Where(container => container.Sidecar).Reverse())
        {
            await sidecar.Hosted!.StopAsync(Left()).ConfigureAwait(false);
        }
    }

    private void Abandon(PodRun run)
    {
        if (hosting is not null && !run.IsAbandoned)
        {
            run.IsAbandoned = true;
            _ = hosting.ForgetAsync(run.Uid, run.Ip, [.. run.Containers.Select(container => container.Hosted).OfType<HostedRun>()]);
        }
    }
}
