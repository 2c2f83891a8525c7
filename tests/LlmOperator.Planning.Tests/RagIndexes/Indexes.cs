using System.Text.Json;
using LlmOperator.Api;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Planning.RagIndexes;

namespace LlmOperator.Planning.Tests.RagIndexes;

/// <summary>Indexes of the tests.</summary>
internal static class Indexes
{
    public const string Managed = """{"qdrant":{"managed":{}},"collections":[{"name":"posts","vectors":{"size":384}}]}""";
    public const string External = """{"qdrant":{"external":{"url":"http://qdrant:6333"}},"collections":[{"name":"posts","vectors":{"size":384}},{"name":"raw"}]}""";

    public static DateTimeOffset Now { get; } = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    public static RagIndex Of(string spec = Managed, string name = "twin", RagIndexStatus? status = null) => new()
    {
        Metadata = new() { Name = name, Namespace = "prod", Uid = "uid-" + name, Generation = 1 },
        Spec = JsonSerializer.Deserialize(spec, ApiJsonContext.Default.RagIndexSpec),
        Status = status,
    };

    public static ManagedQdrantPlan Plan(string spec = Managed, string name = "twin", Func<ManagedQdrantObservation, ManagedQdrantObservation>? seen = null)
    {
        var observed = new ManagedQdrantObservation { Index = Of(spec, name), Key = "key"u8.ToArray(), ImageRepository = "docker.io/qdrant/qdrant", OperatorNamespace = "llm-operator" };
        return QdrantPlanner.Plan(seen is null ? observed : seen(observed));
    }
}
