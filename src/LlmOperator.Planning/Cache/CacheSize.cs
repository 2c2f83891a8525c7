using LlmOperator.Api.Models;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Planning.Cache;

/// <summary>How large a cache's volume is.</summary>
internal static class CacheSize
{
    private const long Gi = 1L << 30;

    // File systems keep a part for themselves: ext4 five per cent for root, its tables about one and a half more.
    private const decimal FileSystemShare = 1.08m;

    /// <summary>Bytes of all items; null when one is not known.</summary>
    public static long? Bytes(IReadOnlyList<CacheItem> items) => items.All(item => item.Bytes is not null) ? items.DistinctBy(item => item.Folder).Sum(item => item.Bytes!.Value) : null;

    /// <summary>Size of the volume: as given, else room for a revision beside the next one. A volume never shrinks. Null when nothing says how large it has to be.</summary>
    public static Quantity? Of(ModelCache cache, IReadOnlyList<CacheItem>? items, PersistentVolumeClaim? live)
    {
        var derived = items is not null && Bytes(items) is { } bytes
            ? Quantity.Parse($"{(long)Math.Ceiling(bytes * 2 * FileSystemShare / Gi) + 1}Gi")
            : (Quantity?)null;
        var present = live is null ? null : Requested(live);
        return ((cache.Size ?? derived), present) switch
        {
            (null, null) => null,
            ({ } wanted, null) => wanted,
            (null, { } there) => there,
            ({ } wanted, { } there) => wanted >= there ? wanted : there,
        };
    }

    /// <summary>Size a claim asks for.</summary>
    public static Quantity? Requested(PersistentVolumeClaim claim) => claim.Spec?.Resources?.Requests?.TryGetValue("storage", out var size) == true ? size : null;

    /// <summary>In MiB, for people.</summary>
    public static string MiB(long bytes) => $"{(bytes + (1 << 20) - 1) / (1 << 20):N0} MiB";
}
