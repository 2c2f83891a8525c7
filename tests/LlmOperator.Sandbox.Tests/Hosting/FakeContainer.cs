using System.Net.Sockets;
using System.Text;
using LlmOperator.Sandbox.Hosting;

namespace LlmOperator.Sandbox.Tests.Hosting;

/// <summary>A container of a test: answers HTTP on a port with what the test says, and ends when told.</summary>
internal sealed class FakeContainer(ContainerContext context, int port) : IHostedContainer
{
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TcpListener? _listener;

    public ContainerContext Context => context;

    public Task<int> Exited => _exited.Task;

    public int Status { get; set; } = 200;

    public bool IgnoresSignal { get; set; }

    public bool WasKilled { get; private set; }

    public List<string> Order { get; init; } = [];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lock (Order)
        {
            Order.Add($"start {context.Container}");
        }

        context.WriteLine($"{context.Container} runs");
        _listener = new TcpListener(context.Listen(port));
        _listener.Start();
        _ = AnswerAsync(_listener);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken kill)
    {
        lock (Order)
        {
            Order.Add($"stop {context.Container}");
        }

        if (IgnoresSignal)
        {
            await Task.Delay(Timeout.Infinite, kill).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            WasKilled = true;
        }

        Exit(0);
    }

    public void Exit(int code)
    {
        _listener?.Stop();
        _exited.TrySetResult(code);
    }

    public ValueTask DisposeAsync()
    {
        Exit(0);
        return ValueTask.CompletedTask;
    }

    private async Task AnswerAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync();
                var stream = client.GetStream();
                await stream.ReadAtLeastAsync(new byte[4096], 1, throwOnEndOfStream: false);
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {Status} Told\r\nContent-Length: {context.Pod.Length}\r\nConnection: close\r\n\r\n{context.Pod}"));
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException or IOException)
        {
            // The test has stopped it.
        }
    }
}
