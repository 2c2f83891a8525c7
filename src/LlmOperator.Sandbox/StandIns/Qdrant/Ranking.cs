namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>A point that was found.</summary>
/// <param name="Point">The point.</param>
/// <param name="Score">How well it matches, as shown.</param>
/// <param name="OrderValue">What it was ordered by.</param>
internal readonly record struct Hit(StoredPoint Point, double Score, double? OrderValue = null);

/// <summary>Makes one ranking of some.</summary>
internal static class Ranking
{
    /// <summary>Qdrant's constant of reciprocal rank fusion.</summary>
    public const int DefaultRankConstant = 2;

    /// <summary>By rank alone: 1 / (k + rank), ranks from 0.</summary>
    public static List<Hit> ByRank(IReadOnlyList<List<Hit>> rankings, int constant, IReadOnlyList<double>? weights) =>
        Sum(rankings, (_, ranking, at) => 1 / (((at + 1) / (weights?[ranking] ?? 1)) + constant - 1));

    /// <summary>By score, each ranking brought to 0 to 1 by its mean and three deviations on either side.</summary>
    public static List<Hit> ByDistribution(IReadOnlyList<List<Hit>> rankings)
    {
        var bounds = rankings.Select(ranking =>
        {
            var mean = ranking.Count == 0 ? 0 : ranking.Average(hit => hit.Score);
            var deviation = ranking.Count < 2 ? 0 : Math.Sqrt(ranking.Sum(hit => (hit.Score - mean) * (hit.Score - mean)) / (ranking.Count - 1));
            return (Low: mean - (3 * deviation), Width: 6 * deviation);
        }).ToList();
        return Sum(rankings, (hit, ranking, _) => bounds[ranking].Width == 0 ? 0.5 : (hit.Score - bounds[ranking].Low) / bounds[ranking].Width);
    }

    private static List<Hit> Sum(IReadOnlyList<List<Hit>> rankings, Func<Hit, int, int, double> score)
    {
        var sums = new Dictionary<PointKey, Hit>();
        for (var ranking = 0; ranking < rankings.Count; ranking++)
        {
            for (var at = 0; at < rankings[ranking].Count; at++)
            {
                var hit = rankings[ranking][at];
                var added = score(hit, ranking, at);
                sums[hit.Point.Id] = new(hit.Point, (sums.TryGetValue(hit.Point.Id, out var before) ? before.Score : 0) + added);
            }
        }

        return [.. sums.Values.OrderByDescending(hit => hit.Score).ThenBy(hit => hit.Point.Id)];
    }
}
