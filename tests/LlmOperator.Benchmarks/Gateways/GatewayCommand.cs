using System.Globalization;
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
        var only = arguments.Text("--only");
        var seconds = arguments.Number("--seconds", 3);
        var rate = arguments.Number("--rate", 200);
        var rounds = arguments.Number("--rounds", 5);
        var small = arguments.Number("--small", 20_000);
        var requests = arguments.Number("--requests", 200_000);
        arguments.ThrowIfAnyLeft();
        if (only is not (null or "streams" or "small" or "memory"))
        {
            throw new ArgumentsException($"--only takes streams, small or memory, and is \"{only}\"");
        }

        var folder = Directory.CreateTempSubdirectory("gateway-benchmark");
        try
        {
            using var engine = await TrivialEngine.StartAsync(cancellationToken);
            using var sandbox = await SandboxProcess.StartAsync(cli, cancellationToken, "--no-operator", "--no-containers");
            using var cluster = new MeasuredCluster(sandbox.Kubeconfig);
            await cluster.Client.ApplyAsync(EndpointView.Resource, Served(), Options, cancellationToken);
            await cluster.Client.ApplyAsync(EndpointSlice.Resource, Slice(engine.Address), Options, cancellationToken);
            var (listen, admin) = (PromptTraceCommand.FreePort(), PromptTraceCommand.FreePort());
            using var program = ChildProgram.Start(
                gateway, "listens at", "--namespace", "default", "--kubeconfig", sandbox.Kubeconfig, "--listen", $"{listen}", "--admin", $"{admin}",
                "--spool-directory", folder.FullName, "--trace-endpoint", $"http://{engine.Address}", "--shutdown-delay-seconds", "0");
            await program.Ready.WaitAsync(StartTime, cancellationToken);
            await ReadyAsync(admin, cancellationToken);
            var direct = new Load("direct", engine.Address, engine.Program.Process);
            var through = new Load("through the gateway", listen, program.Process);
            if (only != "memory")
            {
                var nginxListen = PromptTraceCommand.FreePort();
                using var nginx = await Nginx.StartAsync(folder.FullName, engine.Address, nginxListen, cancellationToken);
                var comparison = nginx is null ? new Comparison(direct, through) : new Comparison(direct, through, new Load("through nginx", nginxListen));
                await comparison.WarmUpAsync(cancellationToken);
                if (only != "small")
                {
                    await comparison.StreamsAsync(rate, seconds, rounds, cancellationToken);
                }

                if (only != "streams")
                {
                    await comparison.SmallAsync(small, rounds, cancellationToken);
                }
            }

            if (only is null or "memory")
            {
                await MemoryAsync(program, through, requests, cancellationToken);
            }

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

    /// <summary>Memory over so many small requests as fast as they go, in ten parts.</summary>
    private static async Task MemoryAsync(ChildProgram program, Load through, int requests, CancellationToken cancellationToken)
    {
        const int Parts = 10;
        var table = new Table("memory of the gateway", "resident", "of its own", "most resident so far");
        Add("before");
        for (var part = 1; part <= Parts; part++)
        {
            await through.SmallAsync(Math.Max(1, requests / Parts), cancellationToken);
            Add($"{(requests / Parts * part).ToString("N0", CultureInfo.InvariantCulture)} requests");
        }

        table.Print(Console.Out);

        void Add(string when)
        {
            var now = Usage.Of(program.Process);
            table.Add(when, Usage.Megabytes(now.Resident), Usage.Megabytes(now.Own), Usage.Megabytes(now.Peak));
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
