using System.Net.Sockets;
using System.Text;
using LlmOperator.PromptTrace.Tests.Fakes;
using Xunit;

namespace LlmOperator.PromptTrace.Tests.Proxying;

/// <summary>Where a request begins and ends must be the same for the sidecar and the engine: else one client could ask in another's name.</summary>
public sealed class FramingTests
{
    private const string Hidden = "POST /v1/hidden HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";

    [Theory]
    [InlineData("GET", "Content-Length")]
    [InlineData("POST", "content-length, keep-alive")]
    [InlineData("POST", "Host, Content-Length, Expect")]
    public async Task What_ends_a_body_is_not_taken_away_by_a_Connection_header(string method, string connection)
    {
        var seen = new List<string>();
        await using var bench = await Bench.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync(context.RequestAborted);
            lock (seen)
            {
                seen.Add($"{context.Request.Method} {context.Request.Path} {context.Request.Host} {body}");
            }

            await Answers.JsonAsync(context, "{}");
        });
        var answer = await RawHttp.SendAsync(bench, $"{method} /v1/models HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\nContent-Length: {Hidden.Length}\r\n\r\n{Hidden}", halfClose: true);
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        using var next = await bench.PostAsync("/v1/completions", "{}");
        Assert.Equal("{}", await next.Content.ReadAsStringAsync(bench.Guard));

        Assert.Equal($"{method} /v1/models x {Hidden}", seen[0]);
        Assert.StartsWith("POST /v1/completions ", seen[1], StringComparison.Ordinal);
        Assert.Equal(2, seen.Count);
    }

    [Theory]
    [InlineData("POST /v1/x?a\rX:y HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 400")]
    [InlineData("POST /v1/x?a\tb HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 400")]
    [InlineData("POST /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "HTTP/1.1 501")]
    [InlineData("POST /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "HTTP/1.1 501")]
    [InlineData("POST /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n80000000\r\n{}", "HTTP/1.1 400")]
    [InlineData("POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 400")]
    public async Task What_cannot_be_passed_on_is_refused(string request, string status)
    {
        await using var bench = await Bench.StartAsync(context => context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted));
        var answer = await RawHttp.SendAsync(bench, request, halfClose: true);

        Assert.StartsWith(status, answer, StringComparison.Ordinal);
        Assert.Contains("\"error\":", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Content-Length: 100\r\n\r\n{\"model\":")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n9\r\n{\"model\":\r\n")]
    public async Task A_client_that_resets_its_connection_within_a_body_has_left(string rest)
    {
        var begun = new TaskCompletionSource();
        await using var bench = await Bench.StartAsync(async context =>
        {
            begun.SetResult();
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        });
        using (var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { LingerState = new(enable: true, seconds: 0) })
        {
            await client.ConnectAsync(bench.Sidecar.Clients, bench.Guard);
            await client.SendAsync(Encoding.ASCII.GetBytes($"POST /v1/completions HTTP/1.1\r\nHost: x\r\n{rest}"), bench.Guard);
            await begun.Task.WaitAsync(bench.Guard);
        }

        Assert.Equal("cancelled", Assert.Single(await bench.SpansAsync()).Value("error.type"));
    }
}
