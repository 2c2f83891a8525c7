using System.Net;
using System.Net.Sockets;
using System.Text;
using LlmOperator.Configuration;
using LlmOperator.Serving;
using LlmOperator.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOperator.Tests;

public sealed class ServingTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ManualTimeProvider _clock = new();
    private string? _failure;
    private SmallHttpServer? _server;
    private Task? _running;

    public ValueTask InitializeAsync()
    {
        var pages = new HealthPages([new("ping", () => null)], [new("caches", () => _failure), new("other", () => null)]);
        _server = new SmallHttpServer(new ListenAddress(IPAddress.Loopback, 0), pages.Answer, _clock, NullLogger.Instance);
        _running = _server.RunAsync(_stop.Token);
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("/healthz", "ok")]
    [InlineData("/readyz", "ok")]
    [InlineData("/readyz/caches", "ok")]
    [InlineData("/readyz?verbose", "[+]caches ok\n[+]other ok\nreadyz check passed\n")]
    [InlineData("/readyz?verbose&exclude=other", "[+]caches ok\nreadyz check passed\n")]
    public async Task Checks_that_pass_answer_ok(string path, string expected)
    {
        var (status, body) = await GetAsync(path);

        Assert.Equal((HttpStatusCode.OK, expected), (status, body));
    }

    [Fact]
    public async Task A_check_that_fails_is_named_with_its_cause()
    {
        _failure = "waiting for nodes";

        Assert.Equal((HttpStatusCode.InternalServerError, "[-]caches failed: waiting for nodes\n[+]other ok\nreadyz check failed\n"), await GetAsync("/readyz"));
        Assert.Equal((HttpStatusCode.InternalServerError, "waiting for nodes\n"), await GetAsync("/readyz/caches"));
        Assert.Equal(HttpStatusCode.OK, (await GetAsync("/readyz?exclude=caches")).Status);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync("/healthz")).Status);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/readyz/nothing")]
    [InlineData("/metrics")]
    public async Task An_unknown_page_is_not_found(string path) => Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(path)).Status);

    [Theory]
    [InlineData("POST /healthz HTTP/1.1\r\n\r\n")]
    [InlineData("nonsense\r\n\r\n")]
    public async Task What_is_no_GET_is_refused(string request) => Assert.StartsWith("HTTP/1.1 400 ", await SendAsync(request));

    [Fact]
    public async Task A_request_without_end_is_cut_off()
    {
        var answer = await SendAsync("GET /" + new string('x', 10_000));

        Assert.StartsWith("HTTP/1.1 400 ", answer);
    }

    [Fact]
    public async Task A_client_that_dawdles_is_let_go_and_holds_up_nobody()
    {
        using var slow = new TcpClient();
        await slow.ConnectAsync(IPAddress.Loopback, _server!.Port, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync("/healthz")).Status);

        using var guard = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var closed = slow.GetStream().ReadAsync(new byte[1], guard.Token).AsTask();
        while (!closed.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(11));
            await Task.Yield();
        }

        Assert.Equal(0, await closed);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running!;
        _server!.Dispose();
        _stop.Dispose();
    }

    private async Task<(HttpStatusCode Status, string Body)> GetAsync(string path)
    {
        using var client = new HttpClient();
        using var response = await client.GetAsync(new Uri($"http://127.0.0.1:{_server!.Port}{path}"), TestContext.Current.CancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private async Task<string> SendAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _server!.Port, TestContext.Current.CancellationToken);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), TestContext.Current.CancellationToken);
        var answer = new byte[64];
        var length = await client.GetStream().ReadAtLeastAsync(answer, 13, throwOnEndOfStream: false, TestContext.Current.CancellationToken);
        return Encoding.ASCII.GetString(answer, 0, length);
    }
}
