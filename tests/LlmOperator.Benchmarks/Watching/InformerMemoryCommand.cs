using System.Diagnostics;
using System.Net;
using LlmOperator.Benchmarks.Measuring;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Benchmarks.Watching;

/// <summary>
/// <c>informer-memory</c>: memory of a process whose informer holds many Deployments. What a server would send is made line by line by a handler below the client,
/// so that nothing but the reading and keeping takes memory.
/// </summary>
internal static class InformerMemoryCommand
{
    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        var count = arguments.Number("--count", 10_000);
        arguments.ThrowIfAnyLeft();
        using var client = new KubeClient(new ClusterConfiguration { Server = new Uri("https://deployments.invalid") }, new KubeClientOptions { Handler = new Server(count) });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var process = Process.GetCurrentProcess();
        var (empty, heap) = (Usage.Of(process), GC.GetTotalMemory(forceFullCollection: true));

        var began = Stopwatch.GetTimestamp();
        var informers = new InformerSet(client);
        var deployments = informers.Get<Deployment>();
        informers.Start(stop.Token);
        await informers.WaitForSyncAsync(stop.Token);
        var took = Stopwatch.GetElapsedTime(began);

        var full = Usage.Of(process);
        heap = GC.GetTotalMemory(forceFullCollection: true) - heap;
        var table = new Table("Deployments", "time to sync", "memory before", "memory after", "of its own", "peak", "heap an object");
        table.Add($"{deployments.Count}", Usage.Seconds(took), Usage.Megabytes(empty.Resident), Usage.Megabytes(full.Resident), Usage.Megabytes(full.Own), Usage.Megabytes(full.Peak), $"{(double)heap / count:0} bytes");
        table.Print(Console.Out);
        await stop.CancelAsync();
        return 0;
    }

    /// <summary>Answers every request with a streaming list that stays open.</summary>
    private sealed class Server(int count) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new Lines(count)), RequestMessage = request });
    }

    private sealed class Lines(int count) : Stream
    {
        private int _next;
        private ReadOnlyMemory<byte> _rest;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_rest.IsEmpty)
            {
                if (_next > count)
                {
                    await Task.Delay(Timeout.Infinite, cancellationToken);
                }

                _rest = _next < count ? DeploymentText.Line("ADDED", _next) : DeploymentText.EndOfList;
                _next++;
            }

            var length = Math.Min(buffer.Length, _rest.Length);
            _rest[..length].CopyTo(buffer);
            _rest = _rest[length..];
            return length;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
