namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>A collection: configuration, points, payload indexes, and where its shards are.</summary>
internal sealed class StoredCollection(string name, CollectionConfig config)
{
    private StoredPoint[]? _ordered;

    public string Name { get; } = name;

    public CollectionConfig Config { get; } = config;

    public Dictionary<PointKey, StoredPoint> Points { get; } = [];

    public PayloadIndexes Indexes { get; } = [];

    public ShardMap Shards { get; } = new();

    /// <summary>Number of the last operation.</summary>
    public ulong Operation { get; private set; }

    /// <summary>State in place of green.</summary>
    public string? Status { get; set; }

    /// <summary>What an optimiser failed with.</summary>
    public string? OptimizerError { get; set; }

    public RateLimiter Reads { get; } = new();

    public RateLimiter Writes { get; } = new();

    /// <summary>Points in the order of their ids.</summary>
    public StoredPoint[] Ordered() => _ordered ??= [.. Points.Values.OrderBy(point => point.Id)];

    /// <summary>Begins an operation that changes points.</summary>
    public ulong Change()
    {
        _ordered = null;
        return ++Operation;
    }

    /// <summary>Vectors that have an index: none while there are too few to be worth it.</summary>
    public long IndexedVectors()
    {
        var numbers = Points.Values.Sum(point => point.Vectors.Where(vector => vector.Value.Indices is null).Sum(vector => (long)vector.Value.Rows.Sum(row => row.Length)));
        var threshold = Config.Optimizers["indexing_threshold"]?.GetValue<int>() ?? 10000;
        return threshold == 0 || numbers * sizeof(float) / 1024 < threshold ? 0 : Points.Values.Sum(point => (long)point.Vectors.Count);
    }
}

/// <summary>Requests a minute.</summary>
internal sealed class RateLimiter
{
    private double _left = double.NaN;
    private DateTimeOffset _at;

    /// <summary>Takes one; how long to wait when there is none left.</summary>
    public TimeSpan? Take(long perMinute, DateTimeOffset now)
    {
        _left = double.IsNaN(_left) ? perMinute : Math.Min(perMinute, _left + ((now - _at).TotalMinutes * perMinute));
        _at = now;
        if (_left >= 1)
        {
            _left--;
            return null;
        }

        return TimeSpan.FromMinutes((1 - _left) / perMinute);
    }
}
