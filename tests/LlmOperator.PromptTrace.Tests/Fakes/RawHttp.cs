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
