using LlmOperator.Benchmarks.Measuring;

namespace LlmOperator.Benchmarks.Clusters;

/// <summary>A sandbox in a process of its own, with a kubeconfig of its own.</summary>
internal sealed class SandboxProcess : IDisposable
{
    private readonly string _folder;

    private SandboxProcess(string program, IEnumerable<string> args)
    {
        _folder = Directory.CreateTempSubdirectory("llm-operator-benchmark-").FullName;
        Kubeconfig = Path.Combine(_folder, "kubeconfig");
        Program = ChildProgram.Start(program, "sandbox ready", ["sandbox", "--kubeconfig", Kubeconfig, .. args]);
    }

    public string Kubeconfig { get; }

    public ChildProgram Program { get; }

    /// <summary>Where the build of the command line is.</summary>
    public static string DefaultProgram => ChildProgram.Built("LlmOperator.Cli", "kubectl-llm");

    public static async Task<SandboxProcess> StartAsync(string? program, CancellationToken cancellationToken, params IEnumerable<string> args)
    {
        var sandbox = new SandboxProcess(program ?? DefaultProgram, args);
        try
        {
            await sandbox.Program.Ready.WaitAsync(cancellationToken);
            return sandbox;
        }
        catch
        {
            sandbox.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Program.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
