using LlmOperator.Api;
using LlmOperator.Api.Endpoints;
using LlmOperator.Controllers.RagIndexes.Embedding;
using LlmOperator.Kubernetes.Objects;
using Xunit;

namespace LlmOperator.Controllers.Tests.RagIndexes.Embedding;

public sealed class EmbedderCheckTests
{
    private const string Small = "sentence-transformers/all-MiniLM-L6-v2";
    private const string Large = "sentence-transformers/all-MiniLM-L12-v2";

    [Theory]
    [InlineData("new", Large, null)]
    [InlineData("new", "all-MiniLM-L12-v2", null)] // As the library itself names its models.
    [InlineData("new", Small, "LlmEndpoint e has pod p-new, which serves sentence-transformers/all-MiniLM-L12-v2 and not sentence-transformers/all-MiniLM-L6-v2: vectors are made when all its pods serve that")]
    [InlineData("old", Large, "LlmEndpoint e has pod p-old, which serves sentence-transformers/all-MiniLM-L6-v2 and not sentence-transformers/all-MiniLM-L12-v2: vectors are made when all its pods serve that")]
    [InlineData("new old", Large, "LlmEndpoint e has pod p-old, which serves sentence-transformers/all-MiniLM-L6-v2 and not sentence-transformers/all-MiniLM-L12-v2: vectors are made when all its pods serve that")]
    [InlineData("new other-engine", Large, null)]
    [InlineData("new gone", Large, "LlmEndpoint e has pod p-gone of the former revision gone: vectors are made when it has stopped")]
    [InlineData("", Large, null)]
    public void All_pods_must_be_known_to_serve_the_model(string pods, string wanted, string? why)
    {
        var endpoint = Endpoint(One("new", Large), One("old", Small), One("other-engine", Large));
        Assert.Equal(why, EmbedderCheck.WhyNot(endpoint, pods.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(revision => Pod(revision)), wanted));
    }

    [Fact]
    public void A_pod_that_is_stopping_counts_and_one_that_has_ended_does_not()
    {
        var endpoint = Endpoint(One("new", Large));
        Assert.NotNull(EmbedderCheck.WhyNot(endpoint, [Pod("old") with { Metadata = Pod("old").Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } }], Large));
        Assert.Null(EmbedderCheck.WhyNot(endpoint, [Pod("old", "Succeeded"), Pod("old", "Failed")], Large));
    }

    [Fact]
    public void Models_that_lie_elsewhere_are_told_apart_by_name()
    {
        var endpoint = Endpoint(One("new", null, "b"), One("same", null, "b"), One("old", null, "a"));
        Assert.Null(EmbedderCheck.WhyNot(endpoint, [Pod("new"), Pod("same")], "my-own"));
        Assert.Contains("which serves a and not my-own", EmbedderCheck.WhyNot(endpoint, [Pod("new"), Pod("old")], "my-own"), StringComparison.Ordinal);
    }

    private static LlmEndpoint Endpoint(params ServedRevision[] revisions) => new() { Metadata = new() { Name = "e" }, Status = new() { TargetRevision = "new", Revisions = revisions } };

    private static ServedRevision One(string revision, string? repository, string model = "m") => new() { Revision = revision, Model = new() { Name = model }, Repository = repository, Engine = "TEI" };

    private static Pod Pod(string revision, string phase = "Running") =>
        new() { Metadata = new() { Name = $"p-{revision}", Labels = new Dictionary<string, string> { [ApiGroup.RevisionLabel] = revision } }, Status = new() { Phase = phase } };
}
