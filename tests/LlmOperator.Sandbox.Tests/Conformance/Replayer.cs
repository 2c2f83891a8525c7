using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Conformance;

/// <summary>Sends a recording's requests to a sandbox and says where its answers differ. Seconds pass on the sandbox's clock only.</summary>
internal sealed class Replayer(SandboxServer server, ManualTimeProvider time, Func<Task> settle, CancellationToken cancellationToken) : IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);

    private readonly HttpClient _client = TestClient.For(server);
    private readonly Dictionary<string, string> _captured = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WatchReader> _watches = new(StringComparer.Ordinal);

    public async Task Run(Recording recording)
    {
        foreach (var request in recording.Setup)
        {
            using var response = await Send(request);
            if (!response.IsSuccessStatusCode && response.StatusCode != HttpStatusCode.Conflict)
            {
                Assert.Fail($"setup {request["path"]}: {response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}");
            }
        }

        for (var i = 0; i < recording.Steps.Count; i++)
        {
            if (await Step(recording.Steps[i]) is { } difference)
            {
                Assert.Fail($"step {i} {recording.Steps[i]["request"]?.ToJsonString()}\n{difference}");
            }
        }
    }

    public void Dispose()
    {
        foreach (var watch in _watches.Values)
        {
            watch.Dispose();
        }

        _client.Dispose();
    }

    private async Task<string?> Step(JsonObject step)
    {
        if (step["sleep"] is { } seconds)
        {
            await Pass(TimeSpan.FromSeconds(seconds.GetValue<double>()));
            return null;
        }

        if (step["expectEvents"] is { } expected)
        {
            return await _watches[expected.GetValue<string>()].Expect(step["events"]!.AsArray(), cancellationToken);
        }

        if (step["watch"] is { } name)
        {
            _watches[name.GetValue<string>()] = await WatchReader.Open(_client, Message(step["request"]!.AsObject()), cancellationToken);
            return null;
        }

        var deadline = time.GetUtcNow().AddSeconds(step["within"]?.GetValue<double>() ?? 0);
        while (true)
        {
            await settle();
            using var response = await Send(step["request"]!.AsObject());
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            if (step["until"] is not JsonObject until || Reached(until, response, text) || time.GetUtcNow() >= deadline)
            {
                return Compare(step, response, text);
            }

            await Pass(Tick);
        }
    }

    private async Task Pass(TimeSpan span)
    {
        for (var left = span; left > TimeSpan.Zero; left -= Tick)
        {
            await settle();
            time.Advance(left < Tick ? left : Tick);
        }

        await settle();
    }

    private static bool Reached(JsonObject until, HttpResponseMessage response, string text)
    {
        if (until["status"] is { } status)
        {
            return (int)response.StatusCode == status.GetValue<int>();
        }

        var (found, value) = Comparison.At(Json(text), until["pointer"]!.GetValue<string>());
        return found && JsonNode.DeepEquals(value, until["equals"]);
    }

    private string? Compare(JsonObject step, HttpResponseMessage response, string text)
    {
        var wanted = step["response"]!.AsObject();
        var status = wanted["status"]!.GetValue<int>();
        if ((int)response.StatusCode != status)
        {
            return $"status: wanted {status}, got {(int)response.StatusCode}: {text}";
        }

        if (wanted["contentType"]?.GetValue<string>() is { } type && response.Content.Headers.ContentType?.ToString().Replace(" ", "", StringComparison.Ordinal) != type.Replace(" ", "", StringComparison.Ordinal))
        {
            return $"content type: wanted {type}, got {response.Content.Headers.ContentType}";
        }

        if (wanted["warnings"] is JsonArray warnings)
        {
            string[] got = response.Headers.NonValidated.TryGetValues("Warning", out var values) ? [.. values] : [];
            if (!warnings.Select(warning => warning!.GetValue<string>()).SequenceEqual(got))
            {
                return $"warnings: wanted {warnings.ToJsonString()}, got {string.Join(" | ", got)}";
            }
        }

        foreach (var (name, pointer) in step["capture"] as JsonObject ?? [])
        {
            var (found, value) = Comparison.At(Json(text), pointer!.GetValue<string>());
            if (!found)
            {
                return $"nothing at {pointer} to capture in {text}";
            }

            _captured[name] = value!.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();
        }

        return wanted["compare"]!.GetValue<string>() switch
        {
            "exact" => Comparison.Whole(wanted["body"], Json(text), status >= 400),
            "select" => Comparison.Selected(wanted["select"]!.AsObject(), Json(text)),
            "text" => text == wanted["text"]!.GetValue<string>() ? null : $"text: got {text}",
            _ => null,
        };
    }

    private Task<HttpResponseMessage> Send(JsonObject request) => _client.SendAsync(Message(request), cancellationToken);

    private HttpRequestMessage Message(JsonObject request)
    {
        var message = new HttpRequestMessage(new HttpMethod(request["method"]!.GetValue<string>()), Replace(request["path"]!.GetValue<string>()))
        {
            Version = HttpVersion.Version20,
        };
        var text = request["raw"]?.GetValue<string>() ?? (request["body"] is { } body ? Replace(body.ToJsonString()) : null);
        var contentType = "application/json";
        foreach (var (name, value) in request["headers"] as JsonObject ?? [])
        {
            if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
            {
                contentType = value!.GetValue<string>();
            }
            else
            {
                message.Headers.TryAddWithoutValidation(name, value!.GetValue<string>());
            }
        }

        if (text is not null)
        {
            message.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
            message.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        }

        return message;
    }

    private string Replace(string text)
    {
        foreach (var (name, value) in _captured)
        {
            text = text.Replace($"${{{name}}}", value, StringComparison.Ordinal);
        }

        return text;
    }

    private static JsonNode? Json(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
