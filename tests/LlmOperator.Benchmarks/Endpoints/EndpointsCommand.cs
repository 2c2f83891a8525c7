using System.Diagnostics;
using System.Text.Json.Nodes;
using LlmOperator.Benchmarks.Clusters;
using LlmOperator.Benchmarks.Measuring;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Benchmarks.Endpoints;

/// <summary>
/// <c>endpoints</c>: many LlmEndpoints from apply to Ready, with sandbox and operator in processes of their own, then a restart of the operator with nothing to do.
/// </summary>
internal static class EndpointsCommand
{
    private const int GpusOfNode = 8;
    private static readonly ResourceType Models = new("llmops.dev", "v1alpha1", "LlmModel", "llmmodels", Namespaced: true);
    private static readonly ApplyOptions Options = new() { FieldManager = "benchmark", Force = true };
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        var count = arguments.Number("--count", 1000);
        var speed = arguments.Number("--speed", 10);
        var cli = arguments.Text("--cli");
        var program = arguments.Text("--operator") ?? ChildProgram.Built("LlmOperator", "llm-operator");
        arguments.ThrowIfAnyLeft();

        using var sandbox = await SandboxProcess.StartAsync(cli, cancellationToken, "--no-operator", "--no-containers", "--speed", $"{speed}");
        using var cluster = new MeasuredCluster(sandbox.Kubeconfig);
        await AddNodesAsync(cluster.Client, (count + GpusOfNode - 1) / GpusOfNode, cancellationToken);
        await cluster.Client.ApplyAsync(Models, Model(), Options, cancellationToken);

        var informers = new InformerSet(cluster.Client);
        var endpoints = new Milestone<EndpointView>(informers.Get<EndpointView>());
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        informers.Start(watching.Token);
        await informers.WaitForSyncAsync(cancellationToken);

        ChildProgram Start() => ChildProgram.Start(
            program, "Starting", "run", "--kubeconfig", sandbox.Kubeconfig, "--metrics-bind-address", "0", "--health-probe-bind-address", "0");
        var table = new Table("scenario", "time", "operator CPU", "operator peak memory", "of its own", "operator requests", "an endpoint", "sandbox CPU");
        var llmOperator = Start();
        try
        {
            await llmOperator.Ready.WaitAsync(cancellationToken);
            await Task.Delay(Settle, cancellationToken);
            var sandboxCpu = Usage.Of(sandbox.Program.Process).Cpu;
            var (requests, cpu, began) = (await cluster.RequestsOfOthersAsync(cancellationToken), Usage.Of(llmOperator.Process).Cpu, Stopwatch.GetTimestamp());
            var all = endpoints.UntilAsync(count, static endpoint => endpoint.IsReady, cancellationToken);
            await MeasuredCluster.ForEachAsync(count, (i, token) => cluster.Client.ApplyAsync(EndpointView.Resource, Endpoint(i), Options, token), cancellationToken);
            await all;
            var took = Stopwatch.GetElapsedTime(began);
            await Task.Delay(Settle, cancellationToken);
            Add($"{count} endpoints from apply to Ready", took, cpu, requests, await cluster.RequestsOfOthersAsync(cancellationToken), Usage.Of(sandbox.Program.Process).Cpu - sandboxCpu);

            llmOperator.Dispose();
            requests = await cluster.RequestsOfOthersAsync(cancellationToken);
            llmOperator = Start();
            await llmOperator.Ready.WaitAsync(cancellationToken);
            await Task.Delay(Settle, cancellationToken);
            Add("restart with nothing to do", null, TimeSpan.Zero, requests, await cluster.RequestsOfOthersAsync(cancellationToken), null);
        }
        finally
        {
            llmOperator.Dispose();
        }

        await watching.CancelAsync();
        table.Print(Console.Out);
        return 0;

        void Add(string scenario, TimeSpan? took, TimeSpan cpu, long before, long after, TimeSpan? sandboxUsed)
        {
            var used = Usage.Of(llmOperator.Process);
            table.Add(
                scenario,
                took is { } time ? Usage.Seconds(time) : "",
                Usage.Seconds(used.Cpu - cpu),
                Usage.Megabytes(used.Peak),
                Usage.Megabytes(used.Own),
                $"{after - before}",
                took is null ? "" : $"{(double)(after - before) / count:0.0}",
                sandboxUsed is { } own ? Usage.Seconds(own) : "");
        }
    }

    /// <summary>As many nodes with eight A10G as are needed, after the likeness of the sandbox's own A10G nodes.</summary>
    private static async Task AddNodesAsync(KubeClient client, int count, CancellationToken cancellationToken)
    {
        var nodes = await client.ListAsync(Node.Resource, null, null, cancellationToken);
        var model = nodes.Items.FirstOrDefault(node => node.Json["metadata"]?["labels"]?["nvidia.com/gpu.product"]?.GetValue<string>().Contains("A10G", StringComparison.Ordinal) == true)?.Json
            ?? throw new ArgumentsException("the sandbox has no node with an A10G to make others like");
        await MeasuredCluster.ForEachAsync(count, (i, token) => client.ApplyAsync(Node.Resource, Like(model, $"bench-a10g-{i:000}"), Options, token), cancellationToken);
    }

    private static UnstructuredObject Like(JsonObject model, string name)
    {
        var node = (JsonObject)model.DeepClone();
        var labels = (JsonObject)node["metadata"]!["labels"]!.DeepClone();
        labels["kubernetes.io/hostname"] = name;
        labels["nvidia.com/gpu.count"] = $"{GpusOfNode}";
        node["metadata"] = new JsonObject { ["name"] = name, ["labels"] = labels };
        if (node["spec"] is JsonObject spec)
        {
            spec.Remove("providerID");
            spec.Remove("podCIDR");
            spec.Remove("podCIDRs");
        }

        foreach (var amounts in new[] { node["status"]?["capacity"], node["status"]?["allocatable"] })
        {
            if (amounts is JsonObject amount)
            {
                amount["nvidia.com/gpu"] = $"{GpusOfNode}";
                amount["cpu"] = "192";
                amount["memory"] = "768Gi";
            }
        }

        return new(node);
    }

    private static UnstructuredObject Model() => new((JsonObject)JsonNode.Parse("""
        {
          "apiVersion": "llmops.dev/v1alpha1", "kind": "LlmModel", "metadata": { "name": "twin", "namespace": "default" },
          "spec": {
            "source": { "huggingFace": { "repo": "mlabonne/TwinLlama-3.1-8B-DPO", "revision": "main" } },
            "task": "Generate", "parameters": 8030261248, "quantization": "bitsandbytes",
            "architecture": {
              "name": "LlamaForCausalLM", "dataType": "bfloat16", "layers": 32, "hiddenSize": 4096, "attentionHeads": 32, "keyValueHeads": 8,
              "headDimension": 128, "intermediateSize": 14336, "vocabularySize": 128256, "contextLength": 131072
            },
            "limits": { "maxInputTokens": 2048, "maxTotalTokens": 4096, "maxBatchTotalTokens": 4096, "maxBatchPrefillTokens": 4096 }
          }
        }
        """)!);

    private static UnstructuredObject Endpoint(int i) => new((JsonObject)JsonNode.Parse($$"""
        {
          "apiVersion": "llmops.dev/v1alpha1", "kind": "LlmEndpoint", "metadata": { "name": "twin-{{i:0000}}", "namespace": "default" },
          "spec": {
            "modelRef": { "name": "twin" },
            "engine": { "type": "vLLM", "resources": { "requests": { "cpu": "2", "memory": "5Gi" } } },
            "accelerator": { "type": "A10G", "count": 1 },
            "replicas": 1
          }
        }
        """)!);
}
