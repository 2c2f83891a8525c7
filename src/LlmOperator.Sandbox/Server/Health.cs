using System.Text;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Sandbox.Server;

/// <summary>Answers <c>/healthz</c>, <c>/livez</c> and <c>/readyz</c>, as a whole and check by check.</summary>
internal static class Health
{
    private static readonly string[] Checks = ["ping", "log", "etcd", "poststarthook/start-apiextensions-controllers", "poststarthook/crd-informer-synced"];

    /// <summary>Whether a path is one of these.</summary>
    public static bool Owns(string path) => path.Trim('/').Split('/')[0] is "healthz" or "livez" or "readyz";

    /// <summary>The answer: a server that answers is healthy.</summary>
    public static Task Answer(HttpContext context, string path)
    {
        var parts = path.Trim('/').Split('/', 2);
        if (parts.Length == 2)
        {
            return Checks.Contains(parts[1]) ? Reply.Text(context, 200, "ok") : Reply.PageNotFound(context);
        }

        if (!context.Request.Query.ContainsKey("verbose"))
        {
            return Reply.Text(context, 200, "ok");
        }

        var text = new StringBuilder();
        foreach (var check in Checks)
        {
            text.Append("[+]").Append(check).Append(" ok\n");
        }

        return Reply.Text(context, 200, text.Append(parts[0]).Append(" check passed\n").ToString());
    }
}
