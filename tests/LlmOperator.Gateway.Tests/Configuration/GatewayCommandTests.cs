using LlmOperator.Gateway.Configuration;
using Xunit;

namespace LlmOperator.Gateway.Tests.Configuration;

public sealed class GatewayCommandTests
{
    [Fact]
    public async Task Only_the_namespace_must_be_given()
    {
        var options = await ReadAsync("--namespace", "team");
        Assert.Equal(new() { Namespace = "team" }, options);
    }

    [Fact]
    public async Task Every_option_is_taken()
    {
        var options = await ReadAsync(
            "--namespace", "team", "--listen", "127.0.0.1:80", "--admin", "[::1]:81", "--kubeconfig", "/k", "--trace-endpoint", "http://collector:4318", "--spool-directory", "/s", "--spool-bytes", "2000000",
            "--max-body-bytes", "2048", "--max-held-bytes", "3000000", "--max-concurrent-requests", "5", "--max-attempts", "4", "--connect-timeout-seconds", "0.5", "--attempt-timeout-seconds", "6", "--timeout-seconds", "7",
            "--feedback-per-minute", "8", "--shutdown-delay-seconds", "0", "--shutdown-grace-seconds", "9", "--shutdown-flush-seconds", "10");
        Assert.Equal(
            new()
            {
                Namespace = "team",
                Listen = new(System.Net.IPAddress.Loopback, 80),
                Admin = new(System.Net.IPAddress.IPv6Loopback, 81),
                Kubeconfig = "/k",
                TraceEndpoint = new("http://collector:4318"),
                SpoolDirectory = "/s",
                SpoolBytes = 2000000,
                MaxBodyBytes = 2048,
                MaxHeldBytes = 3000000,
                MaxConcurrentRequests = 5,
                MaxAttempts = 4,
                ConnectTimeout = TimeSpan.FromSeconds(0.5),
                AttemptTimeout = TimeSpan.FromSeconds(6),
                Timeout = TimeSpan.FromSeconds(7),
                FeedbackPerMinute = 8,
                ShutdownDelay = TimeSpan.Zero,
                ShutdownGrace = TimeSpan.FromSeconds(9),
                FlushTime = TimeSpan.FromSeconds(10),
            },
            options);
    }

    [Theory]
    [InlineData("--listen must be an IP address and a port", "--listen", "8080")]
    [InlineData("--max-attempts must be a whole number from 1 to 10", "--max-attempts", "0")]
    [InlineData("--timeout-seconds must be a number of seconds above 0", "--timeout-seconds", "0")]
    [InlineData("--trace-endpoint must be an http or https address", "--trace-endpoint", "collector:4318")]
    [InlineData("--namespace", null, null)]
    public void What_is_wrong_is_told_by_name(string problem, string? option, string? value)
    {
        string[] arguments = option is null ? [] : ["--namespace", "team", option, value!];
        Assert.Contains(GatewayCommand.Create().Parse(arguments).Errors, error => error.Message.Contains(problem, StringComparison.Ordinal));
    }

    private static async Task<GatewayOptions?> ReadAsync(params string[] arguments)
    {
        GatewayOptions? read = null;
        Assert.Equal(0, await GatewayCommand.Create(options =>
        {
            read = options;
            return Task.FromResult(0);
        }).Parse(arguments).InvokeAsync(cancellationToken: TestContext.Current.CancellationToken));
        return read;
    }
}
