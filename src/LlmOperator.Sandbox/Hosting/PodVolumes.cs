using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Hosting;

/// <summary>Volumes of pods as folders of this machine, under one that is private to the user and goes with the cluster.</summary>
internal sealed class PodVolumes(ICluster cluster) : IDisposable
{
    // No volume can have such a name.
    private const string Staging = ".staging";
    private const string SubPaths = ".subpaths";

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
            if (!volumes.TryGetValue(mount.Text("name") ?? "", out var volume))
            {
                continue;
            }

            var folder = Folder(pod, volume);
            Directory.CreateDirectory(folder);
            Fill(pod, volume, environment);
            var sub = mount.Text("subPath") ?? ContainerEnvironment.Expand(mount.Text("subPathExpr") ?? "", variables);
            var path = Inside(folder, sub);
            if (!Path.Exists(path))
            {
                Directory.CreateDirectory(path);
            }
            else if (path != folder && IsRefreshed(volume))
            {
                path = Copy(path, Path.Combine(PodFolder(pod), SubPaths, container.Text("name") ?? "", $"{mounts.Count}"));
            }

            mounts[mount.Text("mountPath") ?? "/"] = path;
        }

        return mounts;
    }

    /// <summary>Whether what a pod mounts may change while it runs.</summary>
    public static bool AreRefreshed(JsonObject pod) => pod.Objects("spec", "volumes").Any(IsRefreshed);

    /// <summary>Brings the volumes that containers of a pod mount up to date.</summary>
    /// <exception cref="ContainerConfigException">What should be in one is not there: that one stays as it is.</exception>
    public void Refresh(JsonObject pod, ContainerEnvironment environment)
    {
        ContainerConfigException? problem = null;
        foreach (var volume in pod.Objects("spec", "volumes").Where(volume => IsRefreshed(volume) && Directory.Exists(Folder(pod, volume))))
        {
            try
            {
                Fill(pod, volume, environment);
            }
            catch (ContainerConfigException missing)
            {
                problem ??= missing;
            }
        }

        if (problem is not null)
        {
            throw problem;
        }
    }

    /// <summary>Removes the volumes that end with a pod.</summary>
    public void Forget(string uid) => Remove(Path.Combine(_root, "pods", uid));

    /// <inheritdoc/>
    public void Dispose() => Remove(_root);

    private static bool IsRefreshed(JsonObject volume) => volume["configMap"] is not null || volume["secret"] is not null || volume["downwardAPI"] is not null || volume["projected"] is not null;

    /// <summary>A claim's folder outlives the pod, though not the claim: a new one of the same name is empty. Every other is the pod's own.</summary>
    private string Folder(JsonObject pod, JsonObject volume) => volume.Text("persistentVolumeClaim", "claimName") is { } claim
        ? Path.Combine(_root, "claims", pod.Namespace() ?? "default", $"{claim}-{cluster.Get(new ObjectRef(Resources.Claims, pod.Namespace(), claim))?.Uid()}")
        : Path.Combine(PodFolder(pod), volume.Text("name") ?? "");

    private string PodFolder(JsonObject pod) => Path.Combine(_root, "pods", pod.Uid());

    private void Fill(JsonObject pod, JsonObject volume, ContainerEnvironment environment)
    {
        if (!IsRefreshed(volume))
        {
            return;
        }

        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        try
        {
            foreach (var source in volume["projected"] is null ? [volume] : volume.Objects("projected", "sources"))
            {
                Read(source, environment, files);
            }
        }
        catch (ContainerConfigException missing)
        {
            throw new ContainerConfigException($"MountVolume.SetUp failed for volume \"{volume.Text("name")}\" : {missing.Message}");
        }

        var folder = Folder(pod, volume);
        foreach (var path in files.Keys)
        {
            Inside(folder, path);
        }

        AtomicWriter.Write(folder, Path.Combine(PodFolder(pod), Staging), files, cluster.Time.GetUtcNow());
    }

    private static void Read(JsonObject source, ContainerEnvironment environment, SortedDictionary<string, byte[]> files)
    {
        if (source.Object("configMap") is { } map)
        {
            Data(map, map.Text("name"), secret: false, environment, files);
        }
        else if (source.Object("secret") is { } secret)
        {
            Data(secret, secret.Text("secretName") ?? secret.Text("name"), secret: true, environment, files);
        }
        else if (source.Object("downwardAPI") is { } fields)
        {
            foreach (var item in fields.Objects("items"))
            {
                if (item.Text("fieldRef", "fieldPath") is { } field)
                {
                    files[item.Text("path") ?? ""] = Encoding.UTF8.GetBytes(environment.Field(field));
                }
            }
        }
    }

    private static void Data(JsonObject source, string? name, bool secret, ContainerEnvironment environment, SortedDictionary<string, byte[]> files)
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
                files[items.GetValueOrDefault(key, key)] = bytes;
            }
        }
    }

    /// <summary>A part of a volume is mounted as it is when the container starts: the file of then, whatever its name stands for later.</summary>
    private static string Copy(string path, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        Remove(target);
        File.Delete(target);
        if (!Directory.Exists(path))
        {
            File.Copy(path, target);
            return target;
        }

        var from = path + Path.DirectorySeparatorChar;
        Directory.CreateDirectory(target);
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return target;
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
