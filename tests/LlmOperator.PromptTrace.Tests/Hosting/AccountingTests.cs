using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOperator.Inference.Spooling;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace LlmOperator.PromptTrace.Tests.Hosting;

public sealed partial class AccountingTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Five_minutes_without_a_receiver_hurt_nobody_and_lose_nothing(bool hangs)
    {
        await using var bench = await Bench.StartAsync(context => Answers.JsonAsync(context, """{"id":"c"}"""));
        bench.Receiver.Hangs = hangs;
        bench.Receiver.Answer = _ => throw new HttpRequestException("connection refused");
        for (var second = 0; second < 300; second += 5)
        {
            using var answer = await bench.PostAsync("/v1/chat/completions", """{"model":"llama"}""");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            bench.Time.Advance(TimeSpan.FromSeconds(5));
        }

        await Until.TrueAsync(() => bench.Counts.Waiting == 60, "all wait");
        Assert.Equal(60, bench.Counts.Total);
        (bench.Receiver.Hangs, bench.Receiver.Answer) = (false, _ => new(HttpStatusCode.OK));
        var spans = await bench.SpansAsync(60);

        Assert.Equal(60, spans.Select(span => (string)span["spanId"]!).Distinct().Count());
        await Until.TrueAsync(() => bench.Counts == new SpoolCounts(60, 0, 0, 0), "all are exported");
    }

    [Fact]
    public async Task What_has_no_room_is_dropped_and_counted()
    {
        await using var bench = await Bench.StartAsync(context => Answers.JsonAsync(context, "{}"), options => options with { SpoolBytes = 5000 });
        bench.Receiver.Answer = _ => new(HttpStatusCode.ServiceUnavailable);
        for (var number = 0; number < 20; number++)
        {
            (await bench.PostAsync("/v1/completions", """{"model":"llama"}""")).Dispose();
        }

        await Until.TrueAsync(() => bench.Counts is { Open: 0, Total: 20 }, "all are accounted for");
        Assert.True(bench.Counts is { Dropped: > 5, Waiting: > 1 });
        AssertAccount(await bench.MetricsAsync(), 20);
    }

    [Fact]
    public async Task A_request_is_in_the_account_while_it_is_answered()
    {
        using var go = new SemaphoreSlim(0);
        await using var bench = await Bench.StartAsync(async context =>
        {
            await Answers.EventAsync(context, Answers.Chunk("a"));
            await go.WaitAsync(context.RequestAborted);
        });
        using var answer = await bench.PostAsync("/v1/chat/completions", """{"stream":true}""");
        AssertAccount(await bench.MetricsAsync(), 1);
        go.Release();
        await answer.Content.ReadAsStringAsync(bench.Guard);
        await bench.SpansAsync();
        AssertAccount(await bench.MetricsAsync(), 1);
    }

    [Fact]
    public async Task The_account_holds_over_a_kill()
    {
        using var guard = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var folder = Directory.CreateTempSubdirectory("prompt-trace-kill");
        var received = new HashSet<string>();
        var isDead = true;
        await using var receiver = await ScriptedEngine.StartAsync(async context =>
        {
            var body = await new StreamReader(context.Request.Body).ReadToEndAsync();
            context.Response.StatusCode = isDead ? 503 : 200;
            if (!isDead)
            {
                lock (received)
                {
                    received.UnionWith(JsonNode.Parse(body)!["resourceSpans"]![0]!["scopeSpans"]![0]!["spans"]!.AsArray().Select(span => (string)span!["spanId"]!));
                }
            }
        });
        await using var engine = await ScriptedEngine.StartAsync(async context =>
        {
            if (context.Request.Headers.ContainsKey("X-Endless"))
            {
                await Answers.EventAsync(context, Answers.Chunk("a"));
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }

            await Answers.JsonAsync(context, """{"id":"c"}""");
        });
        using var client = new HttpClient();
        using (var first = await ChildSidecar.StartAsync(folder, engine.Url, receiver.Url, guard.Token))
        {
            await Parallel.ForAsync(0, 50, guard.Token, async (_, cancellationToken) =>
                (await client.PostAsync(new Uri(first.Url, "/v1/chat/completions"), new StringContent("""{"model":"llama"}"""), cancellationToken)).Dispose());
            for (var number = 0; number < 3; number++)
            {
                var endless = new HttpRequestMessage(HttpMethod.Post, new Uri(first.Url, "/v1/chat/completions")) { Content = new StringContent("{}"), Headers = { { "X-Endless", "1" } } };
                await client.SendAsync(endless, HttpCompletionOption.ResponseHeadersRead, guard.Token);
            }

            first.Kill();
        }

        isDead = false;
        using (var second = await ChildSidecar.StartAsync(folder, engine.Url, receiver.Url, guard.Token))
        {
            string page;
            do
            {
                page = await client.GetStringAsync(new Uri(second.Admin, "/metrics"), guard.Token);
                AssertAccount(page, 53);
            }
            while (Value(page, "waiting") > 0);

            // The three that were never answered to their end, and what was still in hand.
            Assert.InRange(Value(page, "dropped_total"), 3, 53);
            Assert.Equal(received.Count, Value(page, "exported_total"));
            Assert.Equal(53, received.Count + Value(page, "dropped_total"));

            // The end is in order: a signal, and an exit without a fault.
            Assert.Equal(0, await second.TerminateAsync(guard.Token));
        }

        folder.Delete(recursive: true);
    }

    private static void AssertAccount(string page, long requests)
    {
        Assert.Equal(requests, Value(page, "requests_total"));
        Assert.Equal(requests, Value(page, "exported_total") + Value(page, "waiting") + Value(page, "sampled_out_total") + Value(page, "dropped_total"));
    }

    private static long Value(string page, string name) =>
        long.Parse(Regex.Match(page, $"^prompt_trace_spool_{name}\\{{exporter=\"test\"\\}} ([0-9]+)$", RegexOptions.Multiline).Groups[1].Value, CultureInfo.InvariantCulture);

    /// <summary>The sidecar as a process, which can be killed.</summary>
    private sealed partial class ChildSidecar : IDisposable
    {
        private readonly Process _process;

        private ChildSidecar(Process process) => _process = process;

        public Uri Url { get; private set; } = null!;

        public Uri Admin { get; private set; } = null!;

        public static async Task<ChildSidecar> StartAsync(DirectoryInfo folder, Uri engine, Uri receiver, CancellationToken cancellationToken)
        {
            var file = Path.Combine(folder.FullName, "config.json");
            await File.WriteAllTextAsync(file, new JsonObject
            {
                ["listen"] = "127.0.0.1:0",
                ["admin"] = "127.0.0.1:0",
                ["engine"] = new JsonObject { ["url"] = engine.GetLeftPart(UriPartial.Authority) },
                ["spool"] = new JsonObject { ["directory"] = Path.Combine(folder.FullName, "spool") },
                ["exporters"] = new JsonArray(new JsonObject { ["name"] = "test", ["url"] = receiver.ToString(), ["encoding"] = "json" }),
                ["shutdown"] = new JsonObject { ["delaySeconds"] = 0 },
            }.ToJsonString(), cancellationToken);
            var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "prompt-trace.dll")]) { RedirectStandardOutput = true };
            start.Environment["PROMPT_TRACE_CONFIG"] = file;
            var child = new ChildSidecar(Process.Start(start)!);
            while (await child._process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
            {
                if (JsonNode.Parse(line)!["State"] is { } state && state["Clients"] is { } clients)
                {
                    (child.Url, child.Admin) = (new($"http://{clients}"), new($"http://{state[nameof(Admin)]}"));
                    return child;
                }
            }

            throw new InvalidOperationException("the sidecar ended before it was ready");
        }

        public void Kill()
        {
            _process.Kill();
            _process.WaitForExit();
        }

        public async Task<int> TerminateAsync(CancellationToken cancellationToken)
        {
            using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
            await _process.WaitForExitAsync(cancellationToken);
            return _process.ExitCode;
        }

        public void Dispose()
        {
            if (!_process.HasExited)
            {
                Kill();
            }

            _process.Dispose();
        }
    }
}
