using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Printing;

/// <summary>Columns of volumes, claims and storage drivers.</summary>
internal static class StorageCells
{
    private const string DefaultMark = "storageclass.kubernetes.io/is-default-class";

    /// <summary>PersistentVolumes.</summary>
    public static IReadOnlyList<Column> Volume { get; } =
    [
        Cells.Name,
        Cells.Text("Capacity", "Its size.", obj => Cells.Scalar(obj.At("spec", "capacity", "storage")) ?? "0"),
        Cells.Text("Access Modes", "How it may be mounted.", obj => Cells.AccessModes(obj.Texts("spec", "accessModes"))),
        Cells.Text("Reclaim Policy", "What becomes of it when released.", obj => obj.Text("spec", "persistentVolumeReclaimPolicy")),
        Cells.Text("Status", "Whether it is taken.", obj => obj.Text("metadata", "deletionTimestamp") is null ? obj.Text("status", "phase") : "Terminating"),
        Cells.Text("Claim", "Claim that has it.", obj => obj.Object("spec", "claimRef") is { } claim ? $"{claim.Text("namespace")}/{claim.Text("name")}" : ""),
        Cells.Text("StorageClass", "Class of storage.", ClassOf),
        Cells.Text("VolumeAttributesClass", "Class of its attributes.", obj => obj.Text("spec", "volumeAttributesClassName") ?? Cells.Unset),
        Cells.Text("Reason", "Why it failed.", obj => obj.Text("status", "reason") ?? ""),
        Cells.Age,
        Cells.Text("VolumeMode", "Filesystem or Block.", obj => obj.Text("spec", "volumeMode") ?? Cells.Unset, 1),
    ];

    /// <summary>PersistentVolumeClaims.</summary>
    public static IReadOnlyList<Column> Claim { get; } =
    [
        Cells.Name,
        Cells.Text("Status", "Whether it has a volume.", obj => obj.Text("metadata", "deletionTimestamp") is null ? obj.Text("status", "phase") : "Terminating"),
        Cells.Text("Volume", "Volume it has.", obj => obj.Text("spec", "volumeName") ?? ""),
        Cells.Text("Capacity", "Size of the volume.", obj => IsBound(obj) ? Cells.Scalar(obj.At("status", "capacity", "storage")) ?? "0" : ""),
        Cells.Text("Access Modes", "How it may be mounted.", obj => IsBound(obj) ? Cells.AccessModes(obj.Texts("status", "accessModes")) : ""),
        Cells.Text("StorageClass", "Class of storage.", ClassOf),
        Cells.Text("VolumeAttributesClass", "Class of its attributes.", obj => obj.Text("spec", "volumeAttributesClassName") ?? Cells.Unset),
        Cells.Age,
        Cells.Text("VolumeMode", "Filesystem or Block.", obj => obj.Text("spec", "volumeMode") ?? Cells.Unset, 1),
    ];

    /// <summary>StorageClasses.</summary>
    public static IReadOnlyList<Column> StorageClass { get; } =
    [
        new("Name", "string", "name", "Name of the object.", 0, (obj, _) =>
            obj.Text("metadata", "annotations", DefaultMark) == "true" ? $"{obj.Text("metadata", "name")} (default)" : obj.Text("metadata", "name")),
        Cells.Text("Provisioner", "Driver that makes volumes.", obj => obj.Text("provisioner")),
        Cells.Text("ReclaimPolicy", "What becomes of released volumes.", obj => obj.Text("reclaimPolicy")),
        Cells.Text("VolumeBindingMode", "When volumes are made.", obj => obj.Text("volumeBindingMode")),
        new("AllowVolumeExpansion", "boolean", "", "Whether volumes may grow.", 0, (obj, _) => obj.Flag("allowVolumeExpansion") ?? false),
        Cells.Age,
    ];

    /// <summary>VolumeAttributesClasses.</summary>
    public static IReadOnlyList<Column> AttributesClass { get; } = [Cells.Name, Cells.Text("DriverName", "Driver it is for.", obj => obj.Text("driverName")), Cells.Age];

    /// <summary>VolumeAttachments.</summary>
    public static IReadOnlyList<Column> Attachment { get; } =
    [
        Cells.Name,
        Cells.Text("Attacher", "Driver that attaches.", obj => obj.Text("spec", "attacher")),
        Cells.Text("PV", "Volume.", obj => obj.Text("spec", "source", "persistentVolumeName") ?? ""),
        Cells.Text("Node", "Node it is attached to.", obj => obj.Text("spec", "nodeName")),
        new("Attached", "boolean", "", "Whether it is attached.", 0, (obj, _) => obj.Flag("status", "attached") ?? false),
        Cells.Age,
    ];

    /// <summary>CSIDrivers.</summary>
    public static IReadOnlyList<Column> Driver { get; } =
    [
        Cells.Name,
        new("AttachRequired", "boolean", "", "Whether volumes are attached first.", 0, (obj, _) => obj.Flag("spec", "attachRequired") ?? true),
        new("PodInfoOnMount", "boolean", "", "Whether the driver is told of the pod.", 0, (obj, _) => obj.Flag("spec", "podInfoOnMount") ?? false),
        new("StorageCapacity", "boolean", "", "Whether the driver reports free space.", 0, (obj, _) => obj.Flag("spec", "storageCapacity") ?? false),
        Cells.Text("TokenRequests", "Audiences of tokens it gets.", obj =>
            string.Join(',', obj.Objects("spec", "tokenRequests").Select(request => request.Text("audience"))) is { Length: > 0 } list ? list : Cells.Unset),
        new("RequiresRepublish", "boolean", "", "Whether it is called again and again.", 0, (obj, _) => obj.Flag("spec", "requiresRepublish") ?? false),
        Cells.Text("Modes", "Persistent, Ephemeral or both.", obj => Cells.OrNone(string.Join(',', obj.Texts("spec", "volumeLifecycleModes")))),
        Cells.Age,
    ];

    /// <summary>CSINodes.</summary>
    public static IReadOnlyList<Column> DriverNode { get; } = [Cells.Name, Cells.Number("Drivers", "Drivers on the node.", obj => obj.Objects("spec", "drivers").Count()), Cells.Age];

    /// <summary>CSIStorageCapacities.</summary>
    public static IReadOnlyList<Column> Capacity { get; } =
    [
        Cells.Name,
        Cells.Text("StorageClassName", "Class of storage.", obj => obj.Text("storageClassName")),
        Cells.Text("Capacity", "Free space.", obj => Cells.Scalar(obj["capacity"]) ?? Cells.Unset),
        Cells.Age,
    ];

    private static bool IsBound(JsonObject claim) => !string.IsNullOrEmpty(claim.Text("spec", "volumeName"));

    private static string ClassOf(JsonObject obj) =>
        obj.Text("metadata", "annotations", "volume.beta.kubernetes.io/storage-class") ?? obj.Text("spec", "storageClassName") ?? "";
}
