using System.Net;
using System.Net.Sockets;
using System.Text;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace LlmOperator.Gateway.Tests.WholePath;

/// <summary>Clients that are broken or mean ill, against gateway, sidecar and engine together.</summary>
public sealed class RoughPathTests
{
    private const int Seed = 29;
    private const int Clients = 8;
    private const int Each = 60;
    private const int StatusEnd = 12;
    private const long MostGrowth = 64L << 20;

    private static readonly HashSet<string> Statuses = ["200", "400", "404", "405", "408", "411", "413", "414", "415", "417", "431", "501", "502", "505", "nothing"];

    [Fact]
    public async Task Rough_clients_get_a_status_and_leave_nothing_behind()
    {
        await using var bench = await StartAsync();
        await using var pod = await TracedPod.StartAsync(bench, "chat", AnswerAsync);
        (await AskAsync(bench)).Dispose();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var seen = new Dictionary<string, int>();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            var random = new Random(Seed + client);
            for (var number = 0; number < Each; number++)
            {
                var status = await SendAsync(bench, random);
                Assert.Contains(status, Statuses);
                lock (seen)
                {
                    seen[status] = seen.GetValueOrDefault(status) + 1;
                }
            }
        })));

        // Of many kinds, and everybody else is served as before.
        Assert.True(seen.Count >= 5 && seen.ContainsKey("200") && seen.ContainsKey("400") && seen.ContainsKey("431"), string.Join(", ", seen));
        (await AskAsync(bench)).Dispose();
        await bench.MetricsAsync("llm_gateway_held_bytes 0\n");

        await Until.TrueAsync(() => pod.Counts is { Open: 0, Dropped: 0 }, "every request that came to the sidecar has its span");
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, MostGrowth);
    }

    [Fact]
    public async Task A_client_that_reads_slowly_holds_the_engine_back_and_nobody_else()
    {
        const int Most = 200_000;
        await using var bench = await StartAsync();
        var written = 0;
        await using var pod = await TracedPod.StartAsync(bench, "chat", async context =>
        {
            if (!(await Bodies.ReadAsync(context)).Contains("endless", StringComparison.Ordinal))
            {
                await Answers.JsonAsync(context, "{}");
                return;
            }

            for (; written < Most; written++)
            {
                await Answers.EventAsync(context, Answers.Chunk(new string('a', 1000)));
            }
        });
        (await AskAsync(bench)).Dispose();
        using var slow = new TcpClient { ReceiveBufferSize = 4096 };
        await slow.ConnectAsync(bench.Gateway.Address, bench.Guard);
        await slow.GetStream().WriteAsync(Post("""{"model":"chat","messages":[],"stream":true,"user":"endless"}"""), bench.Guard);

        // Sockets and buffers fill up, and then nothing moves.
        var last = -1;
        var still = 0;
        await Until.TrueAsync(
            () =>
            {
                var now = Volatile.Read(ref written);
                still = now > 0 && now == last ? still + 1 : 0;
                last = now;
                return still > 200;
            },
            "the engine is held back");
        Assert.InRange(written, 1, Most / 2);
        (await AskAsync(bench)).Dispose();
        slow.Close();
        await Until.TrueAsync(() => pod.Counts.Open == 0, "the request ends with its client");
    }

    private static Task<Bench> StartAsync() => Bench.StartAsync(bench =>
    {
        bench.PutEndpoint("chat");
        return Task.CompletedTask;
    });

    private static Task<HttpResponseMessage> AskAsync(Bench bench) =>
        bench.EventuallyAsync(() => bench.PostAsync("/v1/chat/completions", Bodies.Chat), answer => answer.StatusCode == HttpStatusCode.OK);

    /// <summary>An engine that takes a body for JSON or refuses it, and streams when asked to.</summary>
    private static async Task AnswerAsync(HttpContext context)
    {
        var body = await Bodies.ReadAsync(context);
        if (body.Contains("\"stream\":true", StringComparison.Ordinal))
        {
            await Answers.StreamAsync(context, Answers.Chunk("a"), Answers.Chunk("b", "stop"), "[DONE]");
        }
        else
        {
            await Answers.JsonAsync(context, "{}");
        }
    }

    /// <summary>Sends something on a connection of its own.</summary>
    /// <returns>The status of the first answer, or "nothing".</returns>
    private static async Task<string> SendAsync(Bench bench, Random random)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(bench.Gateway.Address, bench.Guard);
        var stream = client.GetStream();
        var (bytes, endsEarly) = Something(random);
        var answer = new StringBuilder();
        try
        {
            // In pieces of any size, as they come over a bad line.
            for (var sent = 0; sent < bytes.Length;)
            {
                var piece = Math.Min(bytes.Length - sent, random.Next(3) == 0 ? random.Next(1, 64) : bytes.Length);
                await stream.WriteAsync(bytes.AsMemory(sent, piece), bench.Guard);
                sent += piece;
                await Task.Yield();
            }

            if (endsEarly && random.Next(2) == 0)
            {
                return "nothing"; // Gone without a word.
            }

            if (endsEarly)
            {
                client.Client.Shutdown(SocketShutdown.Send);
            }

            var buffer = new byte[4096];
            int count;
            while (answer.Length <= StatusEnd && (count = await stream.ReadAsync(buffer, bench.Guard)) > 0)
            {
                answer.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (IOException)
        {
            // Reset: what came until then is what there is.
        }

        return answer.Length > StatusEnd ? answer.ToString(StatusEnd - 3, 3) : "nothing";
    }

    private static (byte[] Bytes, bool EndsEarly) Something(Random random)
    {
        var body = Body(random);
        switch (random.Next(10))
        {
            case 0: // A header beyond the bound, or very many.
                return (Latin($"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-Bomb: {new string('a', 70_000)}\r\n\r\n"), false);
            case 1:
                return (Latin($"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n{string.Concat(Enumerable.Range(0, 500).Select(number => $"X-{number}: b\r\n"))}\r\n"), false);
            case 2: // A body shorter than it says.
                return ([.. Latin($"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: {body.Length + 1000}\r\n\r\n"), .. body], true);
            case 3: // Chunks that are none.
                return ([.. Latin("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), .. body], true);
            case 4: // Bytes of any kind.
                var noise = new byte[random.Next(1, 5000)];
                random.NextBytes(noise);
                return (noise, true);
            case 5: // A mangled head.
                var head = Post("""{"model":"chat","messages":[]}""");
                for (var change = 0; change < 3; change++)
                {
                    head[random.Next(head.Length)] = (byte)random.Next(256);
                }

                return (head, true);
            case 6: // In chunks, as it should be.
                return ([.. Latin($"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{body.Length:X}\r\n"), .. body, .. Latin("\r\n0\r\n\r\n")], false);
            default:
                return ([.. Latin($"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n"), .. body], false);
        }
    }

    private static byte[] Body(Random random)
    {
        switch (random.Next(6))
        {
            case 0: // Deeper than anyone nests.
                return Latin($$"""{"model":"chat","messages":{{new string('[', 5000)}}{{new string(']', 5000)}}}""");
            case 1: // Long.
                return Latin($$"""{"model":"chat","stream":true,"messages":[{"role":"user","content":"{{new string('a', random.Next(1, 500_000))}}"}]}""");
            case 2: // Half a surrogate pair.
                return Latin("""{"model":"chat","messages":[{"role":"user","content":"\ud800"}],"user":"\udfff"}""");
            case 3: // Names twice, numbers that are none.
                return Latin("""{"model":"chat","model":"chat","temperature":1e999,"max_tokens":-1e400,"messages":[{}]}""");
            default:
                var body = Latin("""{"model":"chat","messages":[{"role":"user","content":"hello"}],"stream":true}""");
                for (var change = random.Next(3); change > 0; change--)
                {
                    body[random.Next(body.Length)] = (byte)random.Next(256);
                }

                return body;
        }
    }

    private static byte[] Post(string body) => Latin($"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    private static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);
}
