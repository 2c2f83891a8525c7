using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Server;

/// <summary>What every cluster has from the start.</summary>
internal static class BootstrapObjects
{
    private const string Manager = "kube-apiserver";

    /// <summary>Creates the system namespaces and the Service of the API itself.</summary>
    public static void Create(Cluster cluster)
    {
        foreach (var name in (ReadOnlySpan<string>)["default", "kube-system", "kube-public", "kube-node-lease"])
        {
            cluster.Create(Cluster.Namespaces, new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } }, Manager);
        }

        var services = new ResourceName("", "services");
        if (cluster.Registry.Storage(services) is not null)
        {
            cluster.Create(
                services,
                new JsonObject
                {
                    ["metadata"] = new JsonObject
                    {
                        ["name"] = "kubernetes",
                        ["namespace"] = "default",
                        ["labels"] = new JsonObject { ["component"] = "apiserver", ["provider"] = "kubernetes" },
                    },
                    ["spec"] = new JsonObject
                    {
                        ["clusterIP"] = $"{cluster.ServiceNetwork}.96.0.1",
                        ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = 443, ["protocol"] = "TCP", ["targetPort"] = 6443 }),
                    },
                },
                Manager);
        }
    }
}
