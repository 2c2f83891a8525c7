using LlmOperator.Api.Schema;

namespace LlmOperator.Api.RagIndexes;

/// <summary>What is done about a change that Qdrant cannot make in place: of a vector's size, distance, datatype or multivector, of a vector taken away, of shards and wal, and of embedding.model.</summary>
public sealed record MigrationSpec
{
    /// <summary>Automatic builds a new collection beside the old, fills and checks it, and switches the alias. Manual does nothing but report the condition SchemaConflict.</summary>
    [AllowedValues(MigrationMode.Automatic, MigrationMode.Manual)]
    [Default(MigrationMode.Automatic)]
    public string Mode { get; set; } = MigrationMode.Automatic;

    /// <summary>How long the old collection is kept after the switch, so that a change of the spec back switches back without copying: days, hours, minutes and seconds, for example 24h or 1d12h.</summary>
    [Length(32, 2)]
    [Pattern("^([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,9}s)?$")]
    [Default("24h")]
    public string RollbackWindow { get; set; } = "24h";

    /// <summary>Share of an exact search's results that the new collection's graph must find before the switch.</summary>
    [Bounds(0, 1)]
    [Default(0.9)]
    public double RecallThreshold { get; set; } = 0.9;

    /// <summary>Points whose neighbours are searched for that, chosen at random. 0 leaves the check out.</summary>
    [Bounds(0, 1000)]
    [Default(50)]
    public int SampleSize { get; set; } = 50;

    /// <summary>Most points copied in a second, for each collection, so that searches stay fast meanwhile.</summary>
    [Bounds(1, 1_000_000)]
    [Default(5000)]
    public int PointsPerSecond { get; set; } = 5000;

    /// <summary>Points of one request.</summary>
    [Bounds(1, 10_000)]
    [Default(256)]
    public int BatchSize { get; set; } = 256;
}

/// <summary>Values of <see cref="MigrationSpec.Mode"/>.</summary>
public static class MigrationMode
{
    /// <summary>A new collection is built, filled, checked and switched to.</summary>
    public const string Automatic = "Automatic";

    /// <summary>Nothing is done; the condition says what differs.</summary>
    public const string Manual = "Manual";
}
