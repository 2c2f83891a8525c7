using System.Diagnostics.Metrics;
using System.Text;

namespace LlmOperator.Telemetry;

/// <summary>The series of one metric name. A recording looks its labels up without allocating.</summary>
internal sealed class MetricFamily
{
    // Labels come from our own code, and are few but for those that name an object; a label that runs away is a bug that must not take the process with it.
    private const int MaxSeries = 50_000;
    private static readonly double[] DefaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly string _name;
    private readonly string? _help;
    private readonly MetricKind _kind;
    private readonly double[] _buckets;
    private readonly Lock _gate = new();
    private readonly Dictionary<KeyValuePair<string, object?>[], Series> _series = new(LabelComparer.Instance);
    private readonly Dictionary<KeyValuePair<string, object?>[], Series>.AlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>> _byLabels;

    public MetricFamily(Instrument instrument)
    {
        _help = instrument.Description;
        _byLabels = _series.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>();
        _kind = KindOf(instrument);
        _name = PrometheusText.NameOf(instrument.Name, instrument.Unit, _kind is MetricKind.Counter or MetricKind.ObservedCounter);
        _buckets = _kind == MetricKind.Histogram ? BucketsOf(instrument) : [];
    }

    private enum MetricKind
    {
        Counter,
        ObservedCounter,
        UpDownCounter,
        Gauge,
        ObservedGauge,
        Histogram,
    }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> labels)
    {
        lock (_gate)
        {
            if (!_byLabels.TryGetValue(labels, out var series))
            {
                if (_series.Count >= MaxSeries)
                {
                    return;
                }

                series = new Series { Buckets = _kind == MetricKind.Histogram ? new long[_buckets.Length] : null };
                _series.Add(labels.ToArray(), series);
            }

            switch (_kind)
            {
                case MetricKind.Histogram:
                    series.Count++;
                    series.Value += value;
                    var at = Array.BinarySearch(_buckets, value);
                    at = at < 0 ? ~at : at;
                    if (at < _buckets.Length)
                    {
                        series.Buckets![at]++;
                    }

                    break;
                case MetricKind.Counter or MetricKind.UpDownCounter:
                    series.Value += value;
                    break;
                default:
                    // Two observers of one name and label add up.
                    series.Value = _kind == MetricKind.Gauge ? value : series.Value + value;
                    break;
            }
        }
    }

    /// <summary>What is observed anew for each reading starts empty: a series nobody reports any more is gone.</summary>
    public void BeginCollection()
    {
        if (_kind is MetricKind.ObservedCounter or MetricKind.ObservedGauge)
        {
            lock (_gate)
            {
                _series.Clear();
            }
        }
    }

    public void Write(StringBuilder text)
    {
        lock (_gate)
        {
            if (_series.Count == 0)
            {
                return;
            }

            PrometheusText.Header(text, _name, _kind switch
            {
                MetricKind.Counter or MetricKind.ObservedCounter => "counter",
                MetricKind.Histogram => "histogram",
                _ => "gauge",
            }, _help);
            foreach (var (labels, series) in _series)
            {
                if (_kind == MetricKind.Histogram)
                {
                    WriteHistogram(text, labels, series);
                }
                else
                {
                    PrometheusText.Sample(text, _name, labels, series.Value);
                }
            }
        }
    }

    private void WriteHistogram(StringBuilder text, KeyValuePair<string, object?>[] labels, Series series)
    {
        long cumulative = 0;
        for (var i = 0; i < _buckets.Length; i++)
        {
            cumulative += series.Buckets![i];
            PrometheusText.Sample(text, _name + "_bucket", labels, cumulative, PrometheusText.Number(_buckets[i]));
        }

        PrometheusText.Sample(text, _name + "_bucket", labels, series.Count, "+Inf");
        PrometheusText.Sample(text, _name + "_sum", labels, series.Value);
        PrometheusText.Sample(text, _name + "_count", labels, series.Count);
    }

    private static MetricKind KindOf(Instrument instrument)
    {
        // The kinds are generic types over the number; their names are what is common to them.
        var name = instrument.GetType().Name;
        return name[..name.IndexOf('`', StringComparison.Ordinal)] switch
        {
            "Counter" => MetricKind.Counter,
            "ObservableCounter" => MetricKind.ObservedCounter,
            "UpDownCounter" => MetricKind.UpDownCounter,
            "Gauge" => MetricKind.Gauge,
            "Histogram" => MetricKind.Histogram,
            _ => MetricKind.ObservedGauge,
        };
    }

    private static double[] BucketsOf(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
        Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
        Histogram<int> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
        _ => DefaultBuckets,
    };

    private sealed class Series
    {
        public double Value { get; set; }

        public long Count { get; set; }

        public long[]? Buckets { get; init; }
    }

    private sealed class LabelComparer : IEqualityComparer<KeyValuePair<string, object?>[]>,
        IAlternateEqualityComparer<ReadOnlySpan<KeyValuePair<string, object?>>, KeyValuePair<string, object?>[]>
    {
        public static readonly LabelComparer Instance = new();

        public bool Equals(KeyValuePair<string, object?>[]? x, KeyValuePair<string, object?>[]? y) => Equals((ReadOnlySpan<KeyValuePair<string, object?>>)x, y!);

        public int GetHashCode(KeyValuePair<string, object?>[] obj) => GetHashCode((ReadOnlySpan<KeyValuePair<string, object?>>)obj);

        public bool Equals(ReadOnlySpan<KeyValuePair<string, object?>> alternate, KeyValuePair<string, object?>[] other)
        {
            if (alternate.Length != other.Length)
            {
                return false;
            }

            for (var i = 0; i < other.Length; i++)
            {
                if (alternate[i].Key != other[i].Key || !Equals(alternate[i].Value, other[i].Value))
                {
                    return false;
                }
            }

            return true;
        }

        public int GetHashCode(ReadOnlySpan<KeyValuePair<string, object?>> alternate)
        {
            var hash = default(HashCode);
            foreach (var (_, value) in alternate)
            {
                hash.Add(value);
            }

            return hash.ToHashCode();
        }

        public KeyValuePair<string, object?>[] Create(ReadOnlySpan<KeyValuePair<string, object?>> alternate) => alternate.ToArray();
    }
}
