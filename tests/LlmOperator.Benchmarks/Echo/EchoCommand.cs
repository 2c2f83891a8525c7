using System.CommandLine;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Benchmarks.Echo;

/// <summary><c>echo</c>: a tiny operator on this project's runtime, to be measured beside others on any control plane.</summary>
internal static class EchoCommand
{
    private static readonly ResourceType Definitions = new("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", Namespaced: false);

    private static readonly TimeSpan EstablishTimeout = TimeSpan.FromSeconds(30);

    public static Command Create()
    {
        var kubeconfig = new Option<string?>("--kubeconfig") { Description = "Kubeconfig of the cluster; the usual places without it.", HelpName = "FILE" };
        var workers = new Option<int>("--workers") { Description = "Reconciles in parallel.", HelpName = "N", DefaultValueFactory = _ => 4 };
        var command = new Command("echo", "Run the Echo operator (bench.example.com/v1) until stopped. Its definition is applied when the cluster has none.") { kubeconfig, workers };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = new KubeClient(new ClusterConfigurationLoader().Load(parsed.GetValue(kubeconfig)));
            var ready = await FindDefinitionAsync(client, cancellationToken);
            using var manager = new ControllerManager(client, new ControllerManagerOptions { Name = "bench.example.com/echo" });
            manager.AddController(
                "echo",
                new EchoReconciler(manager.Client, manager.Informers.Get<Echo>(), manager.Informers.Get<Deployment>(), manager.Informers.Get<Service>(), ready),
                controller => controller.For<Echo>().Owns<Deployment>(Predicates.GenerationChanged).Owns<Service>().Workers(parsed.GetValue(workers)));
            await parsed.InvocationConfiguration.Output.WriteLineAsync("echo operator running");
            return await manager.RunAsync(cancellationToken) == RunOutcome.Stopped ? 0 : 1;
        });
        return command;
    }

    /// <summary>Takes plural and type of <c>status.ready</c> from the cluster's definition, so that it is the one others were measured with.</summary>
    private static async Task<string> FindDefinitionAsync(KubeClient client, CancellationToken cancellationToken)
    {
        if (await client.DiscoverAsync(Echo.Resource.ApiVersion, Echo.Resource.Kind, cancellationToken) is not { } found)
        {
            var options = new ApplyOptions { FieldManager = "echo-operator", Force = true };
            await client.ApplyAsync(Definitions, new UnstructuredObject(JsonNode.Parse(Definition)!.AsObject()), options, cancellationToken);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(EstablishTimeout);
            while ((found = await client.DiscoverAsync(Echo.Resource.ApiVersion, Echo.Resource.Kind, limit.Token)) is null)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), limit.Token);
            }
        }

        Echo.Resource = found;
        var definition = await client.GetAsync(Definitions, new ObjectKey(null, $"{found.Plural}.{found.Group}"), cancellationToken);
        var version = (definition?.Json["spec"]?["versions"] as JsonArray)?.FirstOrDefault(version => version?["name"]?.GetValue<string>() == found.Version);
        return version?["schema"]?["openAPIV3Schema"]?["properties"]?["status"]?["properties"]?["ready"]?["type"]?.GetValue<string>() ?? "boolean";
    }

    private const string Definition = """
        {
          "apiVersion": "apiextensions.k8s.io/v1",
          "kind": "CustomResourceDefinition",
          "metadata": { "name": "echoes.bench.example.com" },
          "spec": {
            "group": "bench.example.com",
            "scope": "Namespaced",
            "names": { "plural": "echoes", "singular": "echo", "kind": "Echo", "listKind": "EchoList" },
            "versions": [{
              "name": "v1", "served": true, "storage": true,
              "subresources": { "status": {} },
              "schema": { "openAPIV3Schema": { "type": "object", "properties": {
                "spec": { "type": "object", "properties": { "replicas": { "type": "integer" }, "image": { "type": "string" } } },
                "status": { "type": "object", "properties": { "ready": { "type": "boolean" } } }
              } } }
            }]
          }
        }
        """;
}
