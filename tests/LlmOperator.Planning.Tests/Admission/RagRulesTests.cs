using System.Text.Json;
using LlmOperator.Api;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Planning.Admission;
using Xunit;
using static LlmOperator.Planning.Tests.Admission.AdmissionCases;

namespace LlmOperator.Planning.Tests.Admission;

public sealed class RagRulesTests
{
    private const string Embedding = """ "embedding":{"model":"sentence-transformers/all-MiniLM-L6-v2","size":384,"endpointRef":{"name":"embedder"}} """;

    [Fact]
    public void An_index_that_is_not_there_yet_is_a_warning() =>
        Assert.Equal(["spec.rag.indexRef.name: there is no RagIndex i in this namespace yet"], Warnings("""{"indexRef":{"name":"i"},"helper":{"url":"http://h"}}""", index: null));

    [Fact]
    public void What_an_index_lacks_for_an_endpoints_retrieval_is_told() => Assert.Equal(
        [
            "spec.rag.indexRef.name: RagIndex i has no spec.embedding.endpointRef, so that queries cannot be embedded: name an LlmEndpoint with task Embed there",
            "spec.rag.retrieval.collections: RagIndex i has no collection b: it counts as empty",
            "spec.rag.retrieval.hybrid.sparseVector: no collection of RagIndex i has a sparse vector words with modifier Idf, so that all are searched by meaning alone",
            "spec.rag.helper is not set: queries are neither expanded nor searched for the author they name",
        ],
        Warnings("""{"indexRef":{"name":"i"},"retrieval":{"collections":["a","b"],"hybrid":{"sparseVector":"words"}}}""", Index("""{"qdrant":{"managed":{}},"collections":[{"name":"a"}]}""")));

    [Fact]
    public void Retrieval_that_has_all_it_needs_has_no_warning() => Assert.Empty(
        Warnings(
            """{"indexRef":{"name":"i"},"retrieval":{"selfQuery":false,"expandTo":1,"hybrid":{"sparseVector":"words"}}}""",
            Index($$$"""{"qdrant":{"managed":{}},"collections":[{"name":"a","sparseVectors":[{"name":"words","modifier":"Idf"}]}],{{{Embedding}}} }""")));

    [Fact]
    public void An_index_whose_embedder_serves_another_model_is_refused_unless_it_was_so_before()
    {
        var cases = new AdmissionCases().With(Model(""" "task":"Embed" """, "m")).With(Endpoint(name: "embedder", model: "m"));
        var index = Index($$$"""{"qdrant":{"managed":{}},"collections":[{"name":"a"}],{{{Embedding}}} }""");
        var error = Assert.Single(RagIndexAdmission.Review(index, null, cases.Facts).Errors);

        Assert.Equal("spec.embedding.endpointRef.name", error.Field);
        Assert.Contains("and spec.embedding.model is sentence-transformers/all-MiniLM-L6-v2", error.Message, StringComparison.Ordinal);
        Assert.Single(RagIndexAdmission.Review(index, index, cases.Facts).Warnings);
    }

    [Theory]
    [InlineData("sentence-transformers/all-MiniLM-L6-v2", "Sentence-Transformers/all-minilm-l6-v2", true)]
    [InlineData("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2", true)]
    [InlineData("me/all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2", false)]
    [InlineData("all-MiniLM-L12-v2", "sentence-transformers/all-MiniLM-L6-v2", false)]
    public void Names_of_models_are_compared_without_case_and_with_or_without_their_owner(string one, string other, bool same) =>
        Assert.Equal((same, same), (EmbeddingModels.AreSame(one, other), EmbeddingModels.AreSame(other, one)));

    private static IEnumerable<string> Warnings(string rag, RagIndex? index)
    {
        var spec = Endpoint($"\"rag\":{rag}").Spec!;
        return RagRules.Warnings(spec, new AdmissionCases().Facts with { RagIndex = name => index?.Metadata.Name == name ? index : null });
    }

    private static RagIndex Index(string spec) => new() { Metadata = new() { Name = "i", Namespace = "prod" }, Spec = JsonSerializer.Deserialize(spec, ApiJsonContext.Default.RagIndexSpec) };
}
