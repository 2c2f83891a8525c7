using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LlmOperator.PromptTrace.Tests.Fakes;

/// <summary>Stands in for an inference server that speaks bytes, not HTTP: answers each connection with the same bytes and closes it.</summary>
internal sealed class RawEngine : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private Task _serving = Task.CompletedTask;

    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public static RawEngine Start(string answer)
    {
        var engine = new RawEngine();
        engine._listener.Start();
        engine._serving = engine.ServeAsync(Encoding.Latin1.GetBytes(answer));
        return engine;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task ServeAsync(byte[] answer)
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                var stream = client.GetStream();
                var buffer = new byte[65536];
                var request = new StringBuilder();
                int count;
                while (!request.ToString().Contains("\r\n\r\n", StringComparison.Ordinal) && (count = await stream.ReadAsync(buffer, _stop.Token)) > 0)
                {
                    request.Append(Encoding.Latin1.GetString(buffer, 0, count));
                }

                await stream.WriteAsync(answer, _stop.Token);
                client.Client.Shutdown(SocketShutdown.Send);

                // Closing with unread bytes would reset the connection and lose the answer.
                while (await stream.ReadAsync(buffer, _stop.Token) > 0)
                {
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or IOException)
        {
            // The test is over.
        }
    }
}
