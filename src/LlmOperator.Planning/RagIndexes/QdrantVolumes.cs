using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Planning.RagIndexes;

/// <summary>What becomes of the volumes of a managed Qdrant.</summary>
/// <param name="Templates">Claims the StatefulSet is to be asked for with: what it has, as long as it cannot be made anew.</param>
/// <param name="Grow">Claims that are to be larger, with their size.</param>
/// <param name="MakeAnew">Whether the StatefulSet has to be deleted, without its pods, and made anew: its claims cannot be changed.</param>
/// <param name="Problem">Why the volumes stay as they are; null when nothing is in the way.</param>
public sealed record QdrantVolumePlan(IReadOnlyList<PersistentVolumeClaim> Templates, IReadOnlyList<(PersistentVolumeClaim Claim, Quantity Size)> Grow, bool MakeAnew, SpecProblemText? Problem);

/// <summary>A reason and a message of a condition.</summary>
/// <param name="Reason">One CamelCase word.</param>
/// <param name="Message">What is the case and what to change.</param>
public sealed record SpecProblemText(string Reason, string Message);

/// <summary>
/// Volumes of a managed Qdrant: made by the StatefulSet, grown by the operator. A StatefulSet's claims are immutable, so after the claims there are have been told their new size it is deleted, its pods
/// staying, and made anew with the new size.
/// </summary>
internal static class QdrantVolumes
{
    private static readonly Quantity Usual = Quantity.Parse("10Gi");

    public static QdrantVolumePlan Plan(RagIndex index, ManagedQdrant managed, StatefulSet? live, IReadOnlyList<PersistentVolumeClaim> claims)
    {
        var wanted = Wanted(index, managed);
        if (live?.Spec?.VolumeClaimTemplates is not { } present)
        {
            return new(wanted, [], false, null);
        }

        foreach (var template in wanted)
        {
            if (present.FirstOrDefault(had => had.Metadata.Name == template.Metadata.Name) is { } had && Size(template) < Size(had))
            {
                var field = template.Metadata.Name == QdrantPod.StorageVolume ? "size" : "snapshots.size";
                return new(
                    AsTheyAre(wanted, present), [], false,
                    new("CannotShrink", $"spec.qdrant.managed.storage.{field} is {Size(template)} and the volumes have {Size(had)}: a volume cannot shrink; set it to {Size(had)} or more, or create a second RagIndex and move the data"));
            }
        }

        var grow = new List<(PersistentVolumeClaim, Quantity)>();
        foreach (var template in wanted)
        {
            var prefix = $"{template.Metadata.Name}-{live.Metadata.Name}-";
            grow.AddRange(claims
                .Where(claim => claim.Metadata.Name!.StartsWith(prefix, StringComparison.Ordinal) && int.TryParse(claim.Metadata.Name.AsSpan(prefix.Length), out _) && claim.Metadata.DeletionTimestamp is null && Size(claim) < Size(template))
                .Select(claim => (claim, Size(template))));
        }

        var differs = !wanted.Select(template => (template.Metadata.Name, Size(template))).SequenceEqual(present.Select(template => (template.Metadata.Name, Size(template))));
        return new(differs ? AsTheyAre(wanted, present) : wanted, grow, differs && grow.Count == 0, null);
    }

    /// <summary>Why claims that the API server refuses to enlarge stay as they are.</summary>
    public static SpecProblemText Refused(string message) =>
        new("ExpansionRefused", $"the volumes cannot grow: {message}; use a storage class with allowVolumeExpansion, or set spec.qdrant.managed.storage back and move the data to a second RagIndex");

    public static Quantity Size(PersistentVolumeClaim claim) => claim.Spec?.Resources?.Requests?.TryGetValue("storage", out var size) == true ? size : Quantity.Zero;

    private static List<PersistentVolumeClaim> Wanted(RagIndex index, ManagedQdrant managed)
    {
        var storage = managed.Storage;
        var size = storage?.Size ?? Usual;
        List<PersistentVolumeClaim> claims = [Claim(index, QdrantPod.StorageVolume, size, storage?.StorageClassName)];
        if (storage?.Snapshots is { } snapshots)
        {
            claims.Add(Claim(index, QdrantPod.SnapshotVolume, snapshots.Size ?? size, snapshots.StorageClassName));
        }

        return claims;
    }

    private static PersistentVolumeClaim Claim(RagIndex index, string name, Quantity size, string? storageClass) => new()
    {
        Metadata = new() { Name = name, Labels = QdrantNames.Labels(index) },
        Spec = new()
        {
            AccessModes = ["ReadWriteOnce"],
            StorageClassName = storageClass,
            Resources = new() { Requests = new SortedDictionary<string, Quantity>(StringComparer.Ordinal) { ["storage"] = size } },
        },
    };

    /// <summary>What the StatefulSet has, in the fields we own.</summary>
    private static List<PersistentVolumeClaim> AsTheyAre(List<PersistentVolumeClaim> wanted, IReadOnlyList<PersistentVolumeClaim> present) =>
    [
        .. present.Select(had => had with
        {
            Metadata = new() { Name = had.Metadata.Name, Labels = had.Metadata.Labels },
            Spec = new() { AccessModes = had.Spec?.AccessModes, StorageClassName = wanted.Find(template => template.Metadata.Name == had.Metadata.Name)?.Spec?.StorageClassName ?? had.Spec?.StorageClassName, Resources = had.Spec?.Resources },
            Status = null,
        }),
    ];
}
