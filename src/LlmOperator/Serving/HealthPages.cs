using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Serving;

/// <summary>A named check.</summary>
/// <param name="Name">Name in the path and in the list.</param>
/// <param name="Check">Why it fails; null when it passes.</param>
internal sealed record HealthCheck(string Name, Func<string?> Check);

/// <summary>The pages <c>/healthz</c> and <c>/readyz</c>, each check also as a page below, as Kubernetes' own components have them.</summary>
/// <param name="alive">Checks of whether the process works; a restart is the cure.</param>
/// <param name="ready">Checks of whether it can take over.</param>
internal sealed class HealthPages(IReadOnlyList<HealthCheck> alive, IReadOnlyList<HealthCheck> ready)
{
    public Task<HttpReply> AnswerAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            return Task.FromResult(HttpReply.OnlyRead);
        }

        var query = request.QueryString.Value?.TrimStart('?') ?? "";
        return Task.FromResult((request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries) switch
        {
            ["healthz"] => All("healthz", alive, query),
            ["readyz"] => All("readyz", ready, query),
            ["healthz", var name] => One(alive, name),
            ["readyz", var name] => One(ready, name),
            _ => HttpReply.NotFound,
        });
    }

    private static HttpReply All(string page, IReadOnlyList<HealthCheck> checks, string query)
    {
        var parameters = query.Split('&', StringSplitOptions.RemoveEmptyEntries);
        var excluded = parameters.Where(parameter => parameter.StartsWith("exclude=", StringComparison.Ordinal)).Select(parameter => Uri.UnescapeDataString(parameter["exclude=".Length..])).ToHashSet();
        var results = checks.Where(check => !excluded.Contains(check.Name)).Select(check => (check.Name, Failure: check.Check())).ToList();
        var failed = results.Any(result => result.Failure is not null);
        if (!failed && !parameters.Any(parameter => parameter is "verbose" || parameter.StartsWith("verbose=", StringComparison.Ordinal)))
        {
            return HttpReply.Ok("ok");
        }

        var text = new StringBuilder();
        foreach (var (name, failure) in results)
        {
            text.Append(failure is null ? $"[+]{name} ok\n" : $"[-]{name} failed: {failure}\n");
        }

        text.Append($"{page} check {(failed ? "failed" : "passed")}\n");
        return new(failed ? HttpStatusCode.InternalServerError : HttpStatusCode.OK, text.ToString());
    }

    private static HttpReply One(IReadOnlyList<HealthCheck> checks, string name) =>
        checks.FirstOrDefault(check => check.Name == name) is not { } found
            ? HttpReply.NotFound
            : found.Check() is { } failure ? new(HttpStatusCode.InternalServerError, $"{failure}\n") : HttpReply.Ok("ok");
}
