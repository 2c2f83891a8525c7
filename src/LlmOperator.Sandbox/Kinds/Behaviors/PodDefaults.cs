using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Defaults of pod specs that depend on other fields.</summary>
internal static class PodDefaults
{
    /// <summary>Those of every pod spec, in templates too.</summary>
    public static void ApplyToSpec(JsonObject spec)
    {
        foreach (var container in Containers(spec))
        {
            if (container.Text("imagePullPolicy") is null or "")
            {
                container["imagePullPolicy"] = IsLatest(container.Text("image") ?? "") ? "Always" : "IfNotPresent";
            }
        }

        foreach (var volume in spec.Objects("volumes"))
        {
            if (volume.Count == 1 && volume.ContainsKey("name"))
            {
                volume["emptyDir"] = new JsonObject();
            }
        }

        // The old name of the field is served beside the new one.
        var account = spec.Text("serviceAccountName") is { Length: > 0 } name ? name : spec.Text("serviceAccount");
        if (!string.IsNullOrEmpty(account))
        {
            spec["serviceAccountName"] = account;
            spec["serviceAccount"] = account;
        }
    }

    /// <summary>Those of pods themselves: requests follow limits, host ports follow ports.</summary>
    public static void ApplyToPod(JsonObject pod)
    {
        var spec = pod.Child("spec");
        spec["enableServiceLinks"] ??= true;
        foreach (var container in Containers(spec))
        {
            if (container.Object("resources", "limits") is { Count: > 0 } limits)
            {
                var requests = container.Child("resources").Child("requests");
                foreach (var (resource, limit) in limits)
                {
                    requests[resource] ??= limit?.DeepClone();
                }
            }

            if (spec.Flag("hostNetwork") == true)
            {
                foreach (var port in container.Objects("ports"))
                {
                    if (port.Integer("hostPort") is null or 0)
                    {
                        port["hostPort"] = port["containerPort"]?.DeepClone();
                    }
                }
            }
        }
    }

    /// <summary>All containers of a pod spec, init and ephemeral ones included.</summary>
    public static IEnumerable<JsonObject> Containers(JsonObject spec) =>
        spec.Objects("initContainers").Concat(spec.Objects("containers")).Concat(spec.Objects("ephemeralContainers"));

    /// <summary>Whether an image's tag is <c>latest</c>, written or implied; a digest names one image and so is not.</summary>
    private static bool IsLatest(string image)
    {
        var name = image[(image.LastIndexOf('/') + 1)..];
        var digest = name.IndexOf('@');
        var tag = (digest < 0 ? name : name[..digest]).IndexOf(':');
        return tag < 0 ? digest < 0 : (digest < 0 ? name[(tag + 1)..] : name[(tag + 1)..digest]) == "latest";
    }
}
