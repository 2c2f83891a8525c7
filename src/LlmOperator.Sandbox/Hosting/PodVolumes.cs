using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Hosting;

/// <summary>Volumes of pods as folders of this machine, under one that is private to the user and goes with the cluster.</summary>
internal sealed class PodVolumes(ICluster cluster) : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("llm-sandbox-").FullName;

    /// <summary>Makes the volumes a container mounts, with what is in them.</summary>
    /// <returns>Folder or file of each mount path.</returns>
    /// <exception cref="ContainerConfigException">What should be in one is not there.</exception>
    public IReadOnlyDictionary<string, string> Mount(JsonObject pod, JsonObject container, ContainerEnvironment environment, IReadOnlyDictionary<string, string> variables)
    {
        var volumes = pod.Objects("spec", "volumes").ToDictionary(volume => volume.Text("name") ?? "");
        var mounts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var mount in container.Objects("volumeMounts"))
        {
            var name = mount.Text("name") ?? "";
            if (!volumes.TryGetValue(name, out var volume))
            {
                continue;
            }

            var folder = Folder(pod, name, volume);
            try
            {
                Fill(folder, volume, environment);
            }
            catch (ContainerConfigException missing)
            {
                throw new ContainerConfigException($"MountVolume.SetUp failed for volume \"{name}\" : {missing.Message}");
            }

            var sub = mount.Text("subPath") ?? ContainerEnvironment.Expand(mount.Text("subPathExpr") ?? "", variables);
            var path = Inside(folder, sub);
            if (!Path.Exists(path))
            {
                Directory.CreateDirectory(path);
            }

            mounts[mount.Text("mountPath") ?? "/"] = path;
        }

        return mounts;
    }

    /// <summary>Removes the volumes that end with a pod.</summary>
    public void Forget(string uid) => Remove(Path.Combine(_root, "pods", uid));

    /// <inheritdoc/>
    public void Dispose() => Remove(_root);

    /// <summary>A claim's folder outlives the pod, though not the claim: a new one of the same name is empty. Every other is the pod's own.</summary>
    private string Folder(JsonObject pod, string name, JsonObject volume)
    {
        var path = volume.Text("persistentVolumeClaim", "claimName") is { } claim
            ? Path.Combine(_root, "claims", pod.Namespace() ?? "default", $"{claim}-{cluster.Get(new ObjectRef(Resources.Claims, pod.Namespace(), claim))?.Uid()}")
            : Path.Combine(_root, "pods", pod.Uid(), name);
        Directory.CreateDirectory(path);
        return path;
    }

    private static void Fill(string folder, JsonObject volume, ContainerEnvironment environment)
    {
        if (volume.Object("configMap") is { } map)
        {
            Data(folder, map, map.Text("name"), secret: false, environment);
        }
        else if (volume.Object("secret") is { } secret)
        {
            Data(folder, secret, secret.Text("secretName"), secret: true, environment);
        }
        else if (volume.Object("downwardAPI") is { } fields)
        {
            Fields(folder, fields, environment);
        }

        foreach (var source in volume.Objects("projected", "sources"))
        {
            if (source.Object("configMap") is { } projectedMap)
            {
                Data(folder, projectedMap, projectedMap.Text("name"), secret: false, environment);
            }
            else if (source.Object("secret") is { } projectedSecret)
            {
                Data(folder, projectedSecret, projectedSecret.Text("name"), secret: true, environment);
            }
            else if (source.Object("downwardAPI") is { } projectedFields)
            {
                Fields(folder, projectedFields, environment);
            }
        }
    }

    private static void Data(string folder, JsonObject source, string? name, bool secret, ContainerEnvironment environment)
    {
        if (environment.Data(secret, name ?? "", source.Flag("optional") == true) is not { } data)
        {
            return;
        }

        var items = source.Objects("items").ToDictionary(item => item.Text("key") ?? "", item => item.Text("path") ?? "");
        if (items.Keys.FirstOrDefault(key => !data.ContainsKey(key)) is { } absent && source.Flag("optional") != true)
        {
            throw new ContainerConfigException($"references non-existent {(secret ? "secret" : "config")} key: {absent}");
        }

        foreach (var (key, bytes) in data)
        {
            if (items.Count == 0 || items.ContainsKey(key))
            {
                Write(folder, items.GetValueOrDefault(key, key), bytes);
            }
        }
    }

    private static void Fields(string folder, JsonObject source, ContainerEnvironment environment)
    {
        foreach (var item in source.Objects("items"))
        {
            if (item.Text("fieldRef", "fieldPath") is { } field)
            {
                Write(folder, item.Text("path") ?? "", Encoding.UTF8.GetBytes(environment.Field(field)));
            }
        }
    }

    private static void Write(string folder, string name, byte[] bytes)
    {
        var file = Inside(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, bytes);
    }

    private static string Inside(string folder, string path)
    {
        var full = Path.GetFullPath(Path.Combine(folder, path.TrimStart('/')));
        return full == folder || full.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? full
            : throw new ContainerConfigException($"path \"{path}\" leads out of its volume");
    }

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Somebody still holds a file of it, or it is gone: the system clears its temporary folder.
        }
    }
}
