using System.Text.Json.Nodes;
using LlmOperator.Testing;

namespace LlmOperator.Sandbox.Tests.Conformance;

/// <summary>A recorded sequence of requests and the answers of a real kube-apiserver.</summary>
internal sealed record Recording(string Name, bool NeedsControllers, IReadOnlyList<JsonObject> Setup, IReadOnlyList<JsonObject> Steps)
{
    private static readonly string Folder = Path.Combine(SharedData.RepositoryRoot, "tests", "LlmOperator.Sandbox.Tests", "Conformance", "recordings");

    public static IEnumerable<string> Names => Directory.EnumerateFiles(Folder, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal);

    public static Recording Read(string name)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name + ".json")))!.AsObject();
        return new Recording(
            name,
            json["needs"]!.AsArray().Any(need => need!.GetValue<string>() == "controllers"),
            [.. (json["setup"] as JsonArray ?? []).Select(step => step!.AsObject())],
            [.. json["steps"]!.AsArray().Select(step => step!.AsObject())]);
    }
}
