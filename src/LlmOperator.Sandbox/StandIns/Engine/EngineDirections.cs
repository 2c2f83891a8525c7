using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.StandIns.Engine;

/// <summary>
/// What the stand-in engine is told to play: by annotations of its pod, which are read at every request, or by its route <c>/stand-in/directions</c>, which goes before them.
/// </summary>
public sealed class EngineDirections
{
    /// <summary>Annotation: time each token takes, such as <c>20ms</c>.</summary>
    public const string TokenDelayAnnotation = "sandbox.llmops.dev/engine-token-delay";

    /// <summary>Annotation: how requests fail: an HTTP status, <c>Disconnect</c>, <c>Truncate</c> or <c>Hang</c>.</summary>
    public const string FailureAnnotation = "sandbox.llmops.dev/engine-failure";

    /// <summary>Annotation: share of the requests that fail, from 0 to 1; all when left out.</summary>
    public const string FailureRateAnnotation = "sandbox.llmops.dev/engine-failure-rate";

    /// <summary>Annotation: tokens of the longest request, in place of what the flags say.</summary>
    public const string ContextAnnotation = "sandbox.llmops.dev/engine-context-length";

    /// <summary>Annotation: least number of tokens of an answer that nothing else ends.</summary>
    public const string AnswerTokensAnnotation = "sandbox.llmops.dev/engine-answer-tokens";

    /// <summary>The breaks of a connection and the waits that can be told, besides HTTP statuses.</summary>
    internal static readonly string[] Failures = ["Disconnect", "Truncate", "Hang"];

    private readonly Func<string, string?> _annotation;

    internal EngineDirections(Func<string, string?> annotation) => _annotation = annotation;

    /// <summary>Directions of an engine without a pod.</summary>
    public EngineDirections()
        : this(static _ => null)
    {
    }

    /// <summary>Time each token takes.</summary>
    public TimeSpan TokenDelay { get => field > TimeSpan.Zero ? field : Clock.Duration(_annotation(TokenDelayAnnotation)) ?? TimeSpan.Zero; set; }

    /// <summary>How requests fail; null when they do not.</summary>
    public string? Failure { get => field ?? (_annotation(FailureAnnotation) is { } told && Problem(told) is null ? told : null); set; }

    /// <summary>Share of the requests that fail.</summary>
    public double FailureRate { get => field < 1 ? field : Share(_annotation(FailureRateAnnotation)) ?? 1; set; } = 1;

    /// <summary>Tokens of the longest request; null for what the flags say.</summary>
    public int? ContextLength { get => field ?? Count(_annotation(ContextAnnotation)); set; }

    /// <summary>Least number of tokens of an answer that nothing else ends; null for as many as it has.</summary>
    public int? AnswerTokens { get => field ?? Count(_annotation(AnswerTokensAnnotation)); set; }

    /// <summary>Time from the container's start until the port is opened.</summary>
    public TimeSpan StartTime { get => field > TimeSpan.Zero ? field : Clock.Duration(_annotation(PodDirections.StartSeconds)) ?? TimeSpan.Zero; set; }

    /// <summary>Takes what a request says; nothing when any of it is wrong.</summary>
    /// <returns>What is wrong; null when nothing is.</returns>
    internal string? Take(JsonObject told)
    {
        string[] known = ["tokenDelaySeconds", "failure", "failureRate", "contextLength", "answerTokens"];
        if (told.Select(entry => entry.Key).FirstOrDefault(key => !known.Contains(key)) is { } unknown)
        {
            return $"{unknown} is not known: write {string.Join(", ", known)}";
        }

        var (delay, rate) = (Amount(told["tokenDelaySeconds"]), Amount(told["failureRate"]));
        var problem = told["tokenDelaySeconds"] is not null && delay is not (>= 0 and <= 3600) ? "tokenDelaySeconds must be a number of seconds from 0 to 3600"
            : told["failureRate"] is not null && rate is not (>= 0 and <= 1) ? "failureRate must be a number from 0 to 1"
            : told["contextLength"] is not null && told.Integer("contextLength") is not (>= 1 and <= int.MaxValue) ? "contextLength must be a whole number above 0"
            : told["answerTokens"] is not null && told.Integer("answerTokens") is not (>= 1 and <= int.MaxValue) ? "answerTokens must be a whole number above 0"
            : told["failure"] is not null ? Problem(told.Text("failure") ?? told["failure"]!.ToJsonString())
            : null;
        if (problem is not null)
        {
            return problem;
        }

        if (told.ContainsKey("tokenDelaySeconds"))
        {
            TokenDelay = TimeSpan.FromSeconds(delay ?? 0);
        }

        if (told.TryGetPropertyValue("failure", out var failure))
        {
            Failure = failure is null ? null : failure.Text() ?? failure.ToJsonString();
        }

        if (told.ContainsKey("failureRate"))
        {
            FailureRate = rate ?? 1;
        }

        if (told.ContainsKey("contextLength"))
        {
            ContextLength = (int?)told.Integer("contextLength");
        }

        if (told.ContainsKey("answerTokens"))
        {
            AnswerTokens = (int?)told.Integer("answerTokens");
        }

        return null;
    }

    /// <summary>As the route shows it.</summary>
    internal JsonObject Show() => new()
    {
        ["tokenDelaySeconds"] = TokenDelay.TotalSeconds,
        ["failure"] = Failure,
        ["failureRate"] = FailureRate,
        ["contextLength"] = ContextLength,
        ["answerTokens"] = AnswerTokens,
    };

    private static string? Problem(string failure) =>
        Failures.Contains(failure) || (int.TryParse(failure, CultureInfo.InvariantCulture, out var status) && status is >= 400 and <= 599) ? null
            : $"failure is \"{failure}\": write an HTTP status from 400 to 599, or one of {string.Join(", ", Failures)}";

    private static double? Amount(JsonNode? value) => value is JsonValue && double.TryParse(value.ToJsonString(), CultureInfo.InvariantCulture, out var amount) ? amount : null;

    private static double? Share(string? text) => double.TryParse(text, CultureInfo.InvariantCulture, out var share) && share is >= 0 and <= 1 ? share : null;

    private static int? Count(string? text) => int.TryParse(text, CultureInfo.InvariantCulture, out var count) && count > 0 ? count : null;
}
