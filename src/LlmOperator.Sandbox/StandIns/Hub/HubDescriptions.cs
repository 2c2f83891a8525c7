using System.Text;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.StandIns.Hub;

/// <summary>The hub's JSON.</summary>
internal static class HubDescriptions
{
    public static JsonObject Model(HubRepository repository, string commit, IReadOnlyList<HubFile> files, bool blobs, HashSet<string> expand)
    {
        var model = new JsonObject
        {
            ["_id"] = commit[..24],
            ["id"] = repository.Name,
            ["modelId"] = repository.Name,
            ["author"] = repository.Name.Split('/')[0],
            ["sha"] = commit,
            ["lastModified"] = "2025-01-01T00:00:00.000Z",
            ["private"] = repository.Private,
            ["gated"] = repository.Gated is { } gated ? gated : false,
            ["disabled"] = repository.Disabled,
            ["library_name"] = "transformers",
            ["pipeline_tag"] = "text-generation",
            ["tags"] = new JsonArray(["transformers", "safetensors", .. License(repository)]),
            ["siblings"] = new JsonArray([.. files.Select(file => (JsonNode)Sibling(file, blobs))]),
        };
        if (repository.License is { } license)
        {
            model["cardData"] = new JsonObject { ["license"] = license };
        }

        if (Config(files) is { } config)
        {
            model["config"] = config;
        }

        if (repository.Parameters is { } parameters)
        {
            model["safetensors"] = new JsonObject
            {
                ["parameters"] = new JsonObject(parameters.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
                ["total"] = parameters.Values.Sum(),
            };
        }

        foreach (var field in expand.Count == 0 ? [] : model.Select(pair => pair.Key).Where(name => name is not ("_id" or "id") && !expand.Contains(name)).ToList())
        {
            model.Remove(field);
        }

        return model;
    }

    public static JsonObject References(HubRepository repository)
    {
        var (branches, tags) = repository.References();
        return new()
        {
            ["branches"] = List("refs/heads/", branches),
            ["converts"] = new JsonArray(),
            ["tags"] = List("refs/tags/", tags),
        };

        static JsonArray List(string prefix, IReadOnlyList<KeyValuePair<string, string>> named) =>
            [.. named.Select(pair => (JsonNode)new JsonObject { ["name"] = pair.Key, ["ref"] = prefix + pair.Key, ["targetCommit"] = pair.Value })];
    }

    private static IEnumerable<JsonNode> License(HubRepository repository) => repository.License is { } license ? [JsonValue.Create($"license:{license}")] : [];

    private static JsonObject Sibling(HubFile file, bool blobs)
    {
        var sibling = new JsonObject { ["rfilename"] = file.Name };
        if (blobs)
        {
            sibling["blobId"] = file.Sha256[..40];
            sibling["size"] = file.Size;
            if (file.IsLarge)
            {
                sibling["lfs"] = new JsonObject { ["sha256"] = file.Sha256, ["size"] = file.Size, ["pointerSize"] = 135 };
            }
        }

        return sibling;
    }

    /// <summary>Of the model's own configuration the hub repeats the class; of one it cannot read, nothing.</summary>
    private static JsonObject? Config(IReadOnlyList<HubFile> files)
    {
        if (files.FirstOrDefault(file => file.Name == "config.json")?.Content is not { } content)
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(Encoding.UTF8.GetString(content.Span)) is JsonObject config
                ? new() { ["architectures"] = config["architectures"]?.DeepClone(), ["model_type"] = config["model_type"]?.DeepClone() }
                : null;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }
}
