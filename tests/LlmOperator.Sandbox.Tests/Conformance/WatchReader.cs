using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace LlmOperator.Sandbox.Tests.Conformance;

/// <summary>Reads a watch in the background and keeps what it delivered.</summary>
internal sealed class WatchReader : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<JsonNode> _events = Channel.CreateUnbounded<JsonNode>();

    public static async Task<WatchReader> Open(HttpClient client, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        var reader = new WatchReader();
        _ = reader.Read(response);
        return reader;
    }

    /// <summary>Waits for as many events as are wanted and says where they differ.</summary>
    public async Task<string?> Expect(JsonArray wanted, CancellationToken cancellationToken)
    {
        for (var i = 0; i < wanted.Count; i++)
        {
            if (!await _events.Reader.WaitToReadAsync(cancellationToken) || !_events.Reader.TryRead(out var actual))
            {
                return $"the watch ended before event {i} {wanted[i]?.ToJsonString()}";
            }

            var selection = wanted[i]!.AsObject();
            var pointers = new JsonObject(selection.Where(field => field.Key.StartsWith('/')).Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone())));
            pointers["/type"] = selection["type"]!.DeepClone();
            if (Comparison.Selected(pointers, actual) is { } difference)
            {
                return $"event {i} {difference}\nin {actual.ToJsonString()}";
            }
        }

        return null;
    }

    public void Dispose() => _stop.Cancel();

    private async Task Read(HttpResponseMessage response)
    {
        try
        {
            using (response)
            {
                using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(_stop.Token));
                while (await lines.ReadLineAsync(_stop.Token) is { } line)
                {
                    _events.Writer.TryWrite(JsonNode.Parse(line)!);
                }
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException or HttpRequestException)
        {
            // The reader was stopped, or the server was: either way the stream is over.
        }

        _events.Writer.TryComplete();
    }
}
