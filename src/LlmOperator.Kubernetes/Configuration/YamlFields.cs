using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace LlmOperator.Kubernetes.Configuration;

/// <summary>A mapping of a YAML file with its place in it, so that every complaint can name file and field.</summary>
internal sealed class YamlFields(YamlMappingNode node, string file, string path)
{
    public string File => file;

    public static YamlFields Read(string file, TextReader text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(text);
        }
        catch (YamlException fault)
        {
            throw new ClusterConfigurationException($"{file}, line {fault.Start.Line}: {fault.Message}", fault);
        }

        return stream.Documents.Count == 0 || IsNull(stream.Documents[0].RootNode)
            ? new YamlFields(new YamlMappingNode(), file, "")
            : stream.Documents[0].RootNode is YamlMappingNode root
                ? new YamlFields(root, file, "")
                : throw new ClusterConfigurationException($"{file}: a kubeconfig is a mapping with clusters, users and contexts");
    }

    public string Origin(string field) => $"{file}, {(path.Length == 0 ? "" : path + ".")}{field}";

    public string? Text(string field) => Find(field) switch
    {
        null => null,
        YamlScalarNode scalar when IsNull(scalar) => null,
        YamlScalarNode { Value: "" } => null,
        YamlScalarNode scalar => scalar.Value,
        _ => throw Wrong(field, "must be a string"),
    };

    public bool Has(string field) => Find(field) is { } value && !IsNull(value);

    public string Required(string field) => Text(field) ?? throw Wrong(field, "is required");

    public bool Flag(string field) => Text(field) switch
    {
        null or "false" => false,
        "true" => true,
        var other => throw Wrong(field, $"must be true or false, not \"{other}\""),
    };

    public Uri? Url(string field) => Text(field) switch
    {
        null => null,
        var text when Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : "https://" + text, UriKind.Absolute, out var url) && url.Host.Length > 0 => url,
        var text => throw Wrong(field, $"must be a URL, not \"{text}\""),
    };

    public byte[]? Base64(string field)
    {
        try
        {
            return Text(field) is { } text ? Convert.FromBase64String(text) : null;
        }
        catch (FormatException fault)
        {
            throw new ClusterConfigurationException($"{Origin(field)} must be base64", fault);
        }
    }

    public YamlFields? Map(string field) => Find(field) switch
    {
        null => null,
        var value when IsNull(value) => null,
        YamlMappingNode map => new YamlFields(map, file, Join(field)),
        _ => throw Wrong(field, "must be a mapping"),
    };

    public IEnumerable<YamlFields> Maps(string field)
    {
        var index = 0;
        foreach (var item in Sequence(field))
        {
            var place = $"{Join(field)}[{index++}]";
            yield return item is YamlMappingNode map
                ? new YamlFields(map, file, place)
                : throw new ClusterConfigurationException($"{file}, {place} must be a mapping");
        }
    }

    public IReadOnlyList<string> Texts(string field) =>
        [.. Sequence(field).Select(item => item is YamlScalarNode scalar ? scalar.Value ?? "" : throw Wrong(field, "must be a list of strings"))];

    public JsonNode? Json(string field) => Find(field) is { } value ? ToJson(value) : null;

    public ClusterConfigurationException Wrong(string field, string what) => new($"{Origin(field)} {what}");

    private static bool IsNull(YamlNode node) =>
        node is YamlScalarNode { Style: ScalarStyle.Plain or ScalarStyle.Any, Value: null or "" or "~" or "null" };

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Select(pair => KeyValuePair.Create(((YamlScalarNode)pair.Key).Value!, ToJson(pair.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Select(ToJson)]),
        YamlScalarNode scalar when IsNull(scalar) => null,
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" } => JsonValue.Create(true),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "false" } => JsonValue.Create(false),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar when long.TryParse(scalar.Value, out var number) => JsonValue.Create(number),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar when double.TryParse(scalar.Value, out var number) && double.IsFinite(number) => JsonValue.Create(number),
        _ => JsonValue.Create(((YamlScalarNode)node).Value),
    };

    private YamlNode? Find(string field) => node.Children.TryGetValue(new YamlScalarNode(field), out var value) ? value : null;

    private YamlSequenceNode Sequence(string field) => Find(field) switch
    {
        null => new YamlSequenceNode(),
        var value when IsNull(value) => new YamlSequenceNode(),
        YamlSequenceNode list => list,
        _ => throw Wrong(field, "must be a list"),
    };

    private string Join(string field) => path.Length == 0 ? field : $"{path}.{field}";
}
