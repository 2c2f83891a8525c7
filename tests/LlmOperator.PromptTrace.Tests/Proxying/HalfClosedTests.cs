using System.Net.Sockets;
using System.Text;
using LlmOperator.PromptTrace.Tests.Fakes;
using Xunit;

namespace LlmOperator.PromptTrace.Tests.Proxying;

/// <summary>Over TCP, a client that has gone and one that will send no more look the same until something is sent to them.</summary>
public sealed class HalfClosedTests
{
    private const string Interim = "HTTP/1.1 102 Processing\r\n\r\n";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_closes_its_half_gets_its_answer(bool isStream)
    {
        await using var bench = await Bench.StartAsync(context => isStream ? Answers.StreamAsync(context, Answers.Chunk("a"), Answers.Chunk("b", "stop"), "[DONE]") : Answers.JsonAsync(context, """{"id":"1"}"""));
        var answer = await RawHttp.SendAsync(bench, Request("HTTP/1.1", isStream), halfClose: true);

        answer = answer.Replace(Interim, "", StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        Assert.Contains(isStream ? "data: [DONE]" : """{"id":"1"}""", answer, StringComparison.Ordinal);
        Assert.Null(Assert.Single(await bench.SpansAsync()).Value("error.type"));
    }

    [Fact]
    public async Task A_client_that_closes_its_half_and_waits_gets_an_interim_answer_and_then_its_own()
    {
        var answer = new TaskCompletionSource();
        await using var bench = await Bench.StartAsync(async context =>
        {
            await answer.Task.WaitAsync(context.RequestAborted);
            await Answers.JsonAsync(context, """{"id":"1"}""");
        });
        using var client = new TcpClient();
        await client.ConnectAsync(bench.Sidecar.Clients, bench.Guard);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Request("HTTP/1.1", isStream: false)), bench.Guard);
        client.Client.Shutdown(SocketShutdown.Send);
        var buffer = new byte[Interim.Length];

        // More than one, as somebody on the way may not hear of the first reset.
        for (var i = 0; i < 2; i++)
        {
            await stream.ReadExactlyAsync(buffer, bench.Guard);
            Assert.Equal(Interim, Encoding.ASCII.GetString(buffer));
        }

        answer.SetResult();
        using var reader = new StreamReader(stream);
        var rest = (await reader.ReadToEndAsync(bench.Guard)).Replace(Interim, "", StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", rest, StringComparison.Ordinal);
        Assert.Contains("""{"id":"1"}""", rest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_closes_its_half_during_a_stream_gets_the_rest()
    {
        var (begun, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var bench = await Bench.StartAsync(async context =>
        {
            await Answers.StreamAsync(context, Answers.Chunk("a"));
            begun.SetResult();
            await goOn.Task;
            await Answers.EventAsync(context, Answers.Chunk("b"));
        });
        using var client = new TcpClient();
        await client.ConnectAsync(bench.Sidecar.Clients, bench.Guard);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Request("HTTP/1.1", isStream: true)), bench.Guard);
        await begun.Task.WaitAsync(bench.Guard);
        client.Client.Shutdown(SocketShutdown.Send);
        goOn.SetResult();

        using var reader = new StreamReader(stream);
        var answer = await reader.ReadToEndAsync(bench.Guard);
        Assert.Contains(Answers.Chunk("b"), answer, StringComparison.Ordinal);
        Assert.EndsWith("0\r\n\r\n", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(Interim, answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1", false, false)]
    [InlineData("HTTP/1.1", true, false)]
    [InlineData("HTTP/1.1", true, true)]
    [InlineData("HTTP/1.0", false, false)]
    public async Task The_engine_hears_of_a_client_that_has_left(string version, bool isStream, bool goesOn)
    {
        var (asked, gone) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var bench = await Bench.StartAsync(async context =>
        {
            context.RequestAborted.Register(() => gone.TrySetResult());
            if (isStream)
            {
                await Answers.StreamAsync(context, Answers.Chunk("a"));
            }

            asked.SetResult();
            while (goesOn && !gone.Task.IsCompleted)
            {
                await Answers.EventAsync(context, Answers.Chunk("b"));
            }

            await gone.Task;
        });
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(bench.Sidecar.Clients, bench.Guard);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(Request(version, isStream)), bench.Guard);
            await asked.Task.WaitAsync(bench.Guard);
        }

        await gone.Task.WaitAsync(bench.Guard);
        Assert.Equal("cancelled", Assert.Single(await bench.SpansAsync()).Value("error.type"));
        Assert.Contains("prompt_trace_requests_in_flight 0", await bench.MetricsAsync(), StringComparison.Ordinal);
        bench.Engine.Answer = context => Answers.JsonAsync(context, "{}");
        using var next = await bench.PostAsync("/v1/chat/completions", "{}");
        Assert.Equal("{}", await next.Content.ReadAsStringAsync(bench.Guard));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", "{}")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{}", "{}")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nE\r\ndata: [DONE]\n\n\r\n0\r\n\r\n", "data: [DONE]\n\n")]
    [InlineData("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno", "no")]
    public async Task An_engine_that_closes_its_half_after_its_answer_has_answered(string bytes, string answer)
    {
        await using var engine = RawEngine.Start(bytes);
        await using var bench = await Bench.StartAsync(configure: options => options with { Engine = engine.Url });

        // More than once: what is left of the connection is not used again.
        for (var i = 0; i < 3; i++)
        {
            using var response = await bench.PostAsync("/v1/chat/completions", "{}");
            Assert.Equal(answer, await response.Content.ReadAsStringAsync(bench.Guard));
            Assert.Equal(bytes[9..12], $"{(int)response.StatusCode}");
        }
    }

    private static string Request(string version, bool isStream)
    {
        var body = $$"""{"model":"llama","stream":{{(isStream ? "true" : "false")}}}""";
        return $"POST /v1/chat/completions {version}\r\nHost: x\r\nContent-Length: {body.Length}\r\n\r\n{body}";
    }
}
