using System.Text;

namespace LlmOperator.Inference.Spooling;

/// <summary>Where services for traces take OTLP over HTTP, and how they want to be told who sends.</summary>
public static class TraceService
{
    /// <summary>Any receiver of OTLP.</summary>
    public const string Otlp = "OTLP";

    /// <summary>Opik.</summary>
    public const string Opik = "Opik";

    /// <summary>Langfuse.</summary>
    public const string Langfuse = "Langfuse";

    private const string TracesPath = "/v1/traces";
    private const string LangfuseDoor = "/api/public/otel";
    private const string OpikDoor = "/v1/private/otel";

    /// <summary>The address of a service with the path traces are posted to; what of it is there already is not added again.</summary>
    /// <param name="type">Kind of service.</param>
    /// <param name="url">Its base address.</param>
    public static Uri Address(string type, Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        var path = url.AbsolutePath.TrimEnd('/');
        var missing = path.EndsWith(TracesPath, StringComparison.Ordinal) ? "" : type switch
        {
            Opik => OpikPath(path, url.Host),
            Langfuse => path.EndsWith(LangfuseDoor, StringComparison.Ordinal) ? TracesPath : LangfuseDoor + TracesPath,
            _ => TracesPath,
        };
        return new UriBuilder(url) { Path = path + missing }.Uri;
    }

    /// <summary>The headers a service wants.</summary>
    /// <param name="type">Kind of service.</param>
    /// <param name="key">Key: OTLP takes it as bearer token, Opik as it is, Langfuse (<c>PUBLIC:SECRET</c>) as basic credentials.</param>
    /// <param name="workspace">Workspace of Opik.</param>
    /// <param name="project">Project of Opik.</param>
    public static IEnumerable<KeyValuePair<string, string>> Headers(string type, string? key, string? workspace, string? project)
    {
        if (key is { Length: > 0 })
        {
            yield return new("Authorization", type switch
            {
                Opik => key,
                Langfuse => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(key)),
                _ => "Bearer " + key,
            });
        }

        if (type == Opik && workspace is { Length: > 0 })
        {
            yield return new("Comet-Workspace", workspace);
        }

        if (type == Opik && project is { Length: > 0 })
        {
            yield return new("projectName", project);
        }
    }

    /// <summary>Opik's OTLP door: below /api on a server of one's own, below /opik/api at comet.com.</summary>
    private static string OpikPath(string path, string host) =>
        path.EndsWith(OpikDoor, StringComparison.Ordinal) ? TracesPath
        : path.EndsWith("/api", StringComparison.Ordinal) ? OpikDoor + TracesPath
        : (path.Length == 0 && (host == "comet.com" || host.EndsWith(".comet.com", StringComparison.Ordinal)) ? "/opik/api" : "/api") + OpikDoor + TracesPath;
}
