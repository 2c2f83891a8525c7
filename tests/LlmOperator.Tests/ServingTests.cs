using System.Net;
using LlmOperator.Configuration;
using LlmOperator.Serving;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOperator.Tests;

public sealed class ServingTests : IAsyncLifetime
{
    private string? _failure;
    private Func<HttpRequest, HttpReply> _page = _ => HttpReply.Ok("here");
    private HttpServer? _server;

    public async ValueTask InitializeAsync()
    {
        var pages = new HealthPages([new("ping", () => null)], [new("caches", () => _failure), new("other", () => null)]);
        var loopback = new ListenAddress(IPAddress.Loopback, 0);
        _server = new HttpServer(
            [new(Setting.HealthProbeBindAddress, loopback, pages.AnswerAsync), new(Setting.MetricsBindAddress, loopback, (request, _) => Task.FromResult(_page(request)))], NullLoggerFactory.Instance);
        await _server.StartAsync(TestContext.Current.CancellationToken);
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

    [Fact]
    public async Task What_is_no_GET_is_refused()
    {
        using var client = new HttpClient();
        using var response = await client.PostAsync(new Uri($"http://127.0.0.1:{_server!.PortOf(Setting.HealthProbeBindAddress)}/healthz"), null, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
    }

    [Fact]
    public async Task Each_site_has_its_pages_on_a_port_of_its_own()
    {
        Assert.Equal((HttpStatusCode.OK, "here"), await GetAsync("/readyz", Setting.MetricsBindAddress));
        Assert.Equal((HttpStatusCode.OK, "ok"), await GetAsync("/readyz"));
        Assert.Null(_server!.PortOf(Setting.WebhookBindAddress));
    }

    [Fact]
    public async Task A_page_that_fails_is_told_in_the_log_and_not_to_whoever_asks()
    {
        _page = _ => throw new InvalidOperationException("a secret of the inside");

        var (status, body) = await GetAsync("/metrics", Setting.MetricsBindAddress);

        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.DoesNotContain("secret", body);
    }

    [Fact]
    public async Task An_address_that_is_taken_is_told_with_its_setting()
    {
        var taken = _server!.PortOf(Setting.HealthProbeBindAddress)!.Value;
        await using var second = new HttpServer([new(Setting.WebhookBindAddress, new(IPAddress.Loopback, taken), (_, _) => Task.FromResult(HttpReply.NotFound))], NullLoggerFactory.Instance);

        var error = await Assert.ThrowsAsync<OptionsException>(() => second.StartAsync(TestContext.Current.CancellationToken));

        Assert.StartsWith($"--webhook-bind-address: cannot listen on 127.0.0.1:{taken}: ", Assert.Single(error.Problems), StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync() => await _server!.DisposeAsync();

    private async Task<(HttpStatusCode Status, string Body)> GetAsync(string path, Setting? site = null)
    {
        using var client = new HttpClient();
        using var response = await client.GetAsync(new Uri($"http://127.0.0.1:{_server!.PortOf(site ?? Setting.HealthProbeBindAddress)}{path}"), TestContext.Current.CancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
