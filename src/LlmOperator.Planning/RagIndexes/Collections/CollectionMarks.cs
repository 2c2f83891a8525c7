using System.Globalization;
using System.Text.Json.Nodes;

namespace LlmOperator.Planning.RagIndexes.Collections;

/// <summary>What the operator keeps in the metadata of a collection.</summary>
public sealed record CollectionMarks
{
    /// <summary>Key of <see cref="Owner"/>.</summary>
    public const string OwnerKey = "llmops.dev/owner";

    /// <summary>Key of the generation's number, for people who look.</summary>
    public const string GenerationKey = "llmops.dev/generation";

    /// <summary>Key of <see cref="EmbeddingModel"/>.</summary>
    public const string EmbeddingModelKey = "llmops.dev/embedding-model";

    /// <summary>Key of <see cref="EmbeddingEndpoint"/>.</summary>
    public const string EmbeddingEndpointKey = "llmops.dev/embedding-endpoint";

    /// <summary>Key of <see cref="ReleasedAt"/>.</summary>
    public const string ReleasedKey = "llmops.dev/released-at";

    /// <summary>Key of <see cref="RetiredAt"/>.</summary>
    public const string RetiredKey = "llmops.dev/retired-at";

    /// <summary>Key of <see cref="Set"/>.</summary>
    public const string SetKey = "llmops.dev/set";

    /// <summary>Key of <see cref="Indexes"/>.</summary>
    public const string IndexesKey = "llmops.dev/payload-indexes";

    /// <summary>Key of <see cref="Migration"/>.</summary>
    public const string MigrationKey = "llmops.dev/migration";

    /// <summary>Key of <see cref="Snapshots"/>.</summary>
    public const string SnapshotsKey = "llmops.dev/final-snapshots";

    /// <summary>Mark of the index it belongs to.</summary>
    public string? Owner { get; init; }

    /// <summary>Model that made its vectors.</summary>
    public string? EmbeddingModel { get; init; }

    /// <summary>LlmEndpoint that serves that model; null when none is known.</summary>
    public string? EmbeddingEndpoint { get; init; }

    /// <summary>When its owner let go of it; null while it holds it.</summary>
    public DateTimeOffset? ReleasedAt { get; init; }

    /// <summary>When the alias moved on from it; null while it serves or is being built.</summary>
    public DateTimeOffset? RetiredAt { get; init; }

    /// <summary>Parameters and vectors the spec has set: what is not among them is not ours, and one that leaves the spec goes back to Qdrant's default.</summary>
    public IReadOnlySet<string> Set { get; init; } = new HashSet<string>();

    /// <summary>Fields whose payload indexes are ours.</summary>
    public IReadOnlySet<string> Indexes { get; init; } = new HashSet<string>();

    /// <summary>Set while it is being built.</summary>
    public MigrationRecord? Migration { get; init; }

    /// <summary>Snapshots there were before the one that is taken for its deletion, by node.</summary>
    public IReadOnlySet<string> Snapshots { get; init; } = new HashSet<string>();

    /// <summary>Reads the marks of a collection.</summary>
    /// <param name="metadata">Its metadata.</param>
    public static CollectionMarks Read(JsonObject? metadata) => new()
    {
        Owner = Text(metadata, OwnerKey),
        EmbeddingModel = Text(metadata, EmbeddingModelKey),
        EmbeddingEndpoint = Text(metadata, EmbeddingEndpointKey),
        ReleasedAt = Time(metadata, ReleasedKey),
        RetiredAt = Time(metadata, RetiredKey),
        Set = Texts(metadata, SetKey),
        Indexes = Texts(metadata, IndexesKey),
        Migration = MigrationRecord.Parse(metadata?[MigrationKey]),
        Snapshots = Texts(metadata, SnapshotsKey),
    };

    /// <summary>A list as it is kept: sorted, so that equal ones are written alike.</summary>
    /// <param name="texts">Its elements.</param>
    public static JsonArray List(IEnumerable<string> texts) => [.. texts.Order(StringComparer.Ordinal).Select(text => JsonValue.Create(text))];

    /// <summary>A moment as it is kept.</summary>
    /// <param name="time">The moment.</param>
    public static string Moment(DateTimeOffset time) => time.ToString("O", CultureInfo.InvariantCulture);

    private static string? Text(JsonObject? metadata, string key) => metadata?[key] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static DateTimeOffset? Time(JsonObject? metadata, string key) =>
        DateTimeOffset.TryParse(Text(metadata, key), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    private static HashSet<string> Texts(JsonObject? metadata, string key) =>
        metadata?[key] is JsonArray array ? [.. array.OfType<JsonValue>().Select(value => value.TryGetValue(out string? text) ? text : null).OfType<string>()] : [];
}
