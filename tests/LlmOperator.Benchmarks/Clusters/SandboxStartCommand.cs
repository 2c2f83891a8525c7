using LlmOperator.Benchmarks.Measuring;

namespace LlmOperator.Benchmarks.Clusters;

/// <summary><c>sandbox-start</c>: time from the start of the process to <c>sandbox ready</c>.</summary>
internal static class SandboxStartCommand
{
    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        var runs = arguments.Number("--runs", 5);
        var program = arguments.Text("--cli");
        arguments.ThrowIfAnyLeft();
        var results = new List<(TimeSpan Ready, Usage Usage)>();
        for (var i = 0; i < runs; i++)
        {
            using var sandbox = await SandboxProcess.StartAsync(program, cancellationToken);
            results.Add((await sandbox.Program.Ready, Usage.Of(sandbox.Program.Process)));
        }

        results.Sort((a, b) => a.Ready.CompareTo(b.Ready));
        var (median, usage) = results[results.Count / 2];
        var table = new Table("runs", "median", "shortest", "longest", "CPU until ready", "peak memory");
        table.Add($"{runs}", Usage.Seconds(median), Usage.Seconds(results[0].Ready), Usage.Seconds(results[^1].Ready), Usage.Seconds(usage.Cpu), Usage.Megabytes(usage.Peak));
        table.Print(Console.Out);
        return 0;
    }
}
