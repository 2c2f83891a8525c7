using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Json;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Objects;

/// <summary>Every field we read or write exists in Kubernetes, under that name and with that JSON type.</summary>
public sealed class OpenApiContractTests
{
    private const string File = "kubernetes-openapi.json";

    public static TheoryData<string> Kinds()
    {
        var data = new TheoryData<string>();
        foreach (var type in KindTypes())
        {
            data.Add(type.Name);
        }

        return data;
    }

    [Fact]
    public void Many_kinds_are_modelled() => Assert.True(KindTypes().Count() >= 23);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_field_of_a_kind_is_one_the_api_server_knows(string kind)
    {
        var path = SharedData.Contract(File);
        Assert.SkipWhen(path is null, $"{File} is not beside this checkout");
        using var contract = JsonDocument.Parse(System.IO.File.ReadAllBytes(path!));
        var definitions = contract.RootElement.GetProperty("definitions");
        var type = KindTypes().Single(candidate => candidate.Name == kind);
        var resource = (ResourceType)type.GetProperty("Resource", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;
        var definition = definitions.EnumerateObject().Single(candidate => IsKind(candidate.Value, resource)).Value;

        var walk = new Walk(definitions);
        walk.Check(KubeJson.Default.GetTypeInfo(type)!, definition, kind);

        Assert.True(walk.Faults.Count == 0, string.Join("\n", walk.Faults));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_path_of_a_kind_is_one_the_api_server_serves(string kind)
    {
        var path = SharedData.Contract(File);
        Assert.SkipWhen(path is null, $"{File} is not beside this checkout");
        using var contract = JsonDocument.Parse(System.IO.File.ReadAllBytes(path!));
        var type = KindTypes().Single(candidate => candidate.Name == kind);
        var resource = (ResourceType)type.GetProperty("Resource", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;
        var root = resource.Group.Length == 0 ? $"/api/{resource.Version}" : $"/apis/{resource.ApiVersion}";

        Assert.True(contract.RootElement.GetProperty("paths").TryGetProperty(
            resource.Namespaced ? $"{root}/namespaces/{{namespace}}/{resource.Plural}" : $"{root}/{resource.Plural}", out _));
    }

    [Theory]
    [InlineData(typeof(LeaderWorkerSet))]
    [InlineData(typeof(ServiceMonitor))]
    public void Every_field_of_an_added_kind_is_one_its_definition_knows(Type kind)
    {
        var resource = (ResourceType)kind.GetProperty("Resource", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;
        var file = $"crds/{resource.Group}_{resource.Plural}.yaml";
        var path = SharedData.Contract(file);
        Assert.SkipWhen(path is null, $"{file} is not beside this checkout");
        var spec = YamlJson.Parse(System.IO.File.ReadAllText(path!)).Single()["spec"]!;
        Assert.Equal((resource.Group, resource.Plural, resource.Kind), (spec["group"]!.ToString(), spec["names"]!["plural"]!.ToString(), spec["names"]!["kind"]!.ToString()));
        var version = spec["versions"]!.AsArray().Single(version => version!["name"]!.ToString() == resource.Version)!;
        using var schema = JsonDocument.Parse(version["schema"]!["openAPIV3Schema"]!["properties"]!.ToJsonString());

        var walk = new Walk(schema.RootElement);
        foreach (var part in new[] { "Spec", "Status" }.Where(part => kind.GetProperty(part) is not null))
        {
            walk.Check(KubeJson.Default.GetTypeInfo(kind.GetProperty(part)!.PropertyType)!, schema.RootElement.GetProperty(part.ToLowerInvariant()), part.ToLowerInvariant());
        }

        // The definition knows a template's labels and annotations; whoever fills in other metadata of one is refused elsewhere.
        Assert.DoesNotContain(walk.Faults, fault => !fault.Contains("Template.metadata.", StringComparison.Ordinal));
    }

    /// <summary>Kinds that come with Kubernetes; others come with definitions of their own.</summary>
    private static IEnumerable<Type> KindTypes() =>
        typeof(Pod).Assembly.GetTypes().Where(type => type is { IsAbstract: false, Namespace: "LlmOperator.Kubernetes.Objects" }
            && type != typeof(LeaderWorkerSet) && type != typeof(ServiceMonitor)
            && type.GetInterfaces().Contains(typeof(IKubeObject)));

    private static bool IsKind(JsonElement definition, ResourceType resource) =>
        definition.TryGetProperty("x-kubernetes-group-version-kind", out var names)
        && names.GetArrayLength() == 1
        && names[0].GetProperty("group").GetString() == resource.Group
        && names[0].GetProperty("version").GetString() == resource.Version
        && names[0].GetProperty("kind").GetString() == resource.Kind;

    private sealed class Walk(JsonElement definitions)
    {
        private readonly HashSet<(Type, string)> _seen = [];

        public List<string> Faults { get; } = [];

        public void Check(JsonTypeInfo ours, JsonElement theirs, string path)
        {
            if (theirs.TryGetProperty("$ref", out var reference))
            {
                var name = reference.GetString()!["#/definitions/".Length..];
                if (!_seen.Add((ours.Type, name)))
                {
                    return;
                }

                theirs = definitions.GetProperty(name);
            }

            // An empty definition is a union the OpenAPI v2 vocabulary cannot say, such as "schema or array of schemas".
            if (!theirs.EnumerateObject().Any())
            {
                return;
            }

            var expected = theirs.TryGetProperty("type", out var declared) ? declared.GetString() : null;
            if (Shape(ours) is { } shape && expected is not null && shape != expected)
            {
                Faults.Add($"{path}: ours is {shape}, Kubernetes has {expected}");
                return;
            }

            switch (ours.Kind)
            {
                case JsonTypeInfoKind.Object:
                    foreach (var property in ours.Properties.Where(property => !property.IsExtensionData && (property.Get ?? property.Set as Delegate) is not null))
                    {
                        if (theirs.TryGetProperty("properties", out var fields) && fields.TryGetProperty(property.Name, out var field))
                        {
                            Check(ours.Options.GetTypeInfo(property.PropertyType), field, $"{path}.{property.Name}");
                        }
                        else
                        {
                            Faults.Add($"{path}.{property.Name}: no such field");
                        }
                    }

                    break;
                case JsonTypeInfoKind.Enumerable when theirs.TryGetProperty("items", out var items):
                    Check(ours.Options.GetTypeInfo(ours.ElementType!), items, path + "[]");
                    break;
                case JsonTypeInfoKind.Dictionary when theirs.TryGetProperty("additionalProperties", out var values):
                    Check(ours.Options.GetTypeInfo(ours.ElementType!), values, path + "{}");
                    break;
            }
        }

        private static string? Shape(JsonTypeInfo info) => info.Kind switch
        {
            JsonTypeInfoKind.Object => "object",
            JsonTypeInfoKind.Dictionary => "object",
            JsonTypeInfoKind.Enumerable => "array",
            _ when (Nullable.GetUnderlyingType(info.Type) ?? info.Type) is var type => type == typeof(string) || type == typeof(byte[]) || type == typeof(Quantity) || type == typeof(IntOrString) || type == typeof(DateTimeOffset) ? "string"
                : type == typeof(bool) ? "boolean"
                : type == typeof(int) || type == typeof(long) ? "integer"
                : type == typeof(double) ? "number"
                : null,
            _ => null,
        };
    }
}
