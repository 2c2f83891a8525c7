using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Discovery;

/// <summary>The documents by which clients learn what is served: groups, versions, resources; one by one and all in one.</summary>
internal static class DiscoveryDocuments
{
    /// <summary><c>/api</c>.</summary>
    public static JsonObject CoreVersions(KindRegistry registry, string address) => new()
    {
        ["kind"] = "APIVersions",
        ["versions"] = ApiGroups.Of(registry).Where(group => group.Name.Length == 0).SelectMany(group => group.Versions).Select(version => version.Version).ToJson(),
        ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = address }),
    };

    /// <summary><c>/apis</c>.</summary>
    public static JsonObject GroupList(KindRegistry registry) => new()
    {
        ["kind"] = "APIGroupList",
        ["apiVersion"] = "v1",
        ["groups"] = new JsonArray([.. ApiGroups.Of(registry).Where(group => group.Name.Length > 0).Select(Group)]),
    };

    /// <summary><c>/apis/GROUP</c>, null when there is no such group.</summary>
    public static JsonObject? Group(KindRegistry registry, string name)
    {
        if (ApiGroups.Of(registry).FirstOrDefault(group => group.Name == name && name.Length > 0) is not { } group)
        {
            return null;
        }

        var body = new JsonObject { ["kind"] = "APIGroup", ["apiVersion"] = "v1" };
        foreach (var (field, value) in Group(group).ToList())
        {
            body[field] = value!.DeepClone();
        }

        return body;
    }

    /// <summary><c>/api/v1</c> and <c>/apis/GROUP/VERSION</c>, null when there is no such version.</summary>
    public static JsonObject? ResourceList(KindRegistry registry, string group, string version)
    {
        var found = ApiGroups.Of(registry).FirstOrDefault(candidate => candidate.Name == group)?.Versions.FirstOrDefault(candidate => candidate.Version == version);
        return found is null ? null : new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = found.GroupVersion,
            ["resources"] = new JsonArray([.. found.Kinds.SelectMany(kind => Resources(registry, kind))]),
        };
    }

    /// <summary>Everything in one document (<c>apidiscovery.k8s.io</c>).</summary>
    /// <param name="registry">Kinds.</param>
    /// <param name="core">The core group for <c>/api</c>, all others for <c>/apis</c>.</param>
    /// <param name="version"><c>v2</c> or <c>v2beta1</c>.</param>
    public static JsonObject Aggregated(KindRegistry registry, bool core, string version) => new()
    {
        ["kind"] = "APIGroupDiscoveryList",
        ["apiVersion"] = $"apidiscovery.k8s.io/{version}",
        ["metadata"] = new JsonObject(),
        ["items"] = new JsonArray([.. ApiGroups.Of(registry).Where(group => core == (group.Name.Length == 0)).Select(group => new JsonObject
        {
            ["metadata"] = group.Name.Length == 0 ? new JsonObject() : new JsonObject { ["name"] = group.Name },
            ["versions"] = new JsonArray([.. group.Versions.Select(Aggregated)]),
        })]),
    };

    private static JsonObject Group(ApiGroup group) => new()
    {
        ["name"] = group.Name,
        ["versions"] = new JsonArray([.. group.Versions.Select(Version)]),
        ["preferredVersion"] = Version(group.Versions[0]),
    };

    private static JsonObject Version(ApiVersion version) => new() { ["groupVersion"] = version.GroupVersion, ["version"] = version.Version };

    private static IEnumerable<JsonObject> Resources(KindRegistry registry, KindDefinition kind)
    {
        var resource = new JsonObject
        {
            ["name"] = kind.Plural,
            ["singularName"] = kind.Singular,
            ["namespaced"] = kind.Namespaced,
            ["kind"] = kind.Kind,
            ["verbs"] = kind.Verbs.ToJson(),
        };
        resource.SetTexts("shortNames", [.. kind.ShortNames]);
        resource.SetTexts("categories", [.. kind.Categories]);
        if (registry.Storage(KindRegistry.CollectionOf(kind)) is { } storage && kind.Verbs.Contains("list"))
        {
            resource["storageVersionHash"] = StorageVersionHash(storage);
        }

        yield return resource;
        foreach (var subresource in Subresource.Of(kind))
        {
            var entry = new JsonObject { ["name"] = $"{kind.Plural}/{subresource.Name}", ["singularName"] = "", ["namespaced"] = kind.Namespaced };
            if (subresource.Group != kind.Group || subresource.Version != kind.Version)
            {
                if (subresource.Group.Length > 0)
                {
                    entry["group"] = subresource.Group;
                }

                entry["version"] = subresource.Version;
            }

            entry["kind"] = subresource.Kind;
            entry["verbs"] = subresource.Verbs.ToJson();
            yield return entry;
        }
    }

    private static JsonObject Aggregated(ApiVersion version) => new()
    {
        ["version"] = version.Version,
        ["resources"] = new JsonArray([.. version.Kinds.Select(Aggregated)]),
        ["freshness"] = "Current",
    };

    private static JsonObject Aggregated(KindDefinition kind)
    {
        var resource = new JsonObject
        {
            ["resource"] = kind.Plural,
            ["responseKind"] = TypeOf(kind.Group, kind.Version, kind.Kind),
            ["scope"] = kind.Namespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = kind.Singular,
            ["verbs"] = kind.Verbs.ToJson(),
        };
        resource.SetTexts("shortNames", [.. kind.ShortNames]);
        resource.SetTexts("categories", [.. kind.Categories]);
        var subresources = Subresource.Of(kind);
        if (subresources.Count > 0)
        {
            resource["subresources"] = new JsonArray([.. subresources.Select(subresource => new JsonObject
            {
                ["subresource"] = subresource.Name,
                ["responseKind"] = TypeOf(subresource.Group, subresource.Version, subresource.Kind),
                ["verbs"] = subresource.Verbs.ToJson(),
            })]);
        }

        return resource;
    }

    private static JsonObject TypeOf(string group, string version, string kind) => new() { ["group"] = group, ["version"] = version, ["kind"] = kind };

    private static string StorageVersionHash(KindDefinition kind) =>
        Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes($"{kind.Group}/{kind.Version}/{kind.Kind}")).AsSpan(0, 8));
}
