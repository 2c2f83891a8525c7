using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>
/// What a workload manages follows its selector: it takes over what fits and belongs to nobody (left behind by an orphaning
/// delete, or made by hand), and lets go of what was relabelled.
/// </summary>
internal static class Adoption
{
    private const string Manager = "kube-controller-manager";

    /// <summary>Takes over and lets go.</summary>
    /// <param name="cluster">The objects.</param>
    /// <param name="owner">The workload.</param>
    /// <param name="apiVersion">Its API version.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="resource">Collection of the dependents.</param>
    /// <param name="managed">Dependents it manages now.</param>
    /// <param name="candidates">Objects that fit the selector, managed or not.</param>
    public static void Settle(
        ICluster cluster, JsonObject owner, string apiVersion, string kind, ResourceName resource, IEnumerable<JsonObject> managed, IEnumerable<JsonObject> candidates)
    {
        if (LabelSelector.Of(owner.Object("spec", "selector")) is not { IsEverything: false } selector)
        {
            return;
        }

        var uid = owner.Uid();
        foreach (var obj in managed)
        {
            if (!selector.Matches(obj) && !obj.IsDeleting())
            {
                cluster.Update(obj.RefIn(resource), copy => Release(copy, uid), Manager);
            }
        }

        foreach (var obj in candidates)
        {
            if (obj.ControllerRef() is null && !obj.IsDeleting() && selector.Matches(obj))
            {
                cluster.Update(obj.RefIn(resource), copy => Adopt(copy, Objects.OwnedBy(owner, apiVersion, kind)[0]!), Manager);
            }
        }
    }

    /// <summary>Workloads of a collection that would take an object over.</summary>
    public static IEnumerable<ObjectRef> Adopters(ICluster cluster, ResourceName workloads, JsonObject orphan) =>
        cluster.List(workloads, orphan.Namespace())
            .Where(workload => LabelSelector.Of(workload.Object("spec", "selector")) is { IsEverything: false } selector && selector.Matches(orphan))
            .Select(workload => workload.RefIn(workloads));

    private static void Adopt(JsonObject obj, JsonNode reference)
    {
        if (obj.ControllerRef() is not null)
        {
            return;
        }

        var metadata = obj.Child("metadata");
        if (metadata["ownerReferences"] is not JsonArray owners)
        {
            metadata["ownerReferences"] = owners = [];
        }

        owners.RemoveAll(owner => owner.Text("uid") == reference.Text("uid"));
        owners.Add(reference.DeepClone());
    }

    private static void Release(JsonObject obj, string uid)
    {
        if (obj.At("metadata", "ownerReferences") is JsonArray owners)
        {
            owners.RemoveAll(owner => owner.Text("uid") == uid);
            if (owners.Count == 0)
            {
                obj.Child("metadata").Remove("ownerReferences");
            }
        }
    }
}
