using System.Net;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.Inference.Spooling;
using LlmOperator.PromptTrace.Hosting;
using LlmOperator.PromptTrace.Tests.Fakes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Receiver = LlmOperator.Gateway.Tests.Fakes.Receiver;

namespace LlmOperator.Gateway.Tests.WholePath;

/// <summary>A pod as the operator makes it: a sidecar, and an engine that is reached through it alone.</summary>
internal sealed class TracedPod : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("traced-pod");
    private readonly Receiver _receiver = new();
    private ScriptedEngine _engine = null!;
    private Sidecar _sidecar = null!;

    public Uri Url => new($"http://{_sidecar.Clients}");

    /// <summary>What became of the traces.</summary>
    public SpoolCounts Counts => _sidecar.Counts["test"];

    public static async Task<TracedPod> StartAsync(Bench bench, string endpoint, RequestDelegate answer, string revision = "chat-7")
    {
        var pod = new TracedPod { _engine = await ScriptedEngine.StartAsync(answer) };
        pod._sidecar = new(
            new()
            {
                Listen = new(IPAddress.Loopback, 0),
                Admin = new(IPAddress.Loopback, 0),
                Engine = pod._engine.Url,
                SpoolDirectory = pod._folder.FullName,
                Served = new() { Endpoint = endpoint, Namespace = Bench.Namespace, Revision = revision },
                Exporters = [new("test", new() { Address = new("http://receiver/v1/traces") })],
                ShutdownDelay = TimeSpan.Zero,
            },
            NullLoggerFactory.Instance,
            receivers: pod._receiver);
        await pod._sidecar.StartAsync(bench.Guard);
        bench.PutSlice(endpoint, pod.Url, revision: revision);
        return pod;
    }

    /// <summary>As when a pod is deleted, after the delay in which everybody hears of it: it refuses what still comes, ends what is running, and goes.</summary>
    public async Task StopAsync(Bench bench)
    {
        await _sidecar.StopAsync(bench.Guard);
        await _engine.StopAsync(bench.Guard);
    }

    public async ValueTask DisposeAsync()
    {
        await _sidecar.DisposeAsync();
        await _engine.DisposeAsync();
        _receiver.Dispose();
        _folder.Delete(recursive: true);
    }
}
