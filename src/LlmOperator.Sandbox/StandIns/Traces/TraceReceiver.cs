using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Sandbox.StandIns.Traces;

/// <summary>
/// Stands in for a collector of traces: takes spans by OTLP over HTTP (protobuf and JSON, also compressed), keeps the last within a bound of memory, and shows them on a page.
/// </summary>
public sealed class TraceReceiver : IAsyncDisposable
{
    private const string ExportPath = "/v1/traces";
    private const int MostBodyBytes = 64 << 20;
    private const int MostListed = 200;

    private readonly TraceStore _store;
    private LoopbackServer _server = null!;

    private TraceReceiver(long mostBytes) => _store = new(mostBytes);

    /// <summary>Base address for senders, and the page for people.</summary>
    public Uri Address => _server.Address;

    /// <summary>Number of spans received so far.</summary>
    public long Received => _store.Received;

    /// <summary>Starts a receiver on the loopback address; it answers when this returns.</summary>
    /// <param name="port">Port; 0 takes a free one.</param>
    /// <param name="mostBytes">About how much memory the kept spans may take.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<TraceReceiver> StartAsync(int port = 0, long mostBytes = 64 << 20, CancellationToken cancellationToken = default)
    {
        var receiver = new TraceReceiver(mostBytes);
        receiver._server = await LoopbackServer.StartAsync(new(IPAddress.Loopback, port), MostBodyBytes, receiver.HandleAsync, cancellationToken).ConfigureAwait(false);
        return receiver;
    }

    /// <summary>The spans of a trace in order of their start; empty when it is not known.</summary>
    /// <param name="traceId">Trace, in hexadecimal digits.</param>
    public IReadOnlyList<ReceivedSpan> Trace(string traceId) => _store.Get(traceId);

    /// <summary>The last traces, newest first.</summary>
    public IReadOnlyList<IReadOnlyList<ReceivedSpan>> Recent() => _store.Recent(MostListed);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        await _server.DisposeAsync().ConfigureAwait(false);
    }

    private async Task HandleAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var path = request.Path.Value!;
        if (path.EndsWith(ExportPath, StringComparison.Ordinal))
        {
            await TakeAsync(request, response);
            return;
        }

        response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
        response.Headers.XContentTypeOptions = "nosniff";
        response.ContentType = "text/html; charset=utf-8";
        var spans = path.StartsWith("/traces/", StringComparison.Ordinal) ? _store.Get(path["/traces/".Length..]) : [];
        string page;
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            (response.StatusCode, page) = (StatusCodes.Status405MethodNotAllowed, TracePages.Absent());
        }
        else if (path == "/")
        {
            page = TracePages.List(_store.Recent(MostListed), _store.Received);
        }
        else if (spans.Count > 0)
        {
            page = TracePages.Trace(spans);
        }
        else
        {
            (response.StatusCode, page) = (StatusCodes.Status404NotFound, TracePages.Absent());
        }

        if (!HttpMethods.IsHead(request.Method))
        {
            await response.WriteAsync(page, Encoding.UTF8);
        }
    }

    private async Task TakeAsync(HttpRequest request, HttpResponse response)
    {
        var isJson = request.ContentType?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) == true;
        var problem = !HttpMethods.IsPost(request.Method) ? (StatusCodes.Status405MethodNotAllowed, "only POST")
            : !isJson && request.ContentType?.StartsWith("application/x-protobuf", StringComparison.OrdinalIgnoreCase) != true ? (StatusCodes.Status415UnsupportedMediaType, "write application/x-protobuf or application/json")
            : await ReadAsync(request, isJson);
        if (problem is var (status, message) && status != 0)
        {
            response.StatusCode = status;
            response.ContentType = "text/plain; charset=utf-8";
            await response.WriteAsync(message + "\n");
            return;
        }

        response.ContentType = isJson ? "application/json" : "application/x-protobuf";
        if (isJson)
        {
            await response.WriteAsync("{}");
        }
    }

    private async Task<(int Status, string Message)> ReadAsync(HttpRequest request, bool isJson)
    {
        try
        {
            var bytes = await BodyAsync(request);
            _store.Add((isJson ? OtlpJsonReader.Read(JsonNode.Parse(bytes)) : OtlpProtobufReader.Read(bytes)).Where(span => span.TraceId.Length == 32 && span.SpanId.Length == 16));
            return default;
        }
        catch (Exception fault) when (fault is InvalidDataException or JsonException or ArgumentException)
        {
            return (StatusCodes.Status400BadRequest, fault.Message);
        }
        catch (BadHttpRequestException fault)
        {
            return (fault.StatusCode, fault.Message);
        }
    }

    private static async Task<byte[]> BodyAsync(HttpRequest request)
    {
        await using var body = request.Headers.ContentEncoding.ToString() switch
        {
            "" or "identity" => request.Body,
            "gzip" => new GZipStream(request.Body, CompressionMode.Decompress),
            var other => throw new InvalidDataException($"Content-Encoding {other} is not known: use gzip"),
        };
        using var whole = new MemoryStream();
        var buffer = new byte[64 << 10];
        while (await body.ReadAsync(buffer, request.HttpContext.RequestAborted) is > 0 and var count)
        {
            // A small body may unpack to a large one.
            if (whole.Length + count > MostBodyBytes)
            {
                throw new BadHttpRequestException("the body is larger than 64 MiB", StatusCodes.Status413PayloadTooLarge);
            }

            whole.Write(buffer, 0, count);
        }

        return whole.ToArray();
    }
}
