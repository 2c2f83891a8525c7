using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using Xunit;

namespace LlmOperator.PromptTrace.Tests.Tracing;

public sealed class MetricsTests
{
    [Fact]
    public async Task Times_of_tokens_are_those_between_their_arrivals()
    {
        using var next = new SemaphoreSlim(0);
        await using var bench = await Bench.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.FlushAsync();
            foreach (var data in new[] { Answers.Chunk("a"), Answers.Chunk("b"), Answers.Chunk("c"), Answers.Chunk("", "stop"), "[DONE]" })
            {
                await next.WaitAsync(context.RequestAborted);
                await Answers.EventAsync(context, data);
            }
        });
        using var answer = await bench.PostAsync("/v1/chat/completions", """{"model":"llama","stream":true}""");
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(bench.Guard));
        Assert.Contains("prompt_trace_requests_in_flight 1\n", await bench.MetricsAsync(), StringComparison.Ordinal);
        Assert.Contains("prompt_trace_requests_waiting 1\n", await bench.MetricsAsync(), StringComparison.Ordinal);
        Assert.Contains("prompt_trace_streams_in_flight 1\n", await bench.MetricsAsync(), StringComparison.Ordinal);
        for (var number = 0; number < 5; number++)
        {
            // 300 ms to the first token, 200 ms between the others.
            bench.Time.Advance(TimeSpan.FromMilliseconds(number switch { 0 => 300, < 3 => 200, _ => 0 }));
            var before = bench.Time.Timestamps;
            next.Release();
            await reader.ReadLineAsync(bench.Guard);
            await reader.ReadLineAsync(bench.Guard);

            // The piece is passed on before it is measured.
            await Until.TrueAsync(() => bench.Time.Timestamps > before, "the piece is measured");
            await Until.QuietAsync();
        }

        await bench.SpansAsync();
        var page = await bench.MetricsAsync();
        Assert.Equal(0.3, Sum(page, "gen_ai_server_time_to_first_token_seconds"), 6);
        Assert.Equal(0.2, Sum(page, "gen_ai_server_time_per_output_token_seconds"), 6);
        Assert.Equal(0.7, Sum(page, "gen_ai_server_request_duration_seconds"), 6);
        Assert.Equal(3, Sum(page, "gen_ai_client_token_usage"));
        Assert.Contains("""prompt_trace_requests_total{gen_ai_operation_name="chat",code="200"} 1""", page, StringComparison.Ordinal);
        Assert.Contains("prompt_trace_requests_waiting 0\n", page, StringComparison.Ordinal);
        Assert.Contains("prompt_trace_streams_in_flight 0\n", page, StringComparison.Ordinal);
        Assert.Contains("process_resident_memory_bytes", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_that_clients_make_up_do_not_fill_the_page()
    {
        await using var bench = await Bench.StartAsync(context => Answers.JsonAsync(context, "{}"));
        for (var number = 0; number < 150; number++)
        {
            (await bench.PostAsync("/generate", $$"""{"model":"m{{number}}"}""")).Dispose();
        }

        await bench.SpansAsync(150);
        var page = await bench.MetricsAsync();
        Assert.Equal(101, page.Split('\n').Count(line => line.StartsWith("gen_ai_server_request_duration_seconds_count", StringComparison.Ordinal)));
        Assert.Contains("gen_ai_request_model=\"_OTHER\"} 50", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Figures_follow_the_conventions()
    {
        var contract = Contract.LoadOrSkip();
        var instruments = new ConcurrentDictionary<string, Instrument>();
        var tags = new ConcurrentBag<(string Name, string[] Keys)>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name.StartsWith("gen_ai.", StringComparison.Ordinal))
            {
                instruments[instrument.Name] = instrument;
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((instrument, _, labels, _) => tags.Add((instrument.Name, [.. labels.ToArray().Select(label => label.Key)])));
        listener.SetMeasurementEventCallback<long>((instrument, _, labels, _) => tags.Add((instrument.Name, [.. labels.ToArray().Select(label => label.Key)])));
        listener.Start();
        var status = 200;
        await using var bench = await Bench.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return Answers.StreamAsync(context, Answers.Chunk("a"), Answers.Chunk("b", "stop"), """{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}""", "[DONE]");
        });
        for (; status < 600; status += 300)
        {
            await (await bench.PostAsync("/v1/chat/completions", """{"model":"llama","stream":true}""")).Content.ReadAsStringAsync(bench.Guard);
        }

        await bench.SpansAsync(2);
        string[] expected = ["gen_ai.client.token.usage", "gen_ai.server.request.duration", "gen_ai.server.time_per_output_token", "gen_ai.server.time_to_first_token"];
        Assert.Equal(expected, instruments.Keys.Order(StringComparer.Ordinal));
        foreach (var name in expected)
        {
            var metric = contract.Metrics.Single(metric => (string?)metric["name"] == name);
            Assert.Equal((string?)metric["unit"], instruments[name].Unit);
            var boundaries = instruments[name] is Histogram<double> times ? times.Advice!.HistogramBucketBoundaries! : ((Histogram<long>)instruments[name]).Advice!.HistogramBucketBoundaries!.Select(bound => (double)bound);
            Assert.Equal(metric["boundaries"]!.AsArray().Select(bound => (double)bound!), boundaries);
            var allowed = metric["attributes"]!.AsArray();
            var seen = tags.Where(one => one.Name == name).ToList();
            Assert.NotEmpty(seen);
            Assert.All(seen, one =>
            {
                Assert.All(allowed.Where(attribute => (string?)attribute!["requirement"] == "Required"), attribute => Assert.Contains((string)attribute!["key"]!, one.Keys));
                Assert.All(one.Keys, key => Assert.Contains(allowed, attribute => (string?)attribute!["key"] == key));
            });
        }

        Assert.Contains(tags, one => one.Name == "gen_ai.server.request.duration" && one.Keys.Contains("error.type"));
    }

    private static double Sum(string page, string name) =>
        page.Split('\n').Where(line => line.StartsWith(name + "_sum", StringComparison.Ordinal)).Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
}
