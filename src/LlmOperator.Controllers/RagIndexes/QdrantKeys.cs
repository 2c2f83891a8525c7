using System.Security.Cryptography;
using System.Text;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Controllers.Caching;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Endpoints;
using LlmOperator.Planning.RagIndexes;

namespace LlmOperator.Controllers.RagIndexes;

/// <summary>
/// API keys of managed Qdrants, in one Secret a namespace: made once, never rewritten, made anew when somebody deleted them. Each index owns its own entries of it, under a field manager of its own.
/// </summary>
internal sealed class QdrantKeys(OperatorCaches caches, IKubeClient client)
{
    private const int KeyLetters = 48;

    /// <summary>The key of an index, made when there is none.</summary>
    public async Task<string> KeepAsync(RagIndex index, CancellationToken cancellationToken)
    {
        var (key, readOnly) = (QdrantNames.Key(index.Metadata.Name!), QdrantNames.ReadOnlyKey(index.Metadata.Name!));
        var name = new ObjectKey(index.Metadata.Namespace, QdrantNames.Keys);
        var live = caches.QdrantKeys.Get(name);
        if (Find(live, key) is { } known && Find(live, readOnly) is not null)
        {
            return known;
        }

        var made = Find(live, key) ?? New();
        var written = await client.ApplyAsync(
            new Secret
            {
                Metadata = new()
                {
                    Name = name.Name,
                    Namespace = name.Namespace,
                    Labels = new SortedDictionary<string, string>(StringComparer.Ordinal)
                    {
                        [ObjectNames.ComponentLabel] = QdrantNames.Component,
                        ["app.kubernetes.io/managed-by"] = ObjectNames.ManagedBy,
                        ["app.kubernetes.io/part-of"] = ObjectNames.ManagedBy,
                    },
                    OwnerReferences = [new() { ApiVersion = RagIndex.Resource.ApiVersion, Kind = RagIndex.Resource.Kind, Name = index.Metadata.Name!, Uid = index.Metadata.Uid! }],
                },
                Data = new SortedDictionary<string, byte[]>(StringComparer.Ordinal)
                {
                    [key] = Encoding.UTF8.GetBytes(made),
                    [readOnly] = Encoding.UTF8.GetBytes(Find(live, readOnly) ?? New()),
                },
            },
            new() { FieldManager = $"{FieldManagers.Operator}-{index.Metadata.Name}", Force = true },
            cancellationToken).ConfigureAwait(false);
        caches.QdrantKeys.Wrote(written);
        return made;
    }

    /// <summary>The key of an index; null when there is none.</summary>
    public string? Find(RagIndex index) => Find(caches.QdrantKeys.Get(new(index.Metadata.Namespace, QdrantNames.Keys)), QdrantNames.Key(index.Metadata.Name!));

    private static string New() => RandomNumberGenerator.GetHexString(KeyLetters, lowercase: true);

    private static string? Find(Secret? secret, string key) => secret?.Data?.TryGetValue(key, out var value) == true && value.Length > 0 ? Encoding.UTF8.GetString(value).Trim() : null;
}
