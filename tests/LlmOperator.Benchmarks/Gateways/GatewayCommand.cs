using System.Net;
using System.Text.Json.Nodes;
using LlmOperator.Benchmarks.Clusters;
using LlmOperator.Benchmarks.Endpoints;
using LlmOperator.Benchmarks.Measuring;
using LlmOperator.Benchmarks.PromptTrace;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Benchmarks.Gateways;

/// <summary>
/// The gateway, and nginx, beside a direct connection to the same trivial server, in one run: time to the first byte of streams, throughput of small requests, and memory as requests come and go. The gateway watches
/// a sandbox in a process of its own, finds its one pod there, and sends a span of each request to the server.
/// </summary>
internal static class GatewayCommand
{
    // The model that the load asks for.
    private const string Endpoint = "llama";
    private static readonly ApplyOptions Options = new() { FieldManager = "benchmark", Force = true };
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(30);

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        var gateway = arguments.Text("--gateway") ?? ChildProgram.Built("LlmOperator.Gateway", "llm-gateway");
        var cli = arguments.Text("--cli");
        var measurement = new DataPathMeasurement(arguments, small: 20_000, "requests", 200_000);
        var folder = Directory.CreateTempSubdirectory("gateway-benchmark");
        try
        {
            using var engine = await TrivialEngine.StartAsync(measurement.Server, cancellationToken);
            using var sandbox = await SandboxProcess.StartAsync(cli, cancellationToken, "--no-operator", "--no-containers");
            using var cluster = new MeasuredCluster(sandbox.Kubeconfig);
            await cluster.Client.ApplyAsync(EndpointView.Resource, Served(), Options, cancellationToken);
            await cluster.Client.ApplyAsync(EndpointSlice.Resource, Slice(engine.Address), Options, cancellationToken);
            var (listen, admin) = (DataPathMeasurement.FreePort(), DataPathMeasurement.FreePort());
            using var program = ChildProgram.Start(
                gateway, "listens at", "--namespace", "default", "--kubeconfig", sandbox.Kubeconfig, "--listen", $"{listen}", "--admin", $"{admin}",
                "--spool-directory", folder.FullName, "--trace-endpoint", $"http://{engine.Address}", "--shutdown-delay-seconds", "0");
            await program.Ready.WaitAsync(StartTime, cancellationToken);
            await ReadyAsync(admin, cancellationToken);
            await measurement.RunAsync("gateway", program, listen, engine, folder.FullName, cancellationToken);
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task ReadyAsync(IPEndPoint admin, CancellationToken cancellationToken)
    {
        using var client = new HttpClient();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartTime);
        while (true)
        {
            using var answer = await client.GetAsync(new Uri($"http://{admin}/readyz"), limit.Token);
            if (answer.IsSuccessStatusCode)
            {
                return;
            }

            await Task.Delay(50, limit.Token);
        }
    }

    private static UnstructuredObject Served() => new((JsonObject)JsonNode.Parse(
        $$"""{"apiVersion":"llmops.dev/v1alpha1","kind":"LlmEndpoint","metadata":{"name":"{{Endpoint}}","namespace":"default"},"spec":{"modelRef":{"name":"{{Endpoint}}"},"accelerator":{"type":"A10G"} } }""")!);

    private static UnstructuredObject Slice(IPEndPoint engine) => new((JsonObject)JsonNode.Parse(
        $$"""
        {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"{{Endpoint}}-1","namespace":"default","labels":{"kubernetes.io/service-name":"{{Endpoint}}"} },
         "addressType":"IPv4","ports":[{"name":"http","port":{{engine.Port}} }],"endpoints":[{"addresses":["{{engine.Address}}"],"conditions":{"ready":true} }]}
        """)!);
}
