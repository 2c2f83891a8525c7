using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Pods: what admission adds, the first status, and the little that may change later.</summary>
internal sealed class PodBehavior : BuiltinBehavior
{
    private const int Patience = 300;

    private const string Frozen =
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    private static readonly Dictionary<string, int> SystemClasses = new() { ["system-cluster-critical"] = 2_000_000_000, ["system-node-critical"] = 2_000_001_000 };

    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        base.Default(obj);
        PodDefaults.ApplyToSpec(obj.Child("spec"));
        PodDefaults.ApplyToPod(obj);
    }

    /// <inheritdoc/>
    public override void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        var spec = obj.Child("spec");
        if (old is not null)
        {
            return;
        }

        obj["status"] = new JsonObject { ["phase"] = "Pending", ["qosClass"] = PodQuality.Of(spec) };
        if (spec["schedulingGates"] is JsonArray { Count: > 0 })
        {
            obj.Child("status")["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "PodScheduled",
                ["status"] = "False",
                ["reason"] = "SchedulingGated",
                ["message"] = "Scheduling is blocked due to non-empty scheduling gates",
                ["lastProbeTime"] = null,
                ["lastTransitionTime"] = Cluster.Timestamp(context.Cluster.Time.GetUtcNow()),
            });
        }

        GivePriority(obj, spec, context);
        Tolerate(spec, "node.kubernetes.io/not-ready");
        Tolerate(spec, "node.kubernetes.io/unreachable");
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (context.Subresource == "status")
        {
            return;
        }

        base.Validate(obj, old, context, errors);
        var spec = obj.Child("spec");
        PodRules.Spec(spec, "spec", errors);
        if (old?.Object("spec") is { } before && context.Subresource is null && !JsonNode.DeepEquals(Fixed(spec, before), Fixed(before, before)))
        {
            errors.Forbidden("spec", Frozen);
        }
    }

    /// <summary>The part of a spec that stays as it is: images, deadline and added tolerations are put back to what they were.</summary>
    private static JsonObject Fixed(JsonObject spec, JsonObject before)
    {
        var copy = Rules.Without(spec, "activeDeadlineSeconds");
        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers"])
        {
            foreach (var container in copy.Objects(list))
            {
                container.Remove("image");
            }
        }

        var tolerations = before.Objects("tolerations").ToList();
        if (tolerations.All(kept => copy.Objects("tolerations").Any(now => JsonNode.DeepEquals(now, kept))))
        {
            copy.Remove("tolerations");
            if (tolerations.Count > 0)
            {
                copy["tolerations"] = before["tolerations"]!.DeepClone();
            }
        }

        // Gates only go; while there are any, the pod may still be told where not to run.
        if (before["schedulingGates"] is JsonArray { Count: > 0 } gates)
        {
            if (copy.Objects("schedulingGates").All(gate => gates.Any(known => JsonNode.DeepEquals(known, gate))))
            {
                copy.Remove("schedulingGates");
            }

            copy.Remove("nodeSelector");
            copy.Remove("affinity");
            if (ReferenceEquals(spec, before))
            {
                copy.Remove("schedulingGates");
            }
        }

        if (before.Integer("terminationGracePeriodSeconds") is < 0 && copy.Integer("terminationGracePeriodSeconds") is 1 or < 0)
        {
            copy.Remove("terminationGracePeriodSeconds");
        }

        return copy;
    }

    private static void GivePriority(JsonObject pod, JsonObject spec, WriteContext context)
    {
        var name = spec.Text("priorityClassName") ?? "";
        JsonObject? found = null;
        if (name.Length == 0)
        {
            found = context.Cluster.List(new ResourceName("scheduling.k8s.io", "priorityclasses")).FirstOrDefault(candidate => candidate.Flag("globalDefault") == true);
            if (found?.Text("metadata", "name") is { } chosen)
            {
                spec["priorityClassName"] = chosen;
            }
        }
        else if (!SystemClasses.ContainsKey(name))
        {
            found = context.Cluster.Get(new ObjectRef(new ResourceName("scheduling.k8s.io", "priorityclasses"), null, name))
                ?? throw Refusals.Forbidden(new ResourceName("", "pods"), pod.Text("metadata", "name") ?? "", $"no PriorityClass with name {name} was found");
        }

        var priority = SystemClasses.TryGetValue(name, out var system) ? system : found?.Integer("value") ?? 0;
        if (spec.Integer("priority") is { } given && given != priority)
        {
            throw Forbidden($"the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {priority} from the given PriorityClass name");
        }

        var policy = found?.Text("preemptionPolicy") ?? "PreemptLowerPriority";
        if (spec.Text("preemptionPolicy") is { } own && own != policy)
        {
            throw Forbidden($"the string value of PreemptionPolicy ({own}) must not be provided in pod spec; priority admission controller computed {policy} from the given PriorityClass name");
        }

        spec["priority"] = priority;
        spec["preemptionPolicy"] = policy;

        Server.StatusException Forbidden(string reason) => Refusals.Forbidden(new ResourceName("", "pods"), pod.Text("metadata", "name") ?? "", reason);
    }

    private static void Tolerate(JsonObject spec, string taint)
    {
        var covered = spec.Objects("tolerations").Any(toleration =>
            (toleration.Text("key") is null or "" || toleration.Text("key") == taint)
            && toleration.Text("effect") is null or "" or "NoExecute");
        if (covered)
        {
            return;
        }

        if (spec["tolerations"] is not JsonArray list)
        {
            list = [];
            spec["tolerations"] = list;
        }

        list.Add(new JsonObject { ["key"] = taint, ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = Patience });
    }
}
