using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using LlmOperator.Benchmarks.Measuring;

namespace LlmOperator.Benchmarks.PromptTrace;

/// <summary>The sidecar beside a direct connection to the same trivial server, in one run: time to the first byte of streams, throughput of small requests, and memory as spans come and go.</summary>
internal static class PromptTraceCommand
{
    private static readonly byte[] Question = Encoding.UTF8.GetBytes("""{"model":"llama","stream":true,"messages":[{"role":"user","content":"What is a sidecar?"}]}""");

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        var sidecar = arguments.Text("--sidecar") ?? ChildProgram.Built("LlmOperator.PromptTrace", "prompt-trace");
        var seconds = arguments.Number("--seconds", 5);
        var rate = arguments.Number("--rate", 200);
        var spans = arguments.Number("--spans", 100_000);
        arguments.ThrowIfAnyLeft();
        var folder = Directory.CreateTempSubdirectory("prompt-trace-benchmark");
        try
        {
            using var engine = ChildProgram.StartSelf("engine ready", "prompt-trace-engine");
            var direct = new Uri($"http://127.0.0.1:{await PortAsync(engine)}");
            var (listen, admin) = (FreePort(), FreePort());
            var file = Path.Combine(folder.FullName, "config.json");
            await File.WriteAllTextAsync(file, $$"""
                {"listen":"127.0.0.1:{{listen}}","admin":"127.0.0.1:{{admin}}","engine":{"url":"{{direct.GetLeftPart(UriPartial.Authority)}}"},"spool":{"directory":"{{folder.FullName}}"},
                 "exporters":[{"name":"engine","url":"{{direct.GetLeftPart(UriPartial.Authority)}}"}],"shutdown":{"delaySeconds":0} }
                """, cancellationToken);
            Environment.SetEnvironmentVariable("PROMPT_TRACE_CONFIG", file);
            using var program = ChildProgram.Start(sidecar, "prompt-trace ready");
            await program.Ready.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
            var proxied = new Uri($"http://127.0.0.1:{listen}");
            using var client = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, UseCookies = false, ActivityHeadersPropagator = null });

            // Warm-up of both ways, and of this program.
            foreach (var way in new[] { direct, proxied })
            {
                await StreamsAsync(client, way, rate, 1, cancellationToken);
                await SmallAsync(client, way, 2000, cancellationToken);
            }

            var streams = new Table("64-token streams", "rate", "median to first byte", "p99 to first byte");
            var (directTimes, proxiedTimes) = (await StreamsAsync(client, direct, rate, seconds, cancellationToken), await StreamsAsync(client, proxied, rate, seconds, cancellationToken));
            streams.Add("direct", $"{rate}/s", Milliseconds(directTimes, 0.5), Milliseconds(directTimes, 0.99));
            streams.Add("through the sidecar", $"{rate}/s", Milliseconds(proxiedTimes, 0.5), Milliseconds(proxiedTimes, 0.99));
            streams.Print(Console.Out);

            var before = Usage.Of(program.Process);
            var small = new Table("small requests", "requests/s", "of direct", "resident", "of its own");
            var directRate = await SmallAsync(client, direct, Math.Min(spans, 50_000), cancellationToken);
            small.Add("direct", $"{directRate:0}", "1.00", "", "");
            small.Add("sidecar, before", "", "", Usage.Megabytes(before.Resident), Usage.Megabytes(before.Own));
            var done = 0;
            for (var part = 0; part < 4; part++)
            {
                var proxiedRate = await SmallAsync(client, proxied, spans / 4, cancellationToken);
                var now = Usage.Of(program.Process);
                done += spans / 4;
                small.Add($"sidecar, {done} spans", $"{proxiedRate:0}", (proxiedRate / directRate).ToString("0.00", CultureInfo.InvariantCulture), Usage.Megabytes(now.Resident), Usage.Megabytes(now.Own));
            }

            small.Print(Console.Out);
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Streams at a fixed rate, whether earlier ones have ended or not.</summary>
    private static async Task<double[]> StreamsAsync(HttpMessageInvoker client, Uri way, int rate, int seconds, CancellationToken cancellationToken)
    {
        var count = rate * seconds;
        var streams = new Task<double>[count];
        var started = Stopwatch.GetTimestamp();
        for (var number = 0; number < count; number++)
        {
            while (Stopwatch.GetElapsedTime(started).TotalSeconds * rate < number)
            {
                await Task.Delay(1, cancellationToken);
            }

            streams[number] = StreamAsync(client, new Uri(way, "/v1/chat/completions"), cancellationToken);
        }

        var times = await Task.WhenAll(streams);
        Array.Sort(times);
        return times;
    }

    private static async Task<double> StreamAsync(HttpMessageInvoker client, Uri address, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        using var request = Request(address);
        using var response = await client.SendAsync(request, cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[4096];
        await body.ReadAtLeastAsync(buffer, 1, cancellationToken: cancellationToken);
        var first = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        while (await body.ReadAsync(buffer, cancellationToken) > 0)
        {
        }

        return first;
    }

    /// <summary>Small requests as fast as 32 clients can.</summary>
    private static async Task<double> SmallAsync(HttpMessageInvoker client, Uri way, int count, CancellationToken cancellationToken)
    {
        var address = new Uri(way, "/v1/completions");
        var left = count;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(
            async () =>
            {
                while (Interlocked.Decrement(ref left) >= 0)
                {
                    using var request = Request(address);
                    using var response = await client.SendAsync(request, cancellationToken);
                    response.EnsureSuccessStatusCode();
                    await response.Content.CopyToAsync(Stream.Null, cancellationToken);
                }
            },
            cancellationToken)));
        return count / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static HttpRequestMessage Request(Uri address)
    {
        var content = new ByteArrayContent(Question);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return new(HttpMethod.Post, address) { Content = content };
    }

    private static async Task<int> PortAsync(ChildProgram engine)
    {
        await engine.Ready.WaitAsync(TimeSpan.FromSeconds(30));
        return int.Parse(engine.ReadyLine!.AsSpan("engine ready ".Length), CultureInfo.InvariantCulture);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Milliseconds(double[] sorted, double quantile) => $"{sorted[(int)((sorted.Length - 1) * quantile)]:0.00} ms";
}
