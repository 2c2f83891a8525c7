using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Lifecycle;

/// <summary>Forgets Events an hour after they last happened, as a cluster does. One sweep serves all.</summary>
internal sealed class EventExpiry(ClusterRuntime runtime) : Controller(runtime)
{
    /// <summary>How long an Event is kept.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    private static readonly TimeSpan Sweep = TimeSpan.FromMinutes(10);
    private static readonly ObjectRef All = new(Resources.Events, null, "");

    /// <inheritdoc/>
    public override string Name => "kube-apiserver";

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        if (change.Ref.Resource == Resources.Events && change.Type == WatchEventType.Added)
        {
            EnqueueAfter(All, Sweep);
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        var left = false;
        foreach (var occurrence in Cluster.List(Resources.Events))
        {
            if (LastTime(occurrence) + Kept <= Now)
            {
                Cluster.Delete(occurrence.RefIn(Resources.Events));
            }
            else
            {
                left = true;
            }
        }

        if (left)
        {
            EnqueueAfter(key, Sweep);
        }
    }

    private static DateTimeOffset LastTime(JsonObject occurrence)
    {
        var last = occurrence.Created();
        foreach (var text in (ReadOnlySpan<string?>)[occurrence.Text("lastTimestamp"), occurrence.Text("series", "lastObservedTime"), occurrence.Text("eventTime")])
        {
            if (Objects.Time(text) is { } time && time > last)
            {
                last = time;
            }
        }

        return last;
    }
}
