using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOperator.Gateway.Measuring;
using LlmOperator.Inference.Spooling;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Gateway.Tests.Measuring;

public sealed partial class FigureNamesTests
{
    [Fact]
    public void Figures_are_named_as_Prometheus_wants_it_and_the_documentation_knows_them_all()
    {
        var documented = Documented();
        foreach (var instrument in Instruments())
        {
            var name = Served(instrument);
            Assert.Matches("^[a-z][a-z0-9_]*[a-z0-9]$", name);
            Assert.Equal(instrument.GetType().Name.Contains("Counter", StringComparison.Ordinal), name.EndsWith("_total", StringComparison.Ordinal));
            Assert.True(!name.Contains("duration", StringComparison.Ordinal) || name.EndsWith("_seconds", StringComparison.Ordinal), $"{name} tells no unit");
            Assert.False(string.IsNullOrWhiteSpace(instrument.Description), $"{name} has no help");
            Assert.Contains(name, documented);
        }
    }

    [Fact]
    public void Figures_of_the_GenAI_conventions_have_their_units_and_buckets()
    {
        var path = SharedData.Contract("otel-genai.json");
        Assert.SkipWhen(path is null, "the contract data (otel-genai.json) is not beside this checkout");
        var metrics = JsonNode.Parse(File.ReadAllText(path))!["metrics"]!.AsArray().ToDictionary(metric => (string)metric!["name"]!);
        foreach (var instrument in Instruments().Where(instrument => instrument.Name.Contains('.', StringComparison.Ordinal)))
        {
            var metric = metrics[instrument.Name]!;
            Assert.Equal((string)metric["unit"]!, instrument.Unit);
            var boundaries = instrument switch
            {
                Histogram<double> histogram => histogram.Advice!.HistogramBucketBoundaries!,
                Histogram<long> histogram => histogram.Advice!.HistogramBucketBoundaries!.Select(boundary => (double)boundary),
                _ => [],
            };
            Assert.Equal(metric["boundaries"]!.AsArray().Select(boundary => (double)boundary!), boundaries);
        }
    }

    private static List<Instrument> Instruments()
    {
        using var meter = new Meter("figures of a test");
        var instruments = new List<Instrument>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (ReferenceEquals(instrument.Meter, meter))
                {
                    instruments.Add(instrument);
                }
            },
        };
        listener.Start();
        _ = new GatewayMetrics(meter, () => [], () => 0);
        _ = new RagMetrics(meter);
        _ = new SpoolMetrics(meter, "llm_gateway", () => []);
        Assert.True(instruments.Count > 15);
        return instruments;
    }

    private static string Served(Instrument instrument) =>
        instrument.Name.Contains('.', StringComparison.Ordinal) ? instrument.Name.Replace('.', '_') + (instrument.Unit == "s" ? "_seconds" : "") : instrument.Name;

    /// <summary>Names in code quotes, those with alternatives in braces written out.</summary>
    private static HashSet<string> Documented()
    {
        var text = string.Concat(new[] { "gateway.md", "rag.md" }.Select(file => File.ReadAllText(Path.Combine(SharedData.RepositoryRoot, "docs", file))));
        return [.. Quoted().Matches(text).Select(match => match.Groups[1].Value).SelectMany(Alternatives)];
    }

    private static IEnumerable<string> Alternatives(string name) => Braces().Match(name) is { Success: true } braces
        ? braces.Groups[1].Value.Split(',').SelectMany(choice => Alternatives(name.Replace(braces.Value, choice, StringComparison.Ordinal)))
        : [name];

    [GeneratedRegex("`([a-z_0-9{},]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\{([^{}]*)\}")]
    private static partial Regex Braces();
}
