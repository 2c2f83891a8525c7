using LlmOperator.Gateway.Configuration;
using LlmOperator.Inference.Hosting;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Qdrant;
using LlmOperator.Sandbox.Hosting;

namespace LlmOperator.Cli;

/// <summary>Runs the gateway in this process for the containers of its image: what it opens on 0.0.0.0 is opened on the pod's address.</summary>
/// <param name="context">What the container finds.</param>
/// <param name="kubeconfig">The sandbox's kubeconfig, in place of a service account's token.</param>
internal sealed class GatewayHost(ContainerContext context, string kubeconfig) : IHostedContainer
{
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Names of Services are the cluster's, and this process stands beside it.
    private readonly HttpClient _qdrant = new(new SocketsHttpHandler { ConnectCallback = context.Network.ConnectAsync, UseProxy = false, UseCookies = false, AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };
    private Gateway.Gateway? _gateway;

    /// <summary>The host, by the name of the image.</summary>
    public static ContainerHost Registration(string kubeconfig) => ContainerHost.ForImage("gateway", context => new GatewayHost(context, kubeconfig));

    /// <inheritdoc/>
    public Task<int> Exited => _exited.Task;

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        GatewayOptions? options = null;
        var parsed = GatewayCommand.Create(given =>
        {
            options = given;
            return Task.FromResult(0);
        }).Parse(context.Args);
        await parsed.InvokeAsync(new() { Output = TextWriter.Null, Error = TextWriter.Null }, cancellationToken);
        var problems = parsed.Errors.Select(problem => problem.Message).ToList();
        if (options is not null && context.RealPath(options.SpoolDirectory) is null)
        {
            problems.Add($"--spool-directory is {options.SpoolDirectory}; mount a volume there");
        }

        if (options is null || problems.Count > 0)
        {
            problems.ForEach(problem => context.WriteLine($"error: {problem}"));
            _exited.TrySetResult(ServerProgram.NotConfigured);
            return;
        }

        try
        {
            // Its own times are those of a process beside the cluster, however fast the cluster's clock runs.
            _gateway = new(
                options with
                {
                    Listen = context.Listen(options.Listen.Port),
                    Admin = context.Listen(options.Admin.Port),
                    Kubeconfig = kubeconfig,
                    SpoolDirectory = context.RealPath(options.SpoolDirectory)!,
                },
                context.Loggers,
                qdrant: connection => new QdrantClient(_qdrant, connection, TimeProvider.System));
            await _gateway.StartAsync(cancellationToken);
        }
        catch (Exception fault) when (fault is IOException or ClusterConfigurationException)
        {
            context.WriteLine($"error: {fault.Message}");
            _exited.TrySetResult(ServerProgram.NotConfigured);
        }
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken kill)
    {
        if (_gateway is { } gateway)
        {
            await gateway.StopAsync(kill);
            await gateway.DisposeAsync();
        }

        _exited.TrySetResult(0);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true));
        _qdrant.Dispose();
    }
}
