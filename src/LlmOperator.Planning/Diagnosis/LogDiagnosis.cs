using System.Buffers;
using LlmOperator.Api.Endpoints;

namespace LlmOperator.Planning.Diagnosis;

/// <summary>Finds in the log of an engine why it ended.</summary>
public static class LogDiagnosis
{
    // Most lines are about nothing in the table; one pass tells them.
    private static readonly SearchValues<string> Texts = SearchValues.Create([.. LogPatterns.All.SelectMany(pattern => pattern.Texts)], StringComparison.OrdinalIgnoreCase);

    /// <summary>Values the endpoint's spec gives in plain to variables and arguments whose names say that they are secret.</summary>
    public static IReadOnlyList<string> Secrets(LlmEndpoint endpoint) => Redaction.PlainSecrets(endpoint.Spec?.Engine);

    /// <summary>
    /// What a log tells. The row that tells most counts, and of equals the first line: what follows an error (tracebacks of other processes, the engine's own summary) is its consequence.
    /// </summary>
    /// <param name="log">The log; of a long one the end is read.</param>
    /// <param name="secrets">Values that must not be shown.</param>
    public static LogFinding Of(string log, IReadOnlyList<string>? secrets = null)
    {
        var lines = LogText.Lines(log, secrets);
        (FailureCause Cause, LogWeight Weight)? best = null;
        for (var at = 0; at < lines.Count && best?.Weight != LogWeight.Exact; at++)
        {
            if (!lines[at].Text.AsSpan().ContainsAny(Texts))
            {
                continue;
            }

            foreach (var pattern in LogPatterns.All)
            {
                var weight = lines[at].IsError ? pattern.Weight : LogWeight.Symptom;
                if ((best is null || weight > best.Value.Weight) && pattern.Match(lines, at) is { } cause)
                {
                    best = (cause, weight);
                }
            }
        }

        return new() { Cause = best?.Cause, Weight = best?.Weight ?? LogWeight.Symptom, Excerpt = LogText.Excerpt(lines) };
    }
}
