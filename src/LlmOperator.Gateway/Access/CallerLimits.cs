using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOperator.Gateway.Access;

/// <summary>What callers may ask for in a minute, as the data key limits.json of the keys' Secret says it.</summary>
internal sealed record CallerLimits
{
    /// <summary>For callers that are not named.</summary>
    public CallerLimit? Default { get; init; }

    /// <summary>By caller.</summary>
    public IReadOnlyDictionary<string, CallerLimit> Callers { get => field ?? new Dictionary<string, CallerLimit>(); init; }

    /// <summary>The limit of a caller; null for none.</summary>
    public CallerLimit? Of(string caller) => Callers.GetValueOrDefault(caller) ?? Default;

    /// <summary>Reads limits.</summary>
    /// <exception cref="JsonException">They are not as they should be.</exception>
    public static CallerLimits Parse(ReadOnlySpan<byte> json)
    {
        var limits = JsonSerializer.Deserialize(json, CallerLimitsJson.Default.CallerLimits) ?? throw new JsonException("it is null; write an object");
        foreach (var (caller, limit) in limits.Callers.Append(new("default", limits.Default ?? new())))
        {
            if (limit is null || limit.RequestsPerMinute <= 0 || limit.TokensPerMinute <= 0)
            {
                throw new JsonException($"the limits of {caller} must be numbers above 0");
            }
        }

        return limits;
    }
}

/// <summary>What a caller may ask for in a minute.</summary>
internal sealed record CallerLimit
{
    /// <summary>Requests; null for no limit.</summary>
    public double? RequestsPerMinute { get; init; }

    /// <summary>Tokens of prompts and answers together; null for no limit.</summary>
    public double? TokensPerMinute { get; init; }
}

/// <summary>How limits are read. A name that is not known is an error: a misspelt limit would be none.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true)]
[JsonSerializable(typeof(CallerLimits))]
internal sealed partial class CallerLimitsJson : JsonSerializerContext;
