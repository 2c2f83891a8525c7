using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOperator.Api.Models;

namespace LlmOperator.Planning.Cache;

/// <summary>A line of a fetch's log by which the operator follows it.</summary>
/// <param name="Bytes">Bytes fetched.</param>
/// <param name="TotalBytes">Bytes there are to fetch.</param>
public sealed record FetchProgress(long Bytes, long TotalBytes)
{
    /// <summary>Share done, in per cent.</summary>
    [JsonIgnore]
    public int Percent => TotalBytes <= 0 ? 0 : (int)Math.Clamp(Bytes * 100m / TotalBytes, 0, 100);

    /// <summary>The line of the log.</summary>
    public string ToLine() => JsonSerializer.Serialize(this, CacheJson.Default.FetchProgress);

    /// <summary>The last progress a log tells of; null when it tells of none.</summary>
    public static FetchProgress? LastOf(string log)
    {
        foreach (var line in log.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Reverse())
        {
            if (!line.StartsWith('{'))
            {
                continue;
            }

            try
            {
                if (JsonSerializer.Deserialize(line, CacheJson.Default.FetchProgress) is { TotalBytes: > 0 } progress)
                {
                    return progress;
                }
            }
            catch (JsonException)
            {
                continue; // A line cut off by the limit on what is read.
            }
        }

        return null;
    }
}

/// <summary>What a fetch is told to bring: an argument of its command line.</summary>
public sealed record FetchItem
{
    /// <summary>Folder to fill.</summary>
    public required string Folder { get; init; }

    /// <summary>Where from.</summary>
    public required ModelSource Source { get; init; }

    /// <summary>Revision to fetch.</summary>
    public required string Revision { get; init; }

    /// <summary>Start of the names of the environment variables that hold its credentials.</summary>
    public required string Credentials { get; init; }

    /// <summary>The argument.</summary>
    public string ToArgument() => JsonSerializer.Serialize(this, CacheJson.Default.FetchItem);

    /// <summary>Reads an argument.</summary>
    /// <exception cref="JsonException">It is not one.</exception>
    public static FetchItem Parse(string argument) =>
        JsonSerializer.Deserialize(argument, CacheJson.Default.FetchItem) ?? throw new JsonException("an item to fetch is a JSON object");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(FetchProgress))]
[JsonSerializable(typeof(FetchItem))]
internal sealed partial class CacheJson : JsonSerializerContext;
