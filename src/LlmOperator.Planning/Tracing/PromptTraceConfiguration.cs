using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Json;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.Engines;

namespace LlmOperator.Planning.Tracing;

/// <summary>
/// The sidecar's configuration file, in a ConfigMap that never changes: its name holds a digest of the file. The sidecar reads the file when it starts, so another file takes other pods, which the
/// name in their template brings about; and a sidecar that starts again in a pod of an earlier revision finds what that pod was made for, with the secrets it has.
/// </summary>
internal static class PromptTraceConfiguration
{
    public const string FileName = "config.json";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, TypeInfoResolver = KubeJson.Default };

    public static ConfigMap ConfigMap(EndpointSettings settings) => new()
    {
        Metadata = EndpointObjects.Metadata(settings) with { Name = NameOf(settings) },
        Immutable = true,
        Data = new Dictionary<string, string> { [FileName] = Text(settings) },
    };

    public static string NameOf(EndpointSettings settings)
    {
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text(settings))))[..10];
        return $"{ObjectNames.Child(settings.Endpoint.Metadata.Name!)}-{PromptTraceSidecar.Name}-{digest}";
    }

    /// <summary>The file: everything that depends on the endpoint; the sidecar's defaults for the rest.</summary>
    public static string Text(EndpointSettings settings)
    {
        var spec = settings.Spec.PromptTrace ?? new();
        var file = new JsonObject
        {
            ["listen"] = $"0.0.0.0:{PromptTraceSidecar.PodPort(settings)}",
            ["admin"] = $"0.0.0.0:{PromptTraceSidecar.MetricsPort(settings)}",
            ["engine"] = new JsonObject
            {
                ["url"] = $"http://{EngineFacts.Host(settings)}:{EngineFacts.Port(settings)}",
                ["type"] = settings.Engine.Type.ToLowerInvariant(),
                ["healthPath"] = EngineFacts.HealthPath(settings),
            },
            ["endpoint"] = Filled(
                ("name", settings.Endpoint.Metadata.Name),
                ("namespace", settings.Endpoint.Metadata.Namespace),
                ("model", settings.Model.Metadata.Name),
                ("modelRevision", settings.Revision)),
            ["trace"] = new JsonObject { ["sampleRate"] = spec.SampleRate, ["captureContent"] = spec.CaptureContent },
            ["spool"] = new JsonObject { ["maxBytes"] = PromptTraceSidecar.SpoolBytes },
            ["exporters"] = new JsonArray([.. TraceExporters.Of(settings).Select(Exporter)]),
            ["shutdown"] = new JsonObject
            {
                ["delaySeconds"] = 0, // The signal comes after the engine's end, when every proxy has long forgotten the pod.
                ["graceSeconds"] = PromptTraceSidecar.GraceSeconds,
                ["flushSeconds"] = PromptTraceSidecar.FlushSeconds,
            },
        };
        if (spec.Redact is { } kinds)
        {
            file["trace"]!["redact"] = Texts(kinds.Order(StringComparer.Ordinal));
        }

        if (spec.RedactPatterns is { Count: > 0 } patterns)
        {
            file["trace"]!["redactPatterns"] = Texts(patterns);
        }

        return file.ToJsonString(Readable) + "\n";
    }

    private static JsonObject Exporter(TraceExporter exporter) => Filled(
        ("name", exporter.Name),
        ("type", exporter.Type),
        ("url", exporter.Url),
        ("encoding", exporter.Encoding),
        ("apiKeyEnv", exporter.ApiKeySecretRef is null ? null : TraceExporters.KeyVariable(exporter)),
        ("headersEnv", exporter.HeadersSecretRef is null ? null : TraceExporters.HeadersVariable(exporter)),
        ("workspace", exporter.Workspace),
        ("project", exporter.Project));

    private static JsonObject Filled(params ReadOnlySpan<(string Name, string? Value)> fields)
    {
        var section = new JsonObject();
        foreach (var (name, value) in fields)
        {
            if (value is not null)
            {
                section[name] = value;
            }
        }

        return section;
    }

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode?)text)]);
}
