using System.Globalization;
using System.Text;

namespace LlmOperator.Gateway.Balancing;

/// <summary>
/// A ring on which every pod has many places, so that a pod that comes or goes moves only its own share of the keys. All gateways of an endpoint make the same ring.
/// </summary>
internal sealed class HashRing
{
    private readonly ulong[] _places;
    private readonly int[] _pods;
    private readonly int _count;

    /// <summary>Makes a ring.</summary>
    /// <param name="pods">Names of the pods; the ring answers with their positions.</param>
    /// <param name="replication">Places of each.</param>
    public HashRing(IEnumerable<string> pods, int replication)
    {
        var places = pods.SelectMany((pod, index) => Enumerable.Range(0, replication).Select(number => (Place: Hash(string.Create(CultureInfo.InvariantCulture, $"{pod}#{number}")), Index: index))).Order().ToList();
        (_places, _pods) = ([.. places.Select(place => place.Place)], [.. places.Select(place => place.Index)]);
        _count = replication == 0 ? 0 : _pods.Length / replication;
    }

    /// <summary>A ring without pods.</summary>
    public static HashRing Empty { get; } = new([], 1);

    /// <summary>The pods in the order in which they follow a key on the ring, each once.</summary>
    public IEnumerable<int> From(ulong key)
    {
        var found = Array.BinarySearch(_places, key);
        var start = found < 0 ? ~found : found;
        var seen = new HashSet<int>(_count);
        for (var step = 0; step < _pods.Length && seen.Count < _count; step++)
        {
            if (seen.Add(_pods[(start + step) % _pods.Length]))
            {
                yield return _pods[(start + step) % _pods.Length];
            }
        }
    }

    /// <summary>A hash of a text that is the same in every process: FNV-1a, its bits mixed as splitmix64 does, as FNV alone leaves the upper ones of short texts alike.</summary>
    public static ulong Hash(string text)
    {
        var hash = 14695981039346656037UL;
        foreach (var octet in Encoding.UTF8.GetBytes(text))
        {
            hash = (hash ^ octet) * 1099511628211UL;
        }

        hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9UL;
        hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebUL;
        return hash ^ (hash >> 31);
    }
}
