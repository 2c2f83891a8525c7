using System.Diagnostics;
using LlmOperator.Inference.Spooling;
using LlmOperator.Inference.Tracing;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using LlmOperator.PromptTrace.Tracing;
using Xunit;

namespace LlmOperator.PromptTrace.Tests.Tracing;

public sealed class SamplingTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(1)]
    public void The_share_of_traces_that_is_kept_is_the_rate(double rate)
    {
        var sampler = new Sampler(rate);
        var random = new Random(7);
        var kept = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var id = new byte[16];
            random.NextBytes(id);
            kept += sampler.Keeps(ActivityTraceId.CreateFromBytes(id)) ? 1 : 0;
        }

        Assert.InRange(kept / 20_000.0, rate - 0.015, rate + 0.015);
    }

    [Fact]
    public void A_trace_kept_at_a_rate_is_kept_at_every_higher_one()
    {
        var samplers = Enumerable.Range(0, 11).Select(tenth => new Sampler(tenth / 10.0)).ToList();
        for (var i = 0; i < 1000; i++)
        {
            var id = ActivityTraceId.CreateRandom();
            Assert.Equal(samplers.Select(sampler => sampler.Keeps(id)).Order(), samplers.Select(sampler => sampler.Keeps(id)));
        }
    }

    [Fact]
    public async Task Errors_are_kept_whatever_the_rate()
    {
        var status = 200;
        await using var bench = await Bench.StartAsync(context => Answers.JsonAsync(context, "{}", status), options => options with { SampleRate = 0 });
        for (var number = 0; number < 10; number++)
        {
            status = number % 5 == 0 ? 500 : 200;
            await (await bench.PostAsync("/v1/completions", "{}")).Content.ReadAsStringAsync(bench.Guard);
        }

        Assert.All(await bench.SpansAsync(2), span => Assert.Equal("500", span.Value("error.type")));
        await Until.TrueAsync(() => bench.Counts == new SpoolCounts(2, 0, 8, 0), "all are accounted for");
    }
}
