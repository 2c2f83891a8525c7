using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;

namespace LlmOperator.Kubernetes.Objects;

/// <summary>Rights in a namespace.</summary>
public sealed record Role : IKubeObject<Role>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("rbac.authorization.k8s.io", "v1", "Role", "roles", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<Role> JsonTypeInfo => KubeJson.Default.Role;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>Rights.</summary>
    public IReadOnlyList<PolicyRule>? Rules { get; set; }
}

/// <summary>Rights in the cluster.</summary>
public sealed record ClusterRole : IKubeObject<ClusterRole>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", Namespaced: false);

    /// <inheritdoc/>
    public static JsonTypeInfo<ClusterRole> JsonTypeInfo => KubeJson.Default.ClusterRole;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>Rights.</summary>
    public IReadOnlyList<PolicyRule>? Rules { get; set; }
}

/// <summary>Gives a role's rights to subjects.</summary>
public sealed record RoleBinding : IKubeObject<RoleBinding>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<RoleBinding> JsonTypeInfo => KubeJson.Default.RoleBinding;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>Role; immutable.</summary>
    public RoleRef? RoleRef { get; set; }

    /// <summary>Who gets it.</summary>
    public IReadOnlyList<Subject>? Subjects { get; set; }
}

/// <summary>Gives a cluster role's rights to subjects.</summary>
public sealed record ClusterRoleBinding : IKubeObject<ClusterRoleBinding>
{
    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", Namespaced: false);

    /// <inheritdoc/>
    public static JsonTypeInfo<ClusterRoleBinding> JsonTypeInfo => KubeJson.Default.ClusterRoleBinding;

    /// <inheritdoc/>
    public string ApiVersion => Resource.ApiVersion;

    /// <inheritdoc/>
    public string Kind => Resource.Kind;

    /// <inheritdoc/>
    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; set; } = ObjectMeta.Empty;

    /// <summary>Role; immutable.</summary>
    public RoleRef? RoleRef { get; set; }

    /// <summary>Who gets it.</summary>
    public IReadOnlyList<Subject>? Subjects { get; set; }
}

/// <summary>A right.</summary>
public sealed record PolicyRule
{
    /// <summary>Groups.</summary>
    public IReadOnlyList<string>? ApiGroups { get; set; }

    /// <summary>Plural names, with a slash for subresources.</summary>
    public IReadOnlyList<string>? Resources { get; set; }

    /// <summary>Only these objects.</summary>
    public IReadOnlyList<string>? ResourceNames { get; set; }

    /// <summary>What may be done.</summary>
    public IReadOnlyList<string>? Verbs { get; set; }

    /// <summary>Paths outside the API.</summary>
    [JsonPropertyName("nonResourceURLs")]
    public IReadOnlyList<string>? NonResourceURLs { get; set; }
}

/// <summary>The role of a binding.</summary>
public sealed record RoleRef
{
    /// <summary><c>rbac.authorization.k8s.io</c>.</summary>
    public required string ApiGroup { get; set; }

    /// <summary><c>Role</c> or <c>ClusterRole</c>.</summary>
    public required string Kind { get; set; }

    /// <summary>Name.</summary>
    public required string Name { get; set; }
}

/// <summary>Who gets a role.</summary>
public sealed record Subject
{
    /// <summary><c>User</c>, <c>Group</c> or <c>ServiceAccount</c>.</summary>
    public required string Kind { get; set; }

    /// <summary>Name.</summary>
    public required string Name { get; set; }

    /// <summary>Namespace of a service account.</summary>
    public string? Namespace { get; set; }

    /// <summary>Group of the subject's kind.</summary>
    public string? ApiGroup { get; set; }
}
