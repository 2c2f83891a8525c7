using LlmOperator.Api.Common;
using LlmOperator.Api.Endpoints;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Tracing;

/// <summary>Where the traces of an endpoint go.</summary>
internal static class TraceExporters
{
    /// <summary>Name of the exporter to the operator's own receiver.</summary>
    private const string DefaultName = "default";

    /// <summary>The spec's exporters, or else the operator's receiver where it is told of one.</summary>
    public static IReadOnlyList<TraceExporter> Of(EndpointSettings settings) => Of(settings.Spec.PromptTrace, settings.DataPath.TraceEndpoint);

    /// <summary>The spec's exporters, or else the operator's receiver where it is told of one.</summary>
    public static IReadOnlyList<TraceExporter> Of(PromptTraceSpec? spec, Uri? receiver) =>
        spec?.Exporters is { Count: > 0 } own ? own
        : receiver is null ? []
        : [new() { Name = DefaultName, Url = receiver.AbsoluteUri }];

    /// <summary>Ports they are reached at.</summary>
    public static IEnumerable<int> Ports(EndpointSettings settings) =>
        Of(settings).Select(exporter => Uri.TryCreate(exporter.Url, UriKind.Absolute, out var url) ? url.Port : 0).Where(port => port > 0);

    /// <summary>Secrets they need.</summary>
    public static IEnumerable<string> SecretNames(TraceExporter exporter) => new[] { exporter.ApiKeySecretRef, exporter.HeadersSecretRef }.OfType<SecretKeyReference>().Select(secret => secret.Name);

    /// <summary>Variables with the keys of an exporter, which the configuration names: a secret is in no file and no object of the operator's.</summary>
    public static IEnumerable<EnvVar> Secrets(TraceExporter exporter)
    {
        if (exporter.ApiKeySecretRef is { } key)
        {
            yield return ModelVolume.FromSecret(KeyVariable(exporter), key.Name, key.Key);
        }

        if (exporter.HeadersSecretRef is { } headers)
        {
            yield return ModelVolume.FromSecret(HeadersVariable(exporter), headers.Name, headers.Key);
        }
    }

    public static string KeyVariable(TraceExporter exporter) => $"EXPORTER_{Word(exporter)}_KEY";

    public static string HeadersVariable(TraceExporter exporter) => $"EXPORTER_{Word(exporter)}_HEADERS";

    /// <summary>Names have no underscore, so that no two become the same word.</summary>
    private static string Word(TraceExporter exporter) => exporter.Name.Replace('-', '_').ToUpperInvariant();
}
