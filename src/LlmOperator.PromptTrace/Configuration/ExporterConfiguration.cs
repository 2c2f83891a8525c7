using System.Text.RegularExpressions;
using LlmOperator.Inference.Spooling;
using LlmOperator.Inference.Tracing;

namespace LlmOperator.PromptTrace.Configuration;

/// <summary>The exporters: OTLP over HTTP each, with the paths and headers that Opik and Langfuse want.</summary>
internal sealed partial class SidecarConfiguration
{
    private List<Exporter> Exporters(IReadOnlyList<SidecarFile.ExporterSection?> sections)
    {
        var exporters = new List<Exporter>();
        foreach (var (number, section) in sections.Index())
        {
            if (Exporter($"exporters[{number}]", section ?? new()) is { } exporter)
            {
                if (exporters.Exists(other => other.Name == exporter.Name))
                {
                    _problems.Add($"exporters[{number}].name is \"{exporter.Name}\", which another exporter has");
                    continue;
                }

                exporters.Add(exporter);
            }
        }

        return exporters;
    }

    private Exporter? Exporter(string field, SidecarFile.ExporterSection section)
    {
        var before = _problems.Count;
        if (section.Name is not { } name || !FolderName().IsMatch(name))
        {
            _problems.Add($"{field}.name is \"{section.Name}\"; write 1 to 63 small letters, digits and hyphens");
            name = "";
        }

        if (!Uri.TryCreate(section.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0)
        {
            _problems.Add($"{field}.url is missing or no http or https address; credentials belong into a variable named by apiKeyEnv or headersEnv");
            url = new("http://127.0.0.1");
        }

        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (header, value) in section.Headers ?? new Dictionary<string, string?>())
        {
            AddHeader($"{field}.headers", headers, header, value ?? "");
        }

        AddHeaders(field, section.HeadersEnv, headers);
        var key = section.ApiKeyEnv is null ? null
            : _variable(section.ApiKeyEnv) is { Length: > 0 } found ? found.Trim()
            : Problem<string?>(null, $"{field}.apiKeyEnv names the variable {section.ApiKeyEnv}, which is not set");
        if (key is not null && key.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            key = Problem<string?>(null, $"{field}.apiKeyEnv: the value of {section.ApiKeyEnv} has characters that may not stand in a header");
        }

        var type = section.Type ?? TraceService.Otlp;
        if (type is not (TraceService.Otlp or TraceService.Opik or TraceService.Langfuse))
        {
            _problems.Add($"{field}.type is \"{section.Type}\"; write OTLP, Opik or Langfuse");
            return null;
        }

        if (type == TraceService.Langfuse && key is not null && !key.Contains(':', StringComparison.Ordinal))
        {
            _problems.Add($"{field}.apiKeyEnv: Langfuse wants PUBLIC-KEY:SECRET-KEY in {section.ApiKeyEnv}");
        }

        foreach (var (header, value) in TraceService.Headers(type, key, section.Workspace, section.Project))
        {
            headers[header] = value;
        }

        ITraceEncoding encoding = section.Encoding switch
        {
            null or "protobuf" => new OtlpProtobuf(),
            "json" => new OtlpJson(),
            _ => Problem<ITraceEncoding>(new OtlpProtobuf(), $"{field}.encoding is \"{section.Encoding}\"; write protobuf or json"),
        };
        var timeout = Time($"{field}.timeoutSeconds", section.TimeoutSeconds, TimeSpan.FromSeconds(10), isZeroAllowed: false);
        return _problems.Count > before ? null : new(name, new Receiver { Address = TraceService.Address(type, url), Headers = headers, Encoding = encoding, Timeout = timeout });
    }

    /// <summary>The form of OTEL_EXPORTER_OTLP_HEADERS: <c>name=value,name=value</c>, values percent-encoded.</summary>
    private void AddHeaders(string field, string? variable, Dictionary<string, string> headers)
    {
        if (variable is null)
        {
            return;
        }

        if (_variable(variable) is not { Length: > 0 } text)
        {
            _problems.Add($"{field}.headersEnv names the variable {variable}, which is not set");
            return;
        }

        foreach (var pair in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at < 1)
            {
                // The pair itself may be a secret and is not told.
                _problems.Add($"{field}.headersEnv: {variable} must be a list of NAME=VALUE, separated by commas");
                continue;
            }

            AddHeader($"{field}.headersEnv: {variable}", headers, pair[..at].Trim(), Uri.UnescapeDataString(pair[(at + 1)..].Trim()));
        }
    }

    private void AddHeader(string field, Dictionary<string, string> headers, string name, string value)
    {
        if (!HeaderName().IsMatch(name) || value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            _problems.Add($"{field}: the header \"{name}\" has a name or a value that is not allowed in HTTP");
            return;
        }

        headers[name] = value;
    }

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    private static partial Regex FolderName();

    [GeneratedRegex("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
    private static partial Regex HeaderName();
}
