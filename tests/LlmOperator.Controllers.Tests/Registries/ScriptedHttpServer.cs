using System.Net;
using System.Text;

namespace LlmOperator.Controllers.Tests.Registries;

/// <summary>A small HTTP server on the loopback address that answers as a test says.</summary>
internal sealed class ScriptedHttpServer : IDisposable
{
    private readonly HttpListener _listener;
    private readonly Func<HttpListenerRequest, (int Status, string Body, (string Name, string Value)[] Headers)> _answer;

    public ScriptedHttpServer(Func<HttpListenerRequest, (int Status, string Body, (string Name, string Value)[] Headers)> answer)
    {
        _answer = answer;
        (_listener, Port) = Listen();
        _ = ServeAsync();
    }

    public int Port { get; }

    public List<string> Requests { get; } = [];

    public void Dispose() => _listener.Close();

    /// <summary>The listener cannot choose a port by itself, nor be used again when one was taken.</summary>
    private static (HttpListener Listener, int Port) Listen()
    {
        for (var port = 20_000 + (Environment.ProcessId % 20_000); ; port++)
        {
            var listener = new HttpListener();
            listener.Prefixes.Add($"http://127.0.0.1:{port}/");
            try
            {
                listener.Start();
                return (listener, port);
            }
            catch (HttpListenerException) when (port < 65_000)
            {
                // Taken; the next one.
            }
        }
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                lock (Requests)
                {
                    Requests.Add($"{context.Request.HttpMethod} {context.Request.RawUrl}");
                }

                var (status, body, headers) = _answer(context.Request);
                var bytes = Encoding.UTF8.GetBytes(body);
                context.Response.StatusCode = status;
                foreach (var (name, value) in headers)
                {
                    context.Response.AddHeader(name, value);
                }

                if (context.Request.HttpMethod != "HEAD")
                {
                    context.Response.ContentLength64 = bytes.Length;
                    await context.Response.OutputStream.WriteAsync(bytes);
                }

                context.Response.Close();
            }
        }
        catch (Exception end) when (end is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // The test is over.
        }
    }
}
