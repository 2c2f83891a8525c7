using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LlmOperator.Benchmarks.Measuring;

namespace LlmOperator.Benchmarks.PromptTrace;

/// <summary>The sidecar, and nginx, beside a direct connection to the same trivial server, in one run: time to the first byte of streams, throughput of small requests, and memory as spans come and go.</summary>
internal static class PromptTraceCommand
{
    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        var sidecar = arguments.Text("--sidecar") ?? ChildProgram.Built("LlmOperator.PromptTrace", "prompt-trace");
        var only = arguments.Text("--only");
        var seconds = arguments.Number("--seconds", 3);
        var rate = arguments.Number("--rate", 200);
        var rounds = arguments.Number("--rounds", 5);
        var small = arguments.Number("--small", 40_000);
        var spans = arguments.Number("--spans", 1_000_000);
        arguments.ThrowIfAnyLeft();
        if (only is not (null or "streams" or "small" or "memory"))
        {
            throw new ArgumentsException($"--only takes streams, small or memory, and is \"{only}\"");
        }

        var folder = Directory.CreateTempSubdirectory("prompt-trace-benchmark");
        try
        {
            using var engine = await TrivialEngine.StartAsync(cancellationToken);
            var (listen, admin) = (FreePort(), FreePort());
            var file = Path.Combine(folder.FullName, "config.json");
            await File.WriteAllTextAsync(file, $$"""
                {"listen":"{{listen}}","admin":"{{admin}}","engine":{"url":"http://{{engine.Address}}"},"spool":{"directory":"{{folder.FullName}}"},
                 "exporters":[{"name":"engine","url":"http://{{engine.Address}}"}],"shutdown":{"delaySeconds":0} }
                """, cancellationToken);
            Environment.SetEnvironmentVariable("PROMPT_TRACE_CONFIG", file);
            using var program = ChildProgram.Start(sidecar, "prompt-trace ready");
            await program.Ready.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
            var direct = new Load("direct", engine.Address, engine.Program.Process);
            var through = new Load("through the sidecar", listen, program.Process);
            if (only != "memory")
            {
                var nginxListen = FreePort();
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
                await MemoryAsync(program, through, spans, cancellationToken);
            }

            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>An address of this machine nobody listens at.</summary>
    public static IPEndPoint FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return (IPEndPoint)listener.LocalEndpoint;
    }

    /// <summary>Memory over so many spans: small requests as fast as they go, in ten parts.</summary>
    private static async Task MemoryAsync(ChildProgram program, Load through, int spans, CancellationToken cancellationToken)
    {
        const int Parts = 10;
        var table = new Table("memory of the sidecar", "resident", "of its own", "most resident so far");
        Add("before");
        for (var part = 1; part <= Parts; part++)
        {
            await through.SmallAsync(Math.Max(1, spans / Parts), cancellationToken);
            Add($"{(spans / Parts * part).ToString("N0", CultureInfo.InvariantCulture)} spans");
        }

        table.Print(Console.Out);

        void Add(string when)
        {
            var now = Usage.Of(program.Process);
            table.Add(when, Usage.Megabytes(now.Resident), Usage.Megabytes(now.Own), Usage.Megabytes(now.Peak));
        }
    }
}
