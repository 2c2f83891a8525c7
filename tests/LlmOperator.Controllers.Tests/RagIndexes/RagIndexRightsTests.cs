using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Controllers.Tests.RagIndexes;

/// <summary>Everything that reconciling indexes asks of the API server is held against the roles that the operator is installed with.</summary>
public sealed class RagIndexRightsTests
{
    [Fact]
    public async Task The_operators_role_allows_every_request_of_a_managed_qdrants_life()
    {
        await using var fixture = new RagIndexFixture();
        var cluster = fixture.Operator;
        cluster.PutIndex("""{"qdrant":{"managed":{}},"collections":[{"name":"posts","vectors":{"size":4}}],"embedding":{"endpointRef":{"name":"embedder"},"size":4}}""");
        cluster.Start();
        await fixture.ConditionAsync("QdrantReady", "False", "PodsNotReady");
        fixture.Server.ApiKey = Encoding.UTF8.GetString(cluster.Api.Peek<Secret>("llm-qdrant-api-keys")!.Data!["docs"]);
        fixture.RunPods();
        await fixture.ConditionAsync("Ready", "True", "Serving");

        // Volumes grow, the policy goes, a monitor comes back, and a key too.
        var template = cluster.Api.Peek<StatefulSet>("docs-qdrant")!.Spec!.VolumeClaimTemplates![0];
        cluster.Api.Put(template with { Metadata = new() { Name = "storage-docs-qdrant-0", Namespace = "default", Labels = template.Metadata.Labels } });
        await cluster.SettleAsync();
        cluster.PutIndex("""{"qdrant":{"managed":{"storage":{"size":"20Gi"},"networkPolicy":{"enabled":false}}},"collections":[{"name":"posts","vectors":{"size":4}}]}""");
        await fixture.UntilAsync(() => cluster.Api.Peek<NetworkPolicy>("docs-qdrant") is null && cluster.Writes.Contains("delete statefulsets docs-qdrant"), "they are changed");
        cluster.Api.Remove<ServiceMonitor>("docs-qdrant");
        await fixture.UntilAsync(() => cluster.Api.Peek<ServiceMonitor>("docs-qdrant") is not null, "it is back");
        fixture.Delete();
        await fixture.UntilAsync(() => fixture.MayGo, "it may go");
        await cluster.SettleAsync();

        Assert.Contains(cluster.Api.Requests, request => request is { Verb: "apply", Plural: "servicemonitors" });
        Assert.Contains(cluster.Api.Requests, request => request is { Verb: "patch", Plural: "persistentvolumeclaims" });
        Assert.Empty(Refused(cluster.Api.Requests, Rules("clusterrole.yaml")));
    }

    [Fact]
    public async Task The_keys_and_authorities_of_an_external_qdrant_are_read_by_the_roles_that_are_there_for_it()
    {
        await using var fixture = new RagIndexFixture();
        var cluster = fixture.Operator;
        cluster.Api.Put(new Secret { Metadata = new() { Name = "qdrant", Namespace = "default" }, Data = new Dictionary<string, byte[]> { ["key"] = "k"u8.ToArray() } });
        cluster.Api.Put(new ConfigMap { Metadata = new() { Name = "ca", Namespace = "default" }, Data = new Dictionary<string, string> { ["ca.crt"] = TlsQdrant.NewAuthority().ExportCertificatePem() } });
        cluster.PutIndex("""{"qdrant":{"external":{"url":"http://qdrant:6333","apiKeySecretRef":{"name":"qdrant","key":"key"},"tls":{"caConfigMapRef":{"name":"ca","key":"ca.crt"}}}},"collections":[{"name":"posts"}],"deletionPolicy":"Delete"}""");
        cluster.Start();
        await fixture.ConditionAsync("Ready", "True", "Serving");
        fixture.Delete();
        await fixture.UntilAsync(() => fixture.MayGo, "it may go");
        await cluster.SettleAsync();

        // The Secret only where a namespace lets the operator: not by its own role.
        var own = Rules("clusterrole.yaml");
        Assert.Equal(["get secrets qdrant"], Refused(cluster.Api.Requests, own));
        Assert.Empty(Refused(cluster.Api.Requests, [.. own, .. Rules("secret-reader-role.yaml")]));
    }

    [Theory]
    [InlineData("delete", "secrets", "llm-qdrant-api-keys")]
    [InlineData("get", "secrets", "other")]
    [InlineData("list", "secrets", null)]
    [InlineData("delete", "ragindexes", "docs")]
    public void What_nobody_needs_is_not_allowed(string verb, string plural, string? name) =>
        Assert.NotEmpty(Refused([new(verb, plural, name is null ? null : new("default", name))], Rules("clusterrole.yaml")));

    /// <summary>Requests that no rule allows.</summary>
    private static IEnumerable<string> Refused(IEnumerable<FakeRequest> requests, IReadOnlyList<JsonNode> rules) => requests
        .SelectMany(request => Verbs(request).Select(verb => (Verb: verb, Request: request)))
        .Where(asked => !rules.Any(rule => Allows(rule, asked.Verb, asked.Request)))
        .Select(asked => $"{asked.Verb} {Resource(asked.Request)} {Name(asked.Request)}".TrimEnd())
        .Distinct();

    /// <summary>Server-side apply is a patch, and a create where the object is new.</summary>
    private static string[] Verbs(FakeRequest request) => request switch
    {
        { Verb: "apply", Subresource: null, Plural: not "ragindexes" } => ["patch", "create"],
        { Verb: "apply" } => ["patch"],
        { Verb: "replace" } => ["update"],
        _ => [request.Verb],
    };

    private static bool Allows(JsonNode rule, string verb, FakeRequest request) =>
        Has(rule, "verbs", verb) && Has(rule, "resources", Resource(request))
        && (rule["resourceNames"] is null || (verb != "create" && Name(request) is { } name && Has(rule, "resourceNames", name)));

    /// <summary>The one object that is asked for: by its name, or by a selector of it.</summary>
    private static string? Name(FakeRequest request) =>
        request.Key?.Name ?? (request.FieldSelector is { } selector && selector.StartsWith("metadata.name=", StringComparison.Ordinal) ? selector["metadata.name=".Length..] : null);

    private static string Resource(FakeRequest request) => request.Subresource is null ? request.Plural : $"{request.Plural}/{request.Subresource}";

    private static bool Has(JsonNode rule, string list, string value) => rule[list]!.AsArray().Any(entry => entry!.ToString() == value);

    private static List<JsonNode> Rules(string file) => [.. YamlJson.Documents($"config/base/{file}").Single(document => document["kind"]!.ToString() == "ClusterRole")["rules"]!.AsArray().Select(rule => rule!)];
}
