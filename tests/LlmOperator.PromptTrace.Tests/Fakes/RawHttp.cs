using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LlmOperator.PromptTrace.Tests.Fakes;

/// <summary>A client that writes what it is given and reads until the end.</summary>
internal static class RawHttp
{
    public static async Task<string> SendAsync(Bench bench, string request, string? afterContinue = null, bool halfClose = false)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(bench.Sidecar.Clients, bench.Guard);
        var stream = client.GetStream();
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(request), bench.Guard);
            if (halfClose)
            {
                client.Client.Shutdown(SocketShutdown.Send);
            }

            int count;
            while ((count = await stream.ReadAsync(buffer, bench.Guard)) > 0)
            {
                answer.Append(Encoding.Latin1.GetString(buffer, 0, count));
                if (afterContinue is not null && answer.ToString().Contains("100 Continue\r\n\r\n", StringComparison.Ordinal))
                {
                    await stream.WriteAsync(Encoding.Latin1.GetBytes(afterContinue), bench.Guard);
                    afterContinue = null;
                }
            }
        }
        catch (IOException)
        {
            // Reset: what came until then is what there is.
        }

        return answer.ToString();
    }
}

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
        _listener.Stop();
        await _serving;
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

/// <summary>A body that is written in steps.</summary>
internal sealed class StepByStep(Func<Stream, Task> write) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => write(stream);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
