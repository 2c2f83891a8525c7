using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>StatefulSets: names and claims of the pods stay, so most of the spec does.</summary>
internal sealed class StatefulSetBehavior() : WorkloadBehavior("statefulset")
{
    private const string Frozen =
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

    /// <inheritdoc/>
    protected override bool SelectorIsFixed => false;

    /// <inheritdoc/>
    protected override IEnumerable<string> ProvidedVolumes(JsonObject spec) =>
        spec.Objects("volumeClaimTemplates").Select(claim => claim.Text("metadata", "name") ?? "");

    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        var strategy = obj.Child("spec").Child("updateStrategy");
        if (strategy.Text("type") == "RollingUpdate")
        {
            strategy.Child("rollingUpdate")["partition"] ??= 0;
        }

        foreach (var claim in obj.Objects("spec", "volumeClaimTemplates"))
        {
            claim["apiVersion"] ??= "v1";
            claim["kind"] ??= "PersistentVolumeClaim";
            claim.Child("status")["phase"] ??= "Pending";
        }

        base.Default(obj);
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        base.Validate(obj, old, context, errors);
        if (context.Subresource == "status")
        {
            return;
        }

        var spec = obj.Child("spec");
        if (spec.Text("podManagementPolicy") is { } policy && policy is not ("OrderedReady" or "Parallel"))
        {
            errors.Invalid("spec.podManagementPolicy", $"\"{policy}\"", "must be 'OrderedReady' or 'Parallel'");
        }

        if (spec.Text("updateStrategy", "type") is { } type && type is not ("RollingUpdate" or "OnDelete"))
        {
            errors.Invalid("spec.updateStrategy", spec["updateStrategy"]!.ToJsonString(), "must be 'RollingUpdate' or 'OnDelete'");
        }
        else if (spec.Text("updateStrategy", "type") == "OnDelete" && spec.At("updateStrategy", "rollingUpdate") is { } rolling)
        {
            errors.Invalid("spec.updateStrategy.rollingUpdate", rolling.ToJsonString(), "only allowed for updateStrategy 'RollingUpdate'");
        }

        Rules.NotNegative(spec.At("updateStrategy", "rollingUpdate", "partition"), "spec.updateStrategy.rollingUpdate.partition", errors);
        if (old is not null && !JsonNode.DeepEquals(Fixed(obj), Fixed(old)))
        {
            errors.Forbidden("spec", Frozen);
        }
    }

    private static JsonObject Fixed(JsonObject obj) => Rules.Without(
        obj.Object("spec"), "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds");
}
