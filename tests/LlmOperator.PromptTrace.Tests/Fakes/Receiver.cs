using System.Net;
using System.Text.Json.Nodes;
using LlmOperator.Inference.Tracing;

namespace LlmOperator.PromptTrace.Tests.Fakes;

/// <summary>Stands in for a receiver of traces in OTLP's JSON.</summary>
internal sealed class Receiver : HttpMessageHandler
{
    private readonly Lock _gate = new();
    private readonly List<JsonObject> _spans = [];

    public Func<HttpRequestMessage, HttpResponseMessage> Answer { get; set; } = static _ => new(HttpStatusCode.OK);

    /// <summary>Whether it leaves requests without an answer.</summary>
    public bool Hangs { get; set; }

    public IReadOnlyList<JsonObject> Spans
    {
        get
        {
            lock (_gate)
            {
                return [.. _spans];
            }
        }
    }

    /// <summary>All it was told, as it was told.</summary>
    public string Everything { get; private set; } = "";

    public JsonObject? Resource { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (Hangs)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        var body = await request.Content!.ReadAsStringAsync(cancellationToken);
        var answer = Answer(request);
        if (answer.IsSuccessStatusCode)
        {
            lock (_gate)
            {
                Everything += body;
                var resource = JsonNode.Parse(body)!["resourceSpans"]![0]!;
                Resource = resource["resource"]!.AsObject();
                _spans.AddRange(resource["scopeSpans"]![0]!["spans"]!.AsArray().Select(span => span!.AsObject()));
            }
        }

        return answer;
    }
}

/// <summary>Reading spans.</summary>
internal static class SpanReading
{
    /// <summary>An attribute's value: a text, a number, a yes or no, or a list; null when it is not there.</summary>
    public static object? Value(this JsonObject span, string key)
    {
        var value = span["attributes"]!.AsArray().SingleOrDefault(attribute => (string?)attribute!["key"] == key)?["value"];
        return (string?)value?["stringValue"] ?? (object?)(value?["intValue"] is { } whole ? long.Parse((string)whole!) : null) ?? (object?)(double?)value?["doubleValue"] ?? (object?)(bool?)value?["boolValue"]
            ?? value?["arrayValue"]?["values"]?.AsArray().Select(one => (string?)one!["stringValue"]).ToArray();
    }

    public static IEnumerable<string> Keys(this JsonObject span) => span["attributes"]!.AsArray().Select(attribute => (string)attribute!["key"]!);
}
