using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Server;

namespace LlmOperator.Sandbox.Admission;

/// <summary>Who asks, as webhooks are told.</summary>
/// <param name="Name">User name.</param>
/// <param name="Groups">Groups, without <c>system:authenticated</c>, which everybody is in.</param>
internal sealed record AdmissionUser(string Name, params string[] Groups)
{
    /// <summary>Whoever comes over HTTP.</summary>
    public static AdmissionUser Administrator { get; } = new(ReviewHandler.User, "system:masters");

    /// <summary>A component of the cluster, by the name under which it writes.</summary>
    public static AdmissionUser Component(string manager) => new($"system:{manager}");

    /// <summary>The <c>userInfo</c> of a review.</summary>
    public JsonObject ToJson()
    {
        var groups = new JsonArray();
        foreach (var group in Groups)
        {
            groups.Add((JsonNode)group);
        }

        groups.Add((JsonNode)"system:authenticated");
        return new JsonObject { ["username"] = Name, ["groups"] = groups };
    }
}
