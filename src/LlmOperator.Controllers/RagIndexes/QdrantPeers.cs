using System.Globalization;
using System.Text.RegularExpressions;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.RagIndexes;
using LlmOperator.Qdrant;

namespace LlmOperator.Controllers.RagIndexes;

/// <summary>
/// Finds which nodes of a cluster answer, and which never will again. A pod that comes back with an empty volume is another node under the address of the one before. Servers since 1.16 do not let it in while the one
/// before is in the cluster, and it ends with words that name that one; older ones let it in, and then two nodes have one address, of which the one that answers there lives.
/// </summary>
internal static partial class QdrantPeers
{
    /// <summary>The nodes of a cluster.</summary>
    /// <param name="index">Whose it is.</param>
    /// <param name="view">The cluster.</param>
    /// <param name="cancellationToken">Cancels requests.</param>
    public static async Task<List<QdrantPeer>> FindAsync(RagIndex index, ClusterView view, CancellationToken cancellationToken)
    {
        var pods = view.Running.GroupBy(pod => Ordinal(index, pod)).Where(group => group.Key is not null).ToDictionary(group => group.Key!.Value, group => group.First());
        bool IsUp(int? ordinal) => view.Ready >= view.Pods || ordinal is not { } number || (pods.TryGetValue(number, out var pod) && IsReady(pod));

        var found = new List<QdrantPeer>();
        foreach (var known in (view.Cluster.Peers ?? new Dictionary<string, Qdrant.Cluster.PeerInfo>())
            .Select(peer => (Id: ulong.Parse(peer.Key, CultureInfo.InvariantCulture), Ordinal: QdrantNames.Ordinal(index, peer.Value.Uri)))
            .GroupBy(peer => peer.Ordinal))
        {
            var ordinal = known.Key;
            var ids = known.Select(peer => peer.Id).ToList();
            HashSet<ulong> lost = [];
            if (ordinal is { } number && pods.TryGetValue(number, out var pod) && !IsReady(pod))
            {
                lost.UnionWith(ids.Where(Refusals(pod).Contains));
            }
            else if (ordinal is { } several && ids.Count > 1)
            {
                var living = await LivingAsync(view.Node(several), cancellationToken).ConfigureAwait(false);
                lost.UnionWith(ids.Where(id => living is not null && id != living));
            }

            found.AddRange(ids.Select(id => new QdrantPeer(id, ordinal, IsUp(ordinal) && !lost.Contains(id), lost.Contains(id))));
        }

        return found;
    }

    private static async Task<ulong?> LivingAsync(IQdrantClient node, CancellationToken cancellationToken)
    {
        try
        {
            return (await node.GetClusterAsync(cancellationToken).ConfigureAwait(false)).PeerId;
        }
        catch (QdrantException error) when (error.Kind is QdrantErrorKind.Unreachable)
        {
            return null; // Then nobody knows yet.
        }
    }

    private static int? Ordinal(RagIndex index, Pod pod) => QdrantNames.Ordinal(index, $"http://{pod.Metadata.Name}/");

    private static bool IsReady(Pod pod) => pod.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;

    /// <summary>Nodes that a pod is not let in for.</summary>
    private static IEnumerable<ulong> Refusals(Pod pod) =>
        (pod.Status?.ContainerStatuses ?? [])
            .SelectMany(container => new[] { container.State?.Terminated?.Message, container.LastState?.Terminated?.Message })
            .SelectMany(words => words is null ? [] : Taken().Matches(words).Select(match => ulong.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)));

    // "peer URI http://… already used by peer 123, remove it first …", and "URI is already registered by peer 123".
    [GeneratedRegex("already (?:used|registered) by peer ([0-9]{1,19})\\b")]
    private static partial Regex Taken();
}
