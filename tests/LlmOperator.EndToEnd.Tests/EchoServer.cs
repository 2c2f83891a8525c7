using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace LlmOperator.EndToEnd.Tests;

/// <summary>
/// The worst a registry or a collector can be: whatever it is asked, its answer repeats all it was shown, in header and body. The status comes first in the path or in the host's name
/// before the rest: <c>/403/…</c>, or for a request of S3 the bucket <c>answers-403</c>, or an OCI repository <c>403/…</c>.
/// </summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _gate = new();
    private readonly StringBuilder _shown = new();
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private EchoServer(WebApplication app) => _app = app;

    public int Port { get; private set; }


    public static async Task<EchoServer> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var server = new EchoServer(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        server.Port = new Uri(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First()).Port;
        return server;
    }

    /// <summary>Waits until a client has shown something.</summary>
    public async Task ShownAsync(string text, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task more;
            lock (_gate)
            {
                if (_shown.ToString().Contains(text, StringComparison.Ordinal))
                {
                    return;
                }

                more = _more.Task;
            }

            await more.WaitAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var shown = string.Join(' ', request.Headers.Where(header => header.Key is not ("Host" or "User-Agent" or "Accept")).Select(header => $"{header.Key}: {header.Value}"));
        lock (_gate)
        {
            _shown.AppendLine(shown);
            _more.SetResult();
            _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        var path = request.Path.Value!;
        if (path.EndsWith("/token", StringComparison.Ordinal))
        {
            // An OCI registry's token server hands out what it was shown.
            await WriteAsync(200, $$"""{"token":"{{request.Headers.Authorization.ToString().Split(' ')[^1]}}"}""");
            return;
        }

        if (path.StartsWith("/v2/", StringComparison.Ordinal) && !request.Headers.Authorization.ToString().StartsWith("Bearer", StringComparison.Ordinal))
        {
            response.Headers.WWWAuthenticate = $"Bearer realm=\"http://127.0.0.1:{Port}/token\",service=\"{Escaped(shown)}\"";
            await WriteAsync(401, shown);
            return;
        }

        var status = path.Split('/', '-').Select(part => int.TryParse(part, out var code) ? code : 0).FirstOrDefault(code => code is >= 200 and < 600) is > 0 and var told ? told : 401;
        response.Headers["X-Error-Message"] = Escaped(shown);
        response.Headers["X-Error-Code"] = status == 403 ? "GatedRepo" : Escaped(shown);
        response.Headers.WWWAuthenticate = $"Bearer realm=\"{Escaped(shown)}\"";
        await WriteAsync(
            status,
            request.Headers.Authorization.ToString().StartsWith("AWS4", StringComparison.Ordinal)
                ? $"<Error><Code>{(status == 403 ? "AccessDenied" : status == 401 ? "InvalidAccessKeyId" : WebUtility.HtmlEncode(shown))}</Code><Message>{WebUtility.HtmlEncode(shown)}</Message><AWSAccessKeyId>{WebUtility.HtmlEncode(shown)}</AWSAccessKeyId></Error>"
                : $$"""{"error":"{{Escaped(shown)}}","id":"{{Escaped(shown)}}","sha":"{{Escaped(shown)}}","siblings":[{"rfilename":"{{Escaped(shown)}}.safetensors"}],"errors":[{"code":"DENIED","message":"{{Escaped(shown)}}"}]}""");

        async Task WriteAsync(int code, string body)
        {
            response.StatusCode = code;
            if (request.Method != "HEAD")
            {
                await response.Body.WriteAsync(Encoding.UTF8.GetBytes(body), context.RequestAborted);
            }
        }
    }

    private static string Escaped(string text) => text.Replace('"', '\'').Replace('\\', '/');
}
