using LlmOperator.Benchmarks.Measuring;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Benchmarks.Watching;

/// <summary><c>watch-decode</c>: what it costs to make objects of the lines of a watch, on one thread, without network.</summary>
internal static class WatchDecodeCommand
{
    private const int Distinct = 1000;

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        var count = arguments.Number("--count", 50_000);
        arguments.ThrowIfAnyLeft();
        using var lines = new MemoryStream();
        for (var i = 0; i < Distinct; i++)
        {
            lines.Write(DeploymentText.Line("ADDED", i));
        }

        // The first rounds are for the compiler, whose later tiers come after a pause.
        for (var i = 0; i < 5; i++)
        {
            await ReadAsync(lines, cancellationToken);
            await Task.Delay(200, cancellationToken);
        }

        var (allocated, collections, began) = (GC.GetTotalAllocatedBytes(precise: true), GC.CollectionCount(0), Environment.CpuUsage.TotalTime);
        var read = 0;
        while (read < count)
        {
            read += await ReadAsync(lines, cancellationToken);
        }

        // Processor time: what else the machine does is none of the reader's business.
        var took = Environment.CpuUsage.TotalTime - began;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        var size = (double)lines.Length / Distinct;
        var table = new Table("objects", "bytes an object", "objects a CPU second", "MB a CPU second", "allocated an object", "collections");
        table.Add($"{read}", $"{size:0}", $"{read / took.TotalSeconds:0}", $"{read * size / took.TotalSeconds / 1e6:0}", $"{(double)allocated / read:0} bytes", $"{GC.CollectionCount(0) - collections}");
        table.Print(Console.Out);
        return 0;
    }

    private static async Task<int> ReadAsync(MemoryStream lines, CancellationToken cancellationToken)
    {
        lines.Position = 0;
        var read = 0;
        await foreach (var change in WatchReader.ReadAsync(lines, Deployment.JsonTypeInfo, cancellationToken))
        {
            read += change.Object is null ? 0 : 1;
        }

        return read;
    }
}
