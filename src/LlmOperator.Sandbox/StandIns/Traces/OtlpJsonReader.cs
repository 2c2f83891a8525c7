using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.StandIns.Traces;

/// <summary>Reads the spans of an export request in JSON.</summary>
internal static class OtlpJsonReader
{
    /// <summary>The spans of a request.</summary>
    public static List<ReceivedSpan> Read(JsonNode? request)
    {
        var spans = new List<ReceivedSpan>();
        foreach (var resource in request.Objects("resourceSpans"))
        {
            var attributes = Attributes(resource["resource"]);
            var service = attributes.Find(attribute => attribute.Key == "service.name").Value ?? "";
            var pod = attributes.Where(attribute => attribute.Key == "k8s.pod.name").ToList();
            spans.AddRange(resource.Objects("scopeSpans").SelectMany(scope => scope.Objects("spans")).Select(span => new ReceivedSpan
            {
                TraceId = (span.Text("traceId") ?? "").ToLowerInvariant(),
                SpanId = (span.Text("spanId") ?? "").ToLowerInvariant(),
                ParentSpanId = (span.Text("parentSpanId") ?? "").ToLowerInvariant(),
                Service = service,
                Name = span.Text("name") ?? "",
                Kind = (int)(span.Integer("kind") ?? 0),
                Start = Number(span["startTimeUnixNano"]),
                End = Number(span["endTimeUnixNano"]),
                Attributes = [.. pod, .. Attributes(span)],
                Events = [.. span.Objects("events").Select(each => (each.Text("name") ?? "", Number(each["timeUnixNano"])))],
                IsError = span.Integer("status", "code") == 2,
                Error = span.Text("status", "message") ?? "",
            }));
        }

        return spans;
    }

    private static List<KeyValuePair<string, string>> Attributes(JsonNode? of) =>
        [.. of.Objects("attributes").Select(attribute => new KeyValuePair<string, string>(attribute.Text("key") ?? "", Value(attribute["value"])))];

    private static string Value(JsonNode? value)
    {
        if (value is not JsonObject { Count: > 0 } one)
        {
            return "";
        }

        var (kind, content) = one.First();
        return kind switch
        {
            "arrayValue" => string.Join(", ", content.Objects("values").Select(Value)),
            "kvlistValue" => string.Join(", ", content.Objects("values").Select(pair => $"{pair.Text("key")}: {Value(pair["value"])}")),
            _ => content.Text() ?? content?.ToJsonString() ?? "",
        };
    }

    // 64-bit numbers come as strings; some senders write them as numbers.
    private static long Number(JsonNode? value) => value.Integer() ?? (long.TryParse(value.Text(), CultureInfo.InvariantCulture, out var number) ? number : 0);
}
