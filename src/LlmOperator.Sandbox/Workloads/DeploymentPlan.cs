using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>What a Deployment's spec asks for, in numbers.</summary>
internal sealed class DeploymentPlan
{
    public const string Revision = "deployment.kubernetes.io/revision";
    public const string RevisionHistory = "deployment.kubernetes.io/revision-history";
    public const string Desired = "deployment.kubernetes.io/desired-replicas";
    public const string Max = "deployment.kubernetes.io/max-replicas";

    /// <summary>Reads a Deployment.</summary>
    public DeploymentPlan(JsonObject deployment)
    {
        Replicas = deployment.Integer("spec", "replicas") ?? 1;
        Rolling = deployment.Text("spec", "strategy", "type") != "Recreate";
        Paused = deployment.Flag("spec", "paused") == true;
        MinReadySeconds = deployment.Integer("spec", "minReadySeconds") ?? 0;
        HistoryLimit = deployment.Integer("spec", "revisionHistoryLimit") ?? 10;
        Deadline = deployment.Integer("spec", "progressDeadlineSeconds") is { } seconds and < int.MaxValue ? TimeSpan.FromSeconds(seconds) : null;
        if (Rolling)
        {
            MaxSurge = deployment.At("spec", "strategy", "rollingUpdate", "maxSurge").Scaled(Replicas, up: true, "25%");
            MaxUnavailable = deployment.At("spec", "strategy", "rollingUpdate", "maxUnavailable").Scaled(Replicas, up: false, "25%");
            if (MaxSurge == 0 && MaxUnavailable == 0)
            {
                MaxUnavailable = 1;
            }

            MaxUnavailable = Math.Min(MaxUnavailable, Replicas);
        }
    }

    public long Replicas { get; }

    public bool Rolling { get; }

    public bool Paused { get; }

    public long MaxSurge { get; }

    public long MaxUnavailable { get; }

    public long MinReadySeconds { get; }

    public long HistoryLimit { get; }

    public TimeSpan? Deadline { get; }

    /// <summary>Revision of a ReplicaSet or Deployment; 0 when it has none.</summary>
    public static long RevisionOf(JsonObject obj) =>
        long.TryParse(obj.Annotation(Revision), CultureInfo.InvariantCulture, out var revision) ? revision : 0;

    /// <summary>Pods a ReplicaSet asks for.</summary>
    public static long Wanted(JsonObject set) => set.Integer("spec", "replicas") ?? 1;

    /// <summary>Pods of a ReplicaSet that serve.</summary>
    public static long Available(JsonObject set) => set.Integer("status", "availableReplicas") ?? 0;

    /// <summary>Size of the new ReplicaSet next to those there are.</summary>
    public long NewReplicas(long present, long total)
    {
        if (!Rolling)
        {
            return Replicas;
        }

        var room = Replicas + MaxSurge - total;
        return room <= 0 ? present : Math.Min(Replicas, present + Math.Min(room, Replicas - present));
    }
}
