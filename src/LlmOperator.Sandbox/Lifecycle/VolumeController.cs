using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;
using Quantity = LlmOperator.Kubernetes.Objects.Quantity;

namespace LlmOperator.Sandbox.Lifecycle;

/// <summary>
/// Binds claims to volumes: to one that fits if there is one, else to a new one of the claim's class. A class may wait for the first
/// pod; the scheduler then names the node in an annotation of the claim.
/// </summary>
internal sealed class VolumeController(ClusterRuntime runtime, EventRecorder events) : Controller(runtime)
{
    /// <summary>Annotation by which the scheduler tells where the first pod of a claim will run.</summary>
    public const string SelectedNode = "volume.kubernetes.io/selected-node";

    /// <summary>Who makes volumes of the default class.</summary>
    public const string Provisioner = "sandbox.llmops.dev/disk";

    private const string Component = "persistentvolume-controller";
    private const string ClaimProtection = "kubernetes.io/pvc-protection";
    private const string VolumeProtection = "kubernetes.io/pv-protection";

    private readonly ObjectIndex _claimUsers = runtime.AddIndex(Resources.Pods, ClaimsOf);

    /// <inheritdoc/>
    public override string Name => "kube-controller-manager";

    /// <summary>Claims a pod mounts, by name.</summary>
    public static IEnumerable<string> ClaimNames(JsonObject pod)
    {
        foreach (var volume in pod.Objects("spec", "volumes"))
        {
            if (volume.Text("persistentVolumeClaim", "claimName") is { } name)
            {
                yield return name;
            }
            else if (volume.Object("ephemeral") is not null)
            {
                yield return $"{pod.Name()}-{volume.Text("name")}";
            }
        }
    }

    /// <summary>Whether claims of a class wait for their first pod.</summary>
    public static bool WaitsForPod(JsonObject? storageClass) => storageClass.Text("volumeBindingMode") == "WaitForFirstConsumer";

    /// <summary>The class that claims without one get.</summary>
    public static JsonObject DefaultClass() => new()
    {
        ["metadata"] = new JsonObject { ["name"] = "gp3", ["annotations"] = new JsonObject { ["storageclass.kubernetes.io/is-default-class"] = "true" } },
        ["provisioner"] = Provisioner,
        ["reclaimPolicy"] = "Delete",
        ["volumeBindingMode"] = "WaitForFirstConsumer",
        ["allowVolumeExpansion"] = true,
    };

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        if (change.Ref.Resource == Resources.Claims)
        {
            Enqueue(change.Ref);
            if (change.Type == WatchEventType.Deleted && change.Object.Text("spec", "volumeName") is { Length: > 0 } volume)
            {
                Enqueue(new ObjectRef(Resources.Volumes, null, volume));
            }
        }
        else if (change.Ref.Resource == Resources.Volumes)
        {
            Enqueue(change.Ref);
        }
        else if (change.Ref.Resource == Resources.Pods && (change.Type == WatchEventType.Deleted || change.Object.IsTerminal()))
        {
            foreach (var claim in ClaimNames(change.Object))
            {
                Enqueue(new ObjectRef(Resources.Claims, change.Ref.Namespace, claim));
            }
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        if (Cluster.Get(key) is not { } obj)
        {
            return;
        }

        if (key.Resource == Resources.Volumes)
        {
            ReconcileVolume(key, obj);
        }
        else if (obj.IsDeleting())
        {
            Unprotect(key, obj);
        }
        else
        {
            ReconcileClaim(key, obj);
        }
    }

    private void ReconcileClaim(ObjectRef key, JsonObject claim)
    {
        if (!claim.Texts("metadata", "finalizers").Contains(ClaimProtection))
        {
            claim = Cluster.Update(key, copy => copy.Child("metadata").SetTexts("finalizers", [.. copy.Texts("metadata", "finalizers"), ClaimProtection]), Name) ?? claim;
        }

        if (claim.Text("spec", "volumeName") is { Length: > 0 } named)
        {
            if (Cluster.Get(new ObjectRef(Resources.Volumes, null, named)) is { } volume && (volume.Text("spec", "claimRef", "uid") is null || volume.Text("spec", "claimRef", "uid") == claim.Uid()))
            {
                Bind(key, claim, volume);
            }

            return;
        }

        if (FindVolume(claim) is { } found)
        {
            Bind(key, claim, found);
            return;
        }

        var className = claim.Text("spec", "storageClassName");
        if (string.IsNullOrEmpty(className))
        {
            events.Normal(claim, Component, "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
            return;
        }

        if (Cluster.Get(new ObjectRef(Resources.StorageClasses, null, className)) is not { } storageClass)
        {
            events.Warning(claim, Component, "ProvisioningFailed", $"storageclass.storage.k8s.io \"{className}\" not found");
            EnqueueAfter(key, TimeSpan.FromSeconds(15));
            return;
        }

        if (WaitsForPod(storageClass) && claim.Annotation(SelectedNode) is null)
        {
            events.Normal(claim, Component, "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
            return;
        }

        if (storageClass.Text("provisioner") == "kubernetes.io/no-provisioner")
        {
            return;
        }

        Bind(key, claim, Provision(claim, storageClass));
    }

    private JsonObject Provision(JsonObject claim, JsonObject storageClass)
    {
        var name = $"pvc-{claim.Uid()}";
        if (Cluster.Get(new ObjectRef(Resources.Volumes, null, name)) is { } present)
        {
            return present;
        }

        var provisioner = storageClass.Text("provisioner") ?? Provisioner;
        var created = Cluster.Create(
            Resources.Volumes,
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["name"] = name,
                    ["annotations"] = new JsonObject { ["pv.kubernetes.io/provisioned-by"] = provisioner },
                    ["finalizers"] = new JsonArray((JsonNode)VolumeProtection),
                },
                ["spec"] = new JsonObject
                {
                    ["capacity"] = new JsonObject { ["storage"] = claim.At("spec", "resources", "requests", "storage")?.DeepClone() },
                    ["accessModes"] = claim.At("spec", "accessModes")?.DeepClone(),
                    ["volumeMode"] = claim.Text("spec", "volumeMode") ?? "Filesystem",
                    ["persistentVolumeReclaimPolicy"] = storageClass.Text("reclaimPolicy") ?? "Delete",
                    ["storageClassName"] = storageClass.Name(),
                    ["claimRef"] = ClaimRef(claim),
                    ["csi"] = new JsonObject { ["driver"] = provisioner, ["volumeHandle"] = name },
                },
            },
            Name);
        events.Normal(claim, $"{provisioner}_sandbox", "ProvisioningSucceeded", $"Successfully provisioned volume {name}");
        return created;
    }

    private void Bind(ObjectRef key, JsonObject claim, JsonObject volume)
    {
        var reference = volume.RefIn(Resources.Volumes);
        Cluster.Update(
            reference,
            copy =>
            {
                if (copy.Text("spec", "claimRef", "uid") is null)
                {
                    copy.Child("spec")["claimRef"] = ClaimRef(claim);
                }
            },
            Name);
        SetPhase(reference, "Bound");
        Cluster.Update(
            key,
            copy =>
            {
                copy.Child("spec")["volumeName"] = volume.Name();
                var annotations = copy.Child("metadata").Child("annotations");
                annotations["pv.kubernetes.io/bind-completed"] = "yes";
                if (string.IsNullOrEmpty(claim.Text("spec", "volumeName")))
                {
                    annotations["pv.kubernetes.io/bound-by-controller"] = "yes";
                }
            },
            Name);
        Cluster.Update(
            key,
            copy =>
            {
                var status = copy.Child("status");
                status["phase"] = "Bound";
                status["accessModes"] = volume.At("spec", "accessModes")?.DeepClone();
                status["capacity"] = volume.At("spec", "capacity")?.DeepClone();

                // Volumes here grow the moment they are asked to.
                if (Size(claim.At("spec", "resources", "requests", "storage")) > Size(volume.At("spec", "capacity", "storage")))
                {
                    status.Child("capacity")["storage"] = claim.At("spec", "resources", "requests", "storage")!.DeepClone();
                }
            },
            Name,
            "status");
    }

    private void ReconcileVolume(ObjectRef key, JsonObject volume)
    {
        var claimUid = volume.Text("spec", "claimRef", "uid");
        var claim = volume.Object("spec", "claimRef") is { } bound
            ? Cluster.Get(new ObjectRef(Resources.Claims, bound.Text("namespace"), bound.Text("name") ?? ""))
            : null;
        var inUse = claim is not null && (claimUid is null || claim.Uid() == claimUid);
        if (volume.IsDeleting())
        {
            if (!inUse)
            {
                Cluster.Update(key, copy => copy.Child("metadata").SetTexts("finalizers", [.. copy.Texts("metadata", "finalizers").Where(name => name != VolumeProtection)]), Name);
            }

            return;
        }

        if (claimUid is null)
        {
            SetPhase(key, "Available");
            foreach (var pending in Cluster.List(Resources.Claims).Where(candidate => candidate.Text("status", "phase") != "Bound" && Fits(volume, candidate)))
            {
                Enqueue(pending.RefIn(Resources.Claims));
            }
        }
        else if (!inUse)
        {
            SetPhase(key, "Released");
            if (volume.Text("spec", "persistentVolumeReclaimPolicy") == "Delete")
            {
                Cluster.Delete(key);
            }
        }
    }

    private void Unprotect(ObjectRef key, JsonObject claim)
    {
        if (_claimUsers.Get(Use(key.Namespace, key.Name)).All(pod => pod.IsTerminal()) && claim.Texts("metadata", "finalizers").Contains(ClaimProtection))
        {
            Cluster.Update(key, copy => copy.Child("metadata").SetTexts("finalizers", [.. copy.Texts("metadata", "finalizers").Where(name => name != ClaimProtection)]), Name);
        }
    }

    private void SetPhase(ObjectRef volume, string phase) => Cluster.Update(
        volume,
        copy =>
        {
            var status = copy.Child("status");
            if (status.Text("phase") != phase)
            {
                status["phase"] = phase;
                status["lastPhaseTransitionTime"] = Storage.Cluster.Timestamp(Now);
            }
        },
        Name,
        "status");

    /// <summary>The smallest free volume that fits a claim; one kept for it wins.</summary>
    private JsonObject? FindVolume(JsonObject claim) => Cluster.List(Resources.Volumes)
        .Where(volume => !volume.IsDeleting() && Fits(volume, claim))
        .OrderBy(volume => volume.Object("spec", "claimRef") is null ? 1 : 0)
        .ThenBy(volume => Size(volume.At("spec", "capacity", "storage")))
        .FirstOrDefault();

    private static bool Fits(JsonObject volume, JsonObject claim)
    {
        if (volume.Object("spec", "claimRef") is { } kept)
        {
            return kept.Text("namespace") == claim.Namespace() && kept.Text("name") == claim.Name() && kept.Text("uid") is null or "" || kept.Text("uid") == claim.Uid();
        }

        return (volume.Text("spec", "storageClassName") ?? "") == (claim.Text("spec", "storageClassName") ?? "")
            && (volume.Text("spec", "volumeMode") ?? "Filesystem") == (claim.Text("spec", "volumeMode") ?? "Filesystem")
            && claim.Texts("spec", "accessModes").All(volume.Texts("spec", "accessModes").Contains)
            && Size(volume.At("spec", "capacity", "storage")) >= Size(claim.At("spec", "resources", "requests", "storage"))
            && LabelSelector.Of(claim.Object("spec", "selector"))?.Matches(volume) != false;
    }

    private static JsonObject ClaimRef(JsonObject claim) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "PersistentVolumeClaim",
        ["namespace"] = claim.Namespace(),
        ["name"] = claim.Name(),
        ["uid"] = claim.Uid(),
    };

    private static Quantity Size(JsonNode? node) => Quantity.TryParse(node.Text() ?? node?.ToJsonString(), out var size) ? size : Quantity.Zero;

    private static string Use(string? ns, string claim) => $"{ns}/{claim}";

    private static IEnumerable<string> ClaimsOf(JsonObject pod) => ClaimNames(pod).Select(name => Use(pod.Namespace(), name));
}
