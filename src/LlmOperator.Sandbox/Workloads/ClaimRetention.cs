using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>
/// Ties a StatefulSet's claims to what they are to go with: to the set when its deletion takes them along, to a pod that is
/// scaled away when scaling does. By default they belong to nobody and stay.
/// </summary>
internal sealed class ClaimRetention(ICluster cluster, JsonObject set, string manager)
{
    private readonly bool _goWithSet = set.Text("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted") == "Delete";
    private readonly bool _goWithPod = set.Text("spec", "persistentVolumeClaimRetentionPolicy", "whenScaled") == "Delete";

    /// <summary>Brings the owners of all claims of the set's pods up to date; before pods are scaled away.</summary>
    public void Settle(long first, IEnumerable<JsonObject> pods)
    {
        var templates = set.Objects("spec", "volumeClaimTemplates").Select(template => template.Name()).ToList();
        if (templates.Count == 0)
        {
            return;
        }

        var last = first + (set.Integer("spec", "replicas") ?? 1) - 1;
        foreach (var pod in pods)
        {
            var ordinal = long.Parse(pod.Name().AsSpan(set.Name().Length + 1), CultureInfo.InvariantCulture);
            var owner = ordinal < first || ordinal > last ? (_goWithPod ? pod : null) : _goWithSet ? set : null;
            foreach (var template in templates)
            {
                Own(new ObjectRef(Resources.Claims, set.Namespace(), $"{template}-{pod.Name()}"), pod, owner);
            }
        }
    }

    /// <summary>Owners of a claim that is made for a pod in the set's range.</summary>
    public static JsonArray? InitialOwners(JsonObject set) =>
        set.Text("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted") == "Delete" ? Objects.OwnedBy(set, "apps/v1", "StatefulSet") : null;

    private void Own(ObjectRef key, JsonObject pod, JsonObject? owner)
    {
        if (cluster.Get(key) is not { } claim)
        {
            return;
        }

        var kept = claim.Objects("metadata", "ownerReferences")
            .Where(reference => reference.Text("uid") != set.Uid() && reference.Text("uid") != pod.Uid())
            .Select(reference => (JsonNode)reference.DeepClone())
            .ToList();
        if (owner is not null)
        {
            kept.Add(ReferenceEquals(owner, set) ? Objects.OwnedBy(set, "apps/v1", "StatefulSet")[0]!.DeepClone() : Objects.OwnedBy(pod, "v1", "Pod")[0]!.DeepClone());
        }

        var wanted = new JsonArray([.. kept]);
        if (JsonNode.DeepEquals(claim.At("metadata", "ownerReferences") ?? new JsonArray(), wanted))
        {
            return;
        }

        cluster.Update(
            key,
            copy =>
            {
                copy.Child("metadata").Remove("ownerReferences");
                if (wanted.Count > 0)
                {
                    copy.Child("metadata")["ownerReferences"] = wanted.DeepClone();
                }
            },
            manager);
    }
}
