using System.Text.RegularExpressions;
using LlmOperator.Api.Endpoints;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.Tracing;

/// <summary>Rules of <c>spec.promptTrace</c> that a schema cannot hold. The sidecar would refuse to start on what breaks one, and the engine with it.</summary>
internal static class TraceRules
{
    public const string Reason = "PromptTraceInvalid";

    public static IEnumerable<SpecProblem> Check(PromptTraceSpec? spec)
    {
        foreach (var exporter in spec?.Exporters ?? [])
        {
            if (!Uri.TryCreate(exporter.Url, UriKind.Absolute, out var url) || url is not { Scheme: "http" or "https", UserInfo: "", Host.Length: > 0 })
            {
                yield return new(Reason, $"spec.promptTrace.exporters[{exporter.Name}].url is no address: set it to one such as http://collector.observability:4318, with credentials in apiKeySecretRef");
            }
            else if (url.Query.Length > 0 || url.Fragment.Length > 0)
            {
                yield return new(Reason, $"spec.promptTrace.exporters[{exporter.Name}].url must end with its path, to which that of the traces is added: remove what follows {(url.Query.Length > 0 ? "?" : "#")}");
            }
        }

        foreach (var (number, pattern) in (spec?.RedactPatterns ?? []).Index())
        {
            if (WhyNotMatched(pattern) is { } why)
            {
                yield return new(Reason, $"spec.promptTrace.redactPatterns[{number}] is not an expression that can be matched in linear time: {why}; correct it, without back references and look-around");
            }
        }
    }

    private static string? WhyNotMatched(string pattern)
    {
        try
        {
            _ = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            return null;
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            return error.Message.TrimEnd('.', ' ');
        }
    }
}
