using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using LlmOperator.Testing;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace LlmOperator.PromptTrace.Tests.Proxying;

public sealed class FailureTests
{
    [Fact]
    public async Task An_engine_that_is_down_gives_502_and_the_advice_to_come_again()
    {
        await using var bench = await Bench.StartAsync(null, options => options with { Engine = new($"http://127.0.0.1:{FreePort()}") });
        using var answer = await bench.PostAsync("/v1/chat/completions", """{"model":"llama"}""");

        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter?.Delta);
        await AssertErrorAsync(bench, answer, "engine_unreachable");
        var span = Assert.Single(await bench.SpansAsync());
        Assert.Equal("engine_unreachable", span.Value("error.type"));
        Assert.Equal(2, (int?)span["status"]!["code"]);
    }

    [Fact]
    public async Task An_engine_that_does_not_answer_gives_504_when_its_time_is_over()
    {
        var came = new TaskCompletionSource();
        await using var bench = await Bench.StartAsync(context =>
        {
            came.SetResult();
            return Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        var asking = bench.PostAsync("/v1/chat/completions", """{"model":"llama"}""");
        await came.Task.WaitAsync(bench.Guard);
        bench.Time.Advance(TimeSpan.FromMinutes(31));
        using var answer = await asking;

        Assert.Equal(HttpStatusCode.GatewayTimeout, answer.StatusCode);
        await AssertErrorAsync(bench, answer, "engine_timeout");
        Assert.Equal("timeout", Assert.Single(await bench.SpansAsync()).Value("error.type"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le")]
    [InlineData("nonsense\r\n\r\n")]
    public async Task An_engine_that_ends_the_connection_without_an_answer_gives_502(string bytes)
    {
        await using var engine = RawEngine.Start(bytes);
        await using var bench = await Bench.StartAsync(null, options => options with { Engine = engine.Url });
        using var answer = await bench.PostAsync("/v1/chat/completions", """{"model":"llama"}""");

        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        await AssertErrorAsync(bench, answer, "engine_failed");
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"id\":")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")]
    public async Task An_answer_that_breaks_off_breaks_off_for_the_client_too(string bytes)
    {
        await using var engine = RawEngine.Start(bytes);
        await using var bench = await Bench.StartAsync(null, options => options with { Engine = engine.Url });
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var answer = await bench.PostAsync("/v1/chat/completions", """{"model":"llama"}""");
            await answer.Content.ReadAsByteArrayAsync(bench.Guard);
        });
        Assert.False(bench.Guard.IsCancellationRequested);
        Assert.Equal("engine_failed", Assert.Single(await bench.SpansAsync()).Value("error.type"));
    }

    [Theory]
    [InlineData("GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")]
    [InlineData("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nConnection: close\r\n\r\n")]
    public async Task Upgrades_are_refused(string request)
    {
        await using var bench = await Bench.StartAsync();
        var answer = await RawHttp.SendAsync(bench, request, halfClose: false).WaitAsync(bench.Guard);

        Assert.StartsWith("HTTP/1.1 501", answer, StringComparison.Ordinal);
        Assert.Contains("upgrade_not_supported", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_offer_of_HTTP_2_is_passed_over()
    {
        HeaderDictionary? seen = null;
        await using var bench = await Bench.StartAsync(context =>
        {
            seen ??= new HeaderDictionary(context.Request.Headers.ToDictionary());
            return Task.CompletedTask;
        });
        var answer = await RawHttp.SendAsync(bench, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.False(seen!.ContainsKey("Upgrade"));
        Assert.False(seen.ContainsKey("HTTP2-Settings"));
    }

    [Theory]
    [InlineData(1, 100_000)]
    [InlineData(5000, 20)]
    public async Task Header_bombs_are_refused(int count, int length)
    {
        await using var bench = await Bench.StartAsync(_ => throw new InvalidOperationException("must not come so far"));
        var headers = string.Concat(Enumerable.Range(0, count).Select(number => $"X-{number}: {new string('a', length)}\r\n"));
        var answer = await RawHttp.SendAsync(bench, $"GET /x HTTP/1.1\r\nHost: x\r\n{headers}\r\n");

        Assert.StartsWith("HTTP/1.1 431", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST /v1/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n", "HTTP/1.1 400")]
    [InlineData("POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\nConnection: close\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("BAD", "")]
    public async Task Requests_that_are_none_are_refused(string request, string status)
    {
        await using var bench = await Bench.StartAsync(context => context.Request.Body.CopyToAsync(Stream.Null));

        Assert.StartsWith(status, await RawHttp.SendAsync(bench, request, halfClose: status.Length == 0), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Content-Length: 100\r\n\r\n{\"model\":")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n9\r\n{\"model\":\r\n")]
    public async Task A_client_that_closes_its_half_in_the_middle_of_a_body_is_told(string rest)
    {
        await using var bench = await Bench.StartAsync(context => context.Request.Body.CopyToAsync(Stream.Null));
        var answer = await RawHttp.SendAsync(bench, $"POST /v1/completions HTTP/1.1\r\nHost: x\r\n{rest}", halfClose: true);

        Assert.StartsWith("HTTP/1.1 400", answer, StringComparison.Ordinal);
        Assert.Contains("before the whole body", answer, StringComparison.Ordinal);
        Assert.Equal("400", Assert.Single(await bench.SpansAsync()).Value("error.type"));
        Assert.Contains("prompt_trace_requests_in_flight 0", await bench.MetricsAsync(), StringComparison.Ordinal);
    }

    /// <summary>Form of errors in OpenAI's API.</summary>
    internal static async Task AssertErrorAsync(Bench bench, HttpResponseMessage answer, string code)
    {
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        var error = JsonNode.Parse(await answer.Content.ReadAsStringAsync(bench.Guard))!["error"]!.AsObject();
        Assert.Equal(code, (string?)error["code"]);
        if (SharedData.Contract("openai-openapi.json") is { } contract)
        {
            var schema = JsonNode.Parse(await File.ReadAllTextAsync(contract, bench.Guard))!["components"]!["schemas"]!["Error"]!;
            Assert.All(schema["required"]!.AsArray(), name => Assert.True(error.ContainsKey((string)name!), $"{name} is missing"));
        }
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
