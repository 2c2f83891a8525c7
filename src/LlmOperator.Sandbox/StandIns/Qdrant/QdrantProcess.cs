using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using LlmOperator.Sandbox.Hosting;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>
/// Runs the program <c>qdrant</c> for a container: configured by the container's own variables, listening on the pod's address, its storage in the pod's volume. Pods of a StatefulSet find their
/// first one as the container's command tells them to.
/// </summary>
internal sealed partial class QdrantProcess(ContainerContext context, int port, string program) : IHostedContainer
{
    private const int GrpcPort = 6334;
    private const int PeerPort = 6335;

    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Process? _process;
    private string? _folder;

    public Task<int> Exited => _exited.Task;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _folder = Directory.CreateTempSubdirectory("llm-sandbox-qdrant-").FullName;
        var start = new ProcessStartInfo(program) { WorkingDirectory = _folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var (name, value) in Variables())
        {
            start.Environment[name] = value;
        }

        foreach (var argument in Arguments())
        {
            start.ArgumentList.Add(argument);
        }

        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        process.OutputDataReceived += (_, line) => Write(line.Data);
        process.ErrorDataReceived += (_, line) => Write(line.Data);
        process.Exited += (_, _) => _exited.TrySetResult(process.ExitCode);
        try
        {
            process.Start();
        }
        catch (Win32Exception fault)
        {
            process.Dispose();
            throw new InvalidOperationException($"{program} does not start: {fault.Message}", fault);
        }

        _process = process;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken kill)
    {
        if (_process is not { HasExited: false } process)
        {
            _exited.TrySetResult(0);
            return;
        }

        if (!OperatingSystem.IsWindows())
        {
            using var signal = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
            await signal.WaitForExitAsync(kill).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await process.WaitForExitAsync(kill).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Kill(process);
        await _exited.Task.ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            Kill(process);
            process.Dispose();
        }

        if (_folder is { } folder && Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        return ValueTask.CompletedTask;
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    private Dictionary<string, string> Variables()
    {
        var listen = context.Listen(port);
        var variables = context.Environment.Where(variable => variable.Key.StartsWith("QDRANT", StringComparison.Ordinal)).ToDictionary();
        variables["QDRANT__SERVICE__HOST"] = listen.Address.ToString();
        variables["QDRANT__SERVICE__HTTP_PORT"] = listen.Port.ToString(CultureInfo.InvariantCulture);
        variables["QDRANT__SERVICE__GRPC_PORT"] = context.Listen(GrpcPort).Port.ToString(CultureInfo.InvariantCulture);
        variables["QDRANT__CLUSTER__P2P__PORT"] = context.Listen(PeerPort).Port.ToString(CultureInfo.InvariantCulture);
        variables["QDRANT__STORAGE__STORAGE_PATH"] = context.RealPath("/qdrant/storage") ?? Path.Combine(_folder!, "storage");
        variables["QDRANT__STORAGE__SNAPSHOTS_PATH"] = context.RealPath("/qdrant/snapshots") ?? Path.Combine(_folder!, "snapshots");
        variables["QDRANT_INIT_FILE_PATH"] = Path.Combine(_folder!, ".qdrant-initialized");
        return variables;
    }

    private List<string> Arguments()
    {
        if (context.Environment.GetValueOrDefault("QDRANT__CLUSTER__ENABLED")?.ToLowerInvariant() is not ("true" or "1"))
        {
            return [];
        }

        var own = context.Listen(PeerPort);
        List<string> arguments = ["--uri", $"http://{own}"];
        if (!context.Pod.EndsWith("-0", StringComparison.Ordinal))
        {
            // The command is a script for a cluster's names; of them only that of the first pod matters.
            var first = FirstPod().Match(string.Join(' ', context.Command.Concat(context.Args)));
            var name = first.Success ? first.Groups["name"].Value : throw new InvalidOperationException("the container's command does not say where its first pod is (http://NAME-0.SERVICE:6335)");
            var found = context.Network.Find($"{name}.{context.Namespace}", PeerPort) ?? throw new InvalidOperationException($"the first pod, {name}, has no address yet");
            arguments.AddRange(["--bootstrap", $"http://{found}"]);
        }

        return arguments;
    }

    private void Write(string? line)
    {
        if (line is not null)
        {
            context.WriteLine(line);
        }
    }

    [GeneratedRegex(@"https?://(?<name>[a-z0-9-]+-0\.[a-z0-9-]+)[a-z0-9.-]*:6335")]
    private static partial Regex FirstPod();
}
