using LlmOperator.Benchmarks.Measuring;

namespace LlmOperator.Benchmarks.PromptTrace;

/// <summary>The sidecar, and nginx, beside a direct connection to the same trivial server, in one run: time to the first byte of streams, throughput of small requests, and memory as spans come and go.</summary>
internal static class PromptTraceCommand
{
    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        var sidecar = arguments.Text("--sidecar") ?? ChildProgram.Built("LlmOperator.PromptTrace", "prompt-trace");
        var measurement = new DataPathMeasurement(arguments, small: 40_000, "spans", 1_000_000);
        var folder = Directory.CreateTempSubdirectory("prompt-trace-benchmark");
        try
        {
            using var engine = await TrivialEngine.StartAsync(measurement.Server, cancellationToken);
            var (listen, admin) = (DataPathMeasurement.FreePort(), DataPathMeasurement.FreePort());
            var file = Path.Combine(folder.FullName, "config.json");
            await File.WriteAllTextAsync(file, $$"""
                {"listen":"{{listen}}","admin":"{{admin}}","engine":{"url":"http://{{engine.Address}}"},"spool":{"directory":"{{folder.FullName}}"},
                 "exporters":[{"name":"engine","url":"http://{{engine.Address}}"}],"shutdown":{"delaySeconds":0} }
                """, cancellationToken);
            Environment.SetEnvironmentVariable("PROMPT_TRACE_CONFIG", file);
            using var program = ChildProgram.Start(sidecar, "prompt-trace ready");
            await program.Ready.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
            await measurement.RunAsync("sidecar", program, listen, engine, folder.FullName, cancellationToken);
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
