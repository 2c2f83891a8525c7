using System.Text.Json;
using LlmOperator.Api;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Planning.Admission;
using Xunit;
using static LlmOperator.Planning.Tests.Admission.AdmissionCases;

namespace LlmOperator.Planning.Tests.Admission;

/// <summary>Every rule of the webhook for indexes; the rules of the definition have their cases beside the expressions' own tests.</summary>
public sealed class RagIndexAdmissionTests
{
    private const string External = """{"qdrant":{"external":{"url":"https://q"}},"collections":[{"name":"c"}]}""";

    private const string Managed = """{"qdrant":{"managed":{}},"collections":[{"name":"c"}]}""";

    private const string Embedded = """{"qdrant":{"managed":{}},"collections":[{"name":"c","vectors":{"size":384}}],"embedding":{"model":"org/model","size":384,"endpointRef":{"name":"NAME"}}}""";

    /// <summary>Spec as it would be, spec as it is (empty when new), field that is refused (empty when none), words of the refusal or of the only warning (empty when none).</summary>
    public static TheoryData<string, string, string, string> Rules() => new()
    {
        { External, "", "", "" },
        { Managed, "", "", "" },

        // Snapshots.
        { With(External, "\"snapshots\":{\"schedule\":\"0 3 * * *\"}"), "", "", "" },
        { With(External, "\"snapshots\":{\"schedule\":\"@daily\"}"), "", "", "" },
        { With(External, "\"snapshots\":{\"schedule\":\"61 * * * *\"}"), "", "spec.snapshots.schedule", "61" },
        { With(External, "\"snapshots\":{\"schedule\":\"* * * foo *\"}"), "", "spec.snapshots.schedule", "foo" },

        // Volumes.
        { Sized("20Gi"), Sized("10Gi"), "", "" },
        { Sized("10Gi"), Sized("20Gi"), "spec.qdrant.managed.storage.size", "a volume cannot shrink, and those of this index have 20Gi" },
        { Managed, Sized("20Gi"), "spec.qdrant.managed.storage.size", "a volume cannot shrink" },
        { Sized("5Gi"), Managed, "spec.qdrant.managed.storage.size", "those of this index have 10Gi" },
        { Sized("5Gi"), "", "", "" },
        { Sized("10240Mi"), Sized("10Gi"), "", "" },

        // Certificates.
        { External.Replace("\"https://q\"", "\"https://q\",\"tls\":{\"insecureSkipVerify\":true}", StringComparison.Ordinal), "", "", "insecureSkipVerify takes any certificate" },

        // The endpoint that makes vectors.
        { For("embedder"), "", "", "" },
        { For("absent"), "", "", "there is no LlmEndpoint absent in this namespace yet" },
        { For("chat"), "", "spec.embedding.endpointRef.name", "with task Generate, and one with task Embed is needed" },
        { For("chat"), For("embedder"), "spec.embedding.endpointRef.name", "with task Generate, and one with task Embed is needed" },
        { With(For("chat"), "\"deletionPolicy\":\"Delete\""), For("chat"), "", "with task Generate, and one with task Embed is needed" },
        { Model("other/model"), "", "spec.embedding.endpointRef.name", "serves org/model, and spec.embedding.model is other/model" },
        { Model("other/model"), For("embedder"), "spec.embedding.endpointRef.name", "vectors of two models cannot be compared" },
        { With(Model("other/model"), "\"deletionPolicy\":\"Delete\""), Model("other/model"), "", "vectors of two models cannot be compared" },
        { Model("Org/MODEL"), "", "", "" },
        { Model("model"), "", "", "" },
        { Size(256), "", "spec.embedding.size", "makes vectors of 384 numbers" },
        { Size(256), For("embedder"), "spec.embedding.size", "makes vectors of 384 numbers" },
        { With(Size(256), "\"deletionPolicy\":\"Delete\""), Size(256), "", "makes vectors of 384 numbers" },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void Each_rule_refuses_what_breaks_it_and_warns_of_what_was_so_before(string spec, string before, string field, string words)
    {
        var cases = new AdmissionCases()
            .With(AdmissionCases.Model(""" "task":"Embed","architecture":{"hiddenSize":384} """, "embeds")).With(Endpoint(name: "embedder", model: "embeds"))
            .With(AdmissionCases.Model(name: "talks")).With(Endpoint(name: "chat", model: "talks"));

        var decision = RagIndexAdmission.Review(Index(spec)!, Index(before), cases.Facts);

        Assert.Equal(field.Length == 0 ? [] : [field], decision.Errors.Select(error => error.Field));
        if (words.Length == 0)
        {
            Assert.Empty(decision.Warnings);
        }
        else
        {
            Assert.Contains(words, field.Length > 0 ? decision.Errors.Single().Message : Assert.Single(decision.Warnings), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_index_without_a_spec_is_refused_with_what_belongs_there() =>
        Assert.Equal("spec", Assert.Single(RagIndexAdmission.Review(new() { Metadata = new() { Name = "i", Namespace = "prod" } }, null, new AdmissionCases().Facts).Errors).Field);

    private static string For(string endpoint) => Embedded.Replace("NAME", endpoint, StringComparison.Ordinal);

    private static string Model(string model) => For("embedder").Replace("\"org/model\"", $"\"{model}\"", StringComparison.Ordinal);

    private static string Size(int size) => For("embedder").Replace("384", $"{size}", StringComparison.Ordinal);

    private static string Sized(string size) => Managed.Replace("\"managed\":{}", $"\"managed\":{{\"storage\":{{\"size\":\"{size}\"}}}}", StringComparison.Ordinal);

    private static string With(string spec, string more) => $"{spec[..^1]},{more}}}";

    private static RagIndex? Index(string spec) => spec.Length == 0 ? null : new() { Metadata = new() { Name = "i", Namespace = "prod" }, Spec = JsonSerializer.Deserialize(spec, ApiJsonContext.Default.RagIndexSpec) };
}
