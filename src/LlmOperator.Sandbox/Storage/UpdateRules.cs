using LlmOperator.Sandbox.Kinds;

namespace LlmOperator.Sandbox.Storage;

/// <summary>Where kinds differ in how they may be replaced and what a delete answers.</summary>
internal static class UpdateRules
{
    /// <summary>Whether a PUT without a resourceVersion overwrites whatever is there.</summary>
    public static bool AllowsUnconditionalUpdate(KindDefinition kind) => !kind.Custom && (kind.Group, kind.Plural) is not (
        ("coordination.k8s.io", _)
        or ("apiextensions.k8s.io", _)
        or ("apiregistration.k8s.io", _)
        or ("admissionregistration.k8s.io", _)
        or ("policy", "poddisruptionbudgets")
        or ("storage.k8s.io", "csinodes" or "csidrivers" or "volumeattachments")
        or ("node.k8s.io", _));

    /// <summary>Whether a PUT of an absent object creates it.</summary>
    public static bool AllowsCreateOnUpdate(KindDefinition kind) => (kind.Group, kind.Plural) is
        ("coordination.k8s.io", "leases")
        or ("" or "events.k8s.io", "events")
        or ("", "services" or "endpoints" or "limitranges")
        or ("rbac.authorization.k8s.io", _);

    /// <summary>Whether a delete that removes an object answers with the object instead of a Status.</summary>
    public static bool ReturnsDeletedObject(KindDefinition kind) => kind is
    {
        Group: "",
        Plural: "pods" or "services" or "serviceaccounts" or "persistentvolumes" or "persistentvolumeclaims" or "podtemplates" or "resourcequotas",
    };
}
