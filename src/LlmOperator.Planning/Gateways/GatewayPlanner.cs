using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Gateways;

/// <summary>
/// Decides what gateway a namespace has: one while there are endpoints in it. Only what it may read depends on the endpoints, so that changing or upgrading one leaves the pods alone.
/// </summary>
/// <remarks>
/// The objects have no owner. An endpoint cannot be one alone, as the others still need the gateway when it goes; and naming all of them would write the objects with every endpoint that comes or goes, and let
/// them grow with the number. So the operator removes them after the last endpoint. Where it is down at that moment, an idle gateway is left until it starts again and finds a gateway without endpoints: nothing
/// that serves is taken down.
/// </remarks>
public static class GatewayPlanner
{
    /// <summary>Decides what gateway a namespace has.</summary>
    public static GatewayPlan Plan(GatewayObservation observed)
    {
        if (!observed.DataPath.Gateway || observed.Endpoints.Count == 0)
        {
            return new();
        }

        if (observed.Existing.FirstOrDefault(existing => !IsOurs(existing)) is { } foreign)
        {
            return new()
            {
                IsWanted = true,
                Conflict = $"{foreign.Kind} {foreign.Metadata.Name} is there already and is not the gateway's, so it is left alone and there is no gateway: delete it, rename it, or run the operator with --gateway=false",
            };
        }

        var secrets = GatewayRights.NamedSecrets(observed.Endpoints, observed.Indexes);
        return new()
        {
            IsWanted = true,
            ServiceAccount = GatewayObjects.ServiceAccount(observed.Namespace),
            Role = GatewayRights.Role(observed.Namespace, observed.Endpoints, observed.Indexes),
            RoleBinding = GatewayRights.Binding(observed.Namespace, GatewayObjects.Name),
            ExporterRole = secrets.Count > 0 ? GatewayRights.ExporterRole(observed.Namespace, secrets) : null,
            ExporterRoleBinding = secrets.Count > 0 ? GatewayRights.Binding(observed.Namespace, GatewayObjects.ExporterRights) : null,
            Service = GatewayObjects.Service(observed.Namespace),
            DisruptionBudget = GatewayObjects.DisruptionBudget(observed.Namespace),
            Deployment = GatewayObjects.Deployment(observed.Namespace, observed.DataPath),
        };
    }

    /// <summary>Whether an object is one the operator made for a gateway.</summary>
    public static bool IsOurs(IKubeObject existing) =>
        existing.Metadata.Annotations?.ContainsKey(ApiGroup.ContentHashAnnotation) == true
        && existing.Metadata.Labels?.GetValueOrDefault(ObjectNames.ComponentLabel) == GatewayObjects.Component
        && existing.ControllerOf() is null;

    /// <summary>Whether two states of an endpoint differ in anything a gateway's objects are made of.</summary>
    public static bool Differs(LlmEndpoint before, LlmEndpoint after) =>
        before.Metadata.DeletionTimestamp != after.Metadata.DeletionTimestamp
        || Differs([before], [], [after], []);

    /// <summary>Whether two states of an index differ in anything a gateway's objects are made of.</summary>
    public static bool Differs(RagIndex before, RagIndex after) => Differs([], [before], [], [after]);

    private static bool Differs(IReadOnlyList<LlmEndpoint> before, IReadOnlyList<RagIndex> indexesBefore, IReadOnlyList<LlmEndpoint> after, IReadOnlyList<RagIndex> indexesAfter) =>
        !GatewayRights.ConfigMaps(before, indexesBefore).SetEquals(GatewayRights.ConfigMaps(after, indexesAfter))
        || !GatewayRights.NamedSecrets(before, indexesBefore).SetEquals(GatewayRights.NamedSecrets(after, indexesAfter));
}
