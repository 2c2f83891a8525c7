using System.Globalization;
using LlmOperator.Benchmarks.Measuring;

namespace LlmOperator.Benchmarks.PromptTrace;

/// <summary>Several ways to one engine, measured in turns, so that what else the machine does falls on all of them.</summary>
/// <param name="ways">The ways; the first is the direct one.</param>
internal sealed class Comparison(params Load[] ways)
{
    private const int WarmUp = 20_000;

    /// <summary>Lets every program come to speed.</summary>
    public async Task WarmUpAsync(CancellationToken cancellationToken)
    {
        foreach (var way in ways)
        {
            await way.StreamsAsync(100, 1, cancellationToken);
            await way.SmallAsync(WarmUp, cancellationToken);
            way.Forget();
        }
    }

    /// <summary>Time to the first byte of streams that come at a fixed rate.</summary>
    public async Task StreamsAsync(int rate, int seconds, int rounds, CancellationToken cancellationToken)
    {
        for (var round = 0; round < rounds; round++)
        {
            foreach (var way in ways)
            {
                await way.StreamsAsync(rate, seconds, cancellationToken);
            }
        }

        var table = new Table($"64-token streams, {rate}/s", "median to first byte", "p99", "added to the median", "added to the p99");
        var (median, p99) = (Load.Quantile(ways[0].FirstBytes, 0.5), Load.Quantile(ways[0].FirstBytes, 0.99));
        foreach (var way in ways)
        {
            var (wayMedian, wayP99) = (Load.Quantile(way.FirstBytes, 0.5), Load.Quantile(way.FirstBytes, 0.99));
            table.Add(way.Name, Milliseconds(wayMedian), Milliseconds(wayP99), way == ways[0] ? "" : Milliseconds(wayMedian - median), way == ways[0] ? "" : Milliseconds(wayP99 - p99));
        }

        table.Print(Console.Out);
    }

    /// <summary>Throughput of small requests.</summary>
    public async Task SmallAsync(int count, int rounds, CancellationToken cancellationToken)
    {
        for (var round = 0; round < rounds; round++)
        {
            foreach (var way in ways)
            {
                await way.SmallAsync(count, cancellationToken);
            }
        }

        var table = new Table("small requests", "requests/s", "of direct", "CPU a request");
        var ratios = ways.Select(way => way.Rates.Zip(ways[0].Rates, (through, direct) => through / direct).ToList()).ToList();
        foreach (var (number, way) in ways.Index())
        {
            table.Add(
                way.Name,
                Load.Quantile(way.Rates, 0.5).ToString("N0", CultureInfo.InvariantCulture),
                Load.Quantile(ratios[number], 0.5).ToString("0.00", CultureInfo.InvariantCulture),
                way.Cpu.Count == 0 ? "" : $"{Load.Quantile(way.Cpu, 0.5):0} us");
        }

        table.Print(Console.Out);
    }

    private static string Milliseconds(double value) => $"{value:0.00} ms";
}
