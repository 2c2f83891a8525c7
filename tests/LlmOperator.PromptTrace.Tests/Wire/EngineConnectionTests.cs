using System.Net;
using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;
using LlmOperator.PromptTrace.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Proxying;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace LlmOperator.PromptTrace.Tests.Wire;

public sealed class EngineConnectionTests
{
    private const string HeadEnd = "\r\n\r\n";
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Fact]
    public async Task An_answer_is_the_same_wherever_it_is_split()
    {
        const string Answer = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Made\r\nX-A: 1\r\nX-A: 2\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 42\r\n\r\n";
        var cuts = new Queue<int[]>(Gen.Choose(1, Answer.Length - 1).ArrayOf().Sample(12, 40).Select(static cuts => cuts.Distinct().Order().ToArray()));
        var requests = cuts.Count;
        await using var engine = new WireEngine(async connection =>
        {
            while (await connection.ReadUntilAsync(HeadEnd) is not null)
            {
                var from = 0;
                foreach (var cut in cuts.Dequeue().Append(Answer.Length))
                {
                    await connection.WriteAsync(Answer[from..cut]);
                    from = cut;
                    await Task.Yield();
                }
            }
        });
        await using var bench = await Bench.StartAsync(null, options => options with { Engine = engine.Url });
        for (var request = 0; request < requests; request++)
        {
            using var answer = await bench.Client.GetAsync(new Uri(bench.Url, "/x"), bench.Guard);
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
            Assert.Equal("Made", answer.ReasonPhrase);
            Assert.Equal(["1", "2"], answer.Headers.GetValues("X-A"));
            Assert.False(answer.Headers.Contains("Link"));
            Assert.Equal("hello!", await answer.Content.ReadAsStringAsync(bench.Guard));
            Assert.Equal("42", Assert.Single(answer.TrailingHeaders.GetValues("X-Sum")));
        }

        Assert.Equal(1, engine.Connections);
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("127.0.0.1", "localhost")]
    [InlineData("::1", "[::1]")]
    public async Task The_engine_may_listen_on_either_loopback_address(string address, string host)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6 || !address.Contains(':', StringComparison.Ordinal), "this machine has no IPv6");
        await using var engine = new WireEngine(
            async connection =>
            {
                await connection.ReadUntilAsync(HeadEnd);
                await connection.WriteAsync(Ok);
            },
            IPAddress.Parse(address));
        await using var bench = await Bench.StartAsync(null, options => options with { Engine = new($"http://{host}:{engine.Url.Port}") });

        Assert.Equal("ok", await bench.Client.GetStringAsync(new Uri(bench.Url, "/x"), bench.Guard));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\u0000b\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")]
    [InlineData(null)] // A head without end.
    public async Task An_answer_that_is_none_gives_502_and_its_connection_is_not_used_again(string? malformed)
    {
        var closed = new TaskCompletionSource();
        await using var engine = new WireEngine(async connection =>
        {
            while (await connection.ReadUntilAsync(HeadEnd) is not null)
            {
                await connection.WriteAsync(connection.Number > 1 ? Ok : malformed ?? $"HTTP/1.1 200 OK\r\nX: {new string('a', 200_000)}");
                if (connection.Number == 1)
                {
                    await connection.ClosedAsync();
                    closed.SetResult();
                }
            }
        });
        await using var bench = await Bench.StartAsync(null, options => options with { Engine = engine.Url });
        using (var refused = await bench.Client.GetAsync(new Uri(bench.Url, "/x"), bench.Guard))
        {
            Assert.Equal(HttpStatusCode.BadGateway, refused.StatusCode);
            await FailureTests.AssertErrorAsync(bench, refused, "engine_failed");
        }

        await closed.Task.WaitAsync(bench.Guard);
        Assert.Equal("ok", await bench.Client.GetStringAsync(new Uri(bench.Url, "/x"), bench.Guard));
        Assert.Equal(2, engine.Connections);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")]
    public async Task A_connection_that_may_not_be_used_again_is_not(string answer)
    {
        await using var engine = new WireEngine(async connection =>
        {
            await connection.ReadUntilAsync(HeadEnd);
            await connection.WriteAsync(answer);
            await connection.ClosedAsync();
        });
        await using var bench = await Bench.StartAsync(null, options => options with { Engine = engine.Url });
        for (var request = 1; request <= 3; request++)
        {
            Assert.Equal("ok", await bench.Client.GetStringAsync(new Uri(bench.Url, "/x"), bench.Guard));
            Assert.Equal(request, engine.Connections);
        }
    }

    [Fact]
    public async Task An_answer_that_ends_with_its_connection_is_whole()
    {
        await using var engine = new WireEngine(async connection =>
        {
            await connection.ReadUntilAsync(HeadEnd);
            await connection.WriteAsync("HTTP/1.1 200 OK\r\n\r\nall of it");
        });
        await using var bench = await Bench.StartAsync(null, options => options with { Engine = engine.Url });

        Assert.Equal("all of it", await bench.Client.GetStringAsync(new Uri(bench.Url, "/x"), bench.Guard));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_request_on_a_connection_that_the_engine_has_closed_is_sent_once_more(bool closesAfterReading)
    {
        var seen = new List<string>();
        var closed = new TaskCompletionSource();
        await using var engine = new WireEngine(async connection =>
        {
            var request = await connection.ReadUntilAsync("}");
            lock (seen)
            {
                seen.Add(request!);
            }

            await connection.WriteAsync(Ok);
            if (connection.Number > 1)
            {
                await connection.ClosedAsync();
            }
            else if (closesAfterReading)
            {
                await connection.ReadUntilAsync("}");
            }

            connection.Dispose();
            closed.TrySetResult();
        });
        await using var bench = await Bench.StartAsync(null, options => options with { Engine = engine.Url });
        (await bench.PostAsync("/x", "{}")).Dispose();
        if (!closesAfterReading)
        {
            await closed.Task.WaitAsync(bench.Guard);
        }

        using var answer = await bench.PostAsync("/x", """{"a":1}""");
        Assert.Equal("ok", await answer.Content.ReadAsStringAsync(bench.Guard));
        Assert.Equal(2, engine.Connections);
        Assert.EndsWith("""{"a":1}""", seen[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_the_engine_has_worked_on_before_it_closed_the_connection_is_not_sent_again()
    {
        Bench? started = null;
        await using var engine = new WireEngine(async connection =>
        {
            await connection.ReadUntilAsync("}");
            await connection.WriteAsync(Ok);
            await connection.ReadUntilAsync("}");
            started!.Time.Advance(TimeSpan.FromSeconds(1));
        });
        await using var bench = started = await Bench.StartAsync(null, options => options with { Engine = engine.Url });
        (await bench.PostAsync("/x", "{}")).Dispose();
        using var answer = await bench.PostAsync("/x", """{"a":1}""");

        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.Equal(1, engine.Connections);
    }

    [Fact]
    public async Task A_request_is_not_sent_a_third_time_nor_once_an_answer_has_begun()
    {
        await using var engine = new WireEngine(async connection =>
        {
            await connection.ReadUntilAsync(HeadEnd);
            if (connection.Number is 1 or 3)
            {
                await connection.WriteAsync(Ok);
                await connection.ReadUntilAsync(HeadEnd);
                await connection.WriteAsync(connection.Number == 3 ? "H" : "");
            }
        });
        await using var bench = await Bench.StartAsync(null, options => options with { Engine = engine.Url });
        var statuses = new List<HttpStatusCode>();
        for (var request = 0; request < 4; request++)
        {
            using var answer = await bench.Client.GetAsync(new Uri(bench.Url, "/x"), bench.Guard);
            statuses.Add(answer.StatusCode);
            await answer.Content.ReadAsStringAsync(bench.Guard);
        }

        // Over the first connection, then neither the first nor the second; over the third, which breaks off as it begins.
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.BadGateway, HttpStatusCode.OK, HttpStatusCode.BadGateway], statuses);
        Assert.Equal(3, engine.Connections);
    }

    [Fact]
    public async Task A_client_that_leaves_in_the_middle_of_a_stream_closes_the_connection_to_the_engine()
    {
        var closed = new TaskCompletionSource();
        await using var engine = new WireEngine(async connection =>
        {
            await connection.ReadUntilAsync(HeadEnd);
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
            await connection.ClosedAsync();
            closed.SetResult();
        });
        await using var bench = await Bench.StartAsync(null, options => options with { Engine = engine.Url });
        using (var answer = await bench.Client.GetAsync(new Uri(bench.Url, "/x"), HttpCompletionOption.ResponseHeadersRead, bench.Guard))
        {
            await (await answer.Content.ReadAsStreamAsync(bench.Guard)).ReadExactlyAsync(new byte[5], bench.Guard);
        }

        await closed.Task.WaitAsync(bench.Guard);
    }

    [Fact]
    public async Task An_answer_may_come_before_the_request_has_ended()
    {
        await using var engine = new WireEngine(async connection =>
        {
            await connection.ReadUntilAsync("first");
            await connection.WriteAsync("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
            await connection.ClosedAsync();
        });
        await using var bench = await Bench.StartAsync(null, options => options with { Engine = engine.Url });
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(bench.Sidecar.Clients, bench.Guard);
            using var connection = new WireConnection(client.Client, 1, bench.Guard);
            await connection.WriteAsync("POST /v1/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
            Assert.StartsWith("HTTP/1.1 413 Too Large\r\n", await connection.ReadUntilAsync("\r\n\r\nno"), StringComparison.Ordinal);
        }

        Assert.Equal(StatusCodes.Status413PayloadTooLarge.ToString(System.Globalization.CultureInfo.InvariantCulture), Assert.Single(await bench.SpansAsync()).Value("error.type"));
    }

    [Fact]
    public async Task A_body_without_a_length_goes_to_the_engine_in_chunks_and_ends_there()
    {
        var request = "";
        await using var engine = new WireEngine(async connection =>
        {
            request = await connection.ReadUntilAsync("\r\n0\r\n\r\n");
            await connection.WriteAsync(Ok);
            await connection.ClosedAsync();
        });
        await using var bench = await Bench.StartAsync(null, options => options with { Engine = engine.Url });
        var answer = await RawHttp.SendAsync(bench, "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Contains("Transfer-Encoding: chunked\r\n", request, StringComparison.Ordinal);
        Assert.Equal("abcde", string.Concat(request!.Split(HeadEnd)[1].Split("\r\n").Where((_, line) => line % 2 == 1)));
    }
}
