using LlmOperator.Inference.Hosting;
using LlmOperator.PromptTrace.Configuration;
using LlmOperator.PromptTrace.Hosting;
using LlmOperator.Sandbox.Hosting;

namespace LlmOperator.Cli;

/// <summary>
/// Runs prompt-trace in this process for the containers of its image. Its addresses become the pod's: what it opens on 0.0.0.0 and the inference server it reaches on 127.0.0.1 are
/// where the sandbox has them.
/// </summary>
internal sealed class SidecarHost(ContainerContext context) : IHostedContainer
{
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Sidecar? _sidecar;

    /// <summary>The host, by the name of the image.</summary>
    public static ContainerHost Registration { get; } = ContainerHost.ForImage("prompt-trace", context => new SidecarHost(context));

    /// <inheritdoc/>
    public Task<int> Exited => _exited.Task;

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Its own times are those of a process beside the cluster, however fast the cluster's clock runs.
            _sidecar = new Sidecar(Options(), context.Loggers);
            await _sidecar.StartAsync(cancellationToken);
        }
        catch (ConfigurationException wrong)
        {
            foreach (var problem in wrong.Problems)
            {
                context.WriteLine($"error: {problem}");
            }

            _exited.TrySetResult(ServerProgram.NotConfigured);
        }
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken kill)
    {
        if (_sidecar is { } sidecar)
        {
            await sidecar.StopAsync(kill);
            await sidecar.DisposeAsync();
        }

        _exited.TrySetResult(0);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync(new CancellationToken(canceled: true));

    private SidecarOptions Options()
    {
        string? Variable(string name) => context.Environment.GetValueOrDefault(name);
        if (Variable(SidecarOptions.FileVariable) is not { Length: > 0 } path || context.RealPath(path) is not { } file)
        {
            throw new ConfigurationException([$"the variable {SidecarOptions.FileVariable} must name a file of a mounted volume"]);
        }

        SidecarOptions options;
        try
        {
            options = SidecarConfiguration.Parse(File.ReadAllBytes(file), Variable);
        }
        catch (IOException fault)
        {
            throw new ConfigurationException([$"{path}: {fault.Message}"]);
        }

        return options with
        {
            Listen = context.Listen(options.Listen.Port),
            Admin = context.Listen(options.Admin.Port),
            Engine = new($"http://{context.Reach(options.Engine.Port)}"),
            SpoolDirectory = context.RealPath(options.SpoolDirectory) ?? throw new ConfigurationException([$"spool.directory is {options.SpoolDirectory}; mount a volume there"]),
        };
    }
}
