using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Cli;

/// <summary>One object of a manifest file.</summary>
/// <param name="Object">The object, its namespace filled in when it has none and is namespaced.</param>
/// <param name="Source">File and document, for messages.</param>
internal sealed record Manifest(UnstructuredObject Object, string Source)
{
    private static readonly string[] Extensions = [".yaml", ".yml", ".json"];

    /// <summary>Reads a file, or the manifests directly in a folder in the order of their names; lists are taken apart.</summary>
    /// <exception cref="ManifestException">A path or document cannot be used; the message names it.</exception>
    public static IReadOnlyList<Manifest> Read(string path)
    {
        if (!Directory.Exists(path))
        {
            return File.Exists(path) ? ReadFile(path) : throw new ManifestException($"{path}: no such file or folder");
        }

        // A kustomization describes other files; it is no object an API server knows.
        var files = Directory.EnumerateFiles(path)
            .Where(file => Extensions.Contains(Path.GetExtension(file)) && Path.GetFileNameWithoutExtension(file) != "kustomization")
            .Order(StringComparer.Ordinal)
            .ToList();
        return files.Count > 0 ? [.. files.SelectMany(ReadFile)] : throw new ManifestException($"{path}: no .yaml, .yml or .json file in this folder");
    }

    /// <summary>Reads YAML text, one or more documents.</summary>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="file">Name of the text in messages.</param>
    public static IReadOnlyList<Manifest> Parse(string text, string file)
    {
        IReadOnlyList<JsonNode?> documents;
        try
        {
            documents = YamlText.ParseAll(text);
        }
        catch (DecodeException fault)
        {
            throw new ManifestException($"{file}: {fault.Message}");
        }

        var found = new List<Manifest>();
        for (var index = 0; index < documents.Count; index++)
        {
            Add(documents[index], documents.Count == 1 ? file : $"{file} (document {index + 1})", found);
        }

        return found;
    }

    private static IReadOnlyList<Manifest> ReadFile(string file)
    {
        try
        {
            return Parse(File.ReadAllText(file), file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ManifestException($"{file}: {fault.Message}");
        }
    }

    private static void Add(JsonNode? node, string source, List<Manifest> found)
    {
        if (node is not JsonObject obj)
        {
            throw new ManifestException($"{source}: not an object: a manifest has apiVersion, kind and metadata");
        }

        if (obj["items"] is JsonArray items && Text(obj, "kind") is { } list && list.EndsWith("List", StringComparison.Ordinal))
        {
            foreach (var item in items)
            {
                Add(item?.DeepClone(), source, found);
            }

            return;
        }

        foreach (var field in (string[])["apiVersion", "kind"])
        {
            if (Text(obj, field) is not { Length: > 0 })
            {
                throw new ManifestException($"{source}: {field} is missing");
            }
        }

        if (obj["metadata"] is not JsonObject metadata || Text(metadata, "name") is not { Length: > 0 })
        {
            throw new ManifestException($"{source}: metadata.name is missing");
        }

        found.Add(new(new UnstructuredObject(obj), source));
    }

    private static string? Text(JsonObject obj, string field) => obj[field] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}

/// <summary>A manifest that cannot be read or applied.</summary>
internal sealed class ManifestException(string message) : Exception(message);
