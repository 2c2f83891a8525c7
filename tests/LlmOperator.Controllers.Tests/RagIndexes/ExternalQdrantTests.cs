using System.Net;
using System.Text;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Sandbox.StandIns.Qdrant;
using Xunit;

namespace LlmOperator.Controllers.Tests.RagIndexes;

/// <summary>A Qdrant that is there already: over TLS with an authority of its own, and with keys that change.</summary>
public sealed class ExternalQdrantTests
{
    private const string WithKey = """{"qdrant":{"external":{"url":"http://qdrant:6333","apiKeySecretRef":{"name":"qdrant","key":"api-key"}}},"collections":[{"name":"posts","vectors":{"size":4}}]}""";

    [Theory]
    [InlineData("""{"caConfigMapRef":{"name":"authorities","key":"ca.crt"}}""")]
    [InlineData("""{"caSecretRef":{"name":"authorities","key":"ca.crt"}}""")]
    [InlineData("""{"insecureSkipVerify":true}""")]
    public async Task Over_tls_it_is_trusted_by_the_authority_that_is_named_or_without_a_check(string tls)
    {
        await using var server = await TlsQdrant.StartAsync();
        await using var cluster = new OperatorFixture();
        Authority(cluster, server.Authority);
        cluster.PutIndex(Over(server, tls));
        cluster.Start();

        await ConditionAsync(cluster, "Ready", "True", "Serving");
        Assert.Contains(server.Qdrant.Calls, call => call is { Method: "PUT", Path: ["collections", "posts-g1"] });
    }

    [Fact]
    public async Task A_server_of_another_authority_is_told_and_taken_once_the_authority_is_right()
    {
        await using var server = await TlsQdrant.StartAsync();
        await using var cluster = new OperatorFixture();
        Authority(cluster, TlsQdrant.NewAuthority().ExportCertificatePem());
        cluster.PutIndex(Over(server, """{"caConfigMapRef":{"name":"authorities","key":"ca.crt"}}"""));
        cluster.Start();
        await ConditionAsync(cluster, "QdrantReady", "False", "CertificateRefused");
        var message = Condition(cluster, "QdrantReady")!.Message;
        Assert.Contains("no TLS connection", message, StringComparison.Ordinal);
        Assert.Contains("spec.qdrant.external.tls.caConfigMapRef", message, StringComparison.Ordinal);
        Assert.Empty(server.Qdrant.Calls);

        // What was read is read again within five minutes.
        Authority(cluster, server.Authority);
        await ConditionAsync(cluster, "Ready", "True", "Serving");
    }

    [Fact]
    public async Task Without_a_word_on_certificates_only_the_well_known_authorities_are_trusted()
    {
        await using var server = await TlsQdrant.StartAsync();
        await using var cluster = new OperatorFixture();
        cluster.PutIndex(Over(server, null));
        cluster.Start();

        await ConditionAsync(cluster, "QdrantReady", "False", "CertificateRefused");
        Assert.Empty(server.Qdrant.Calls);
    }

    [Theory]
    [InlineData("ca.crt", "no certificate here", "InvalidAuthority", "holds no certificate in PEM")]
    [InlineData("other", "", "AuthorityNotFound", "ConfigMap authorities has no key ca.crt")]
    [InlineData(null, "", "AuthorityNotFound", "there is no ConfigMap authorities")]
    public async Task An_authority_that_cannot_be_used_is_told_with_what_to_correct(string? key, string text, string reason, string message)
    {
        await using var cluster = new OperatorFixture();
        if (key is not null)
        {
            cluster.Api.Put(new ConfigMap { Metadata = new() { Name = "authorities", Namespace = "default" }, Data = new Dictionary<string, string> { [key] = text } });
        }

        cluster.PutIndex("""{"qdrant":{"external":{"url":"https://qdrant.example","tls":{"caConfigMapRef":{"name":"authorities","key":"ca.crt"}}}},"collections":[{"name":"posts"}]}""");
        cluster.Start();

        await ConditionAsync(cluster, "QdrantReady", "False", reason);
        Assert.Contains(message, Condition(cluster, "QdrantReady")!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_was_rotated_is_read_again_at_once_when_the_old_one_is_refused()
    {
        await using var fixture = new RagIndexFixture();
        fixture.Server.ApiKey = "first";
        Key(fixture, "first");
        fixture.Operator.PutIndex(WithKey);
        fixture.Operator.Start();
        await fixture.ConditionAsync("Ready", "True", "Serving");

        var reads = Reads(fixture);
        fixture.Server.ApiKey = "second";
        await fixture.ConditionAsync("QdrantReady", "False", "Unauthorized");
        Assert.Contains("key api-key of Secret qdrant", fixture.Condition("QdrantReady")!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("first", fixture.Condition("QdrantReady")!.Message, StringComparison.Ordinal);
        Key(fixture, "second");
        await fixture.ConditionAsync("Ready", "True", "Serving");
        Assert.True(Reads(fixture) > reads);
    }

    [Fact]
    public async Task A_key_that_was_changed_while_the_old_one_still_works_is_taken_within_five_minutes_and_read_no_more_often()
    {
        await using var fixture = new RagIndexFixture();
        var used = "";
        fixture.Server.BeforeRequest = (call, _) =>
        {
            Volatile.Write(ref used, call.ApiKey ?? "");
            return ValueTask.FromResult<QdrantFault?>(null);
        };
        Key(fixture, "first");
        fixture.Operator.PutIndex(WithKey);
        fixture.Operator.Start();
        await fixture.ConditionAsync("Ready", "True", "Serving");
        Assert.Equal("first", Volatile.Read(ref used));

        Key(fixture, "second");
        var (reads, since) = (Reads(fixture), fixture.Operator.Clock.GetUtcNow());
        await fixture.UntilAsync(() => Volatile.Read(ref used) == "second", "the new key is used");
        Assert.InRange(fixture.Operator.Clock.GetUtcNow() - since, TimeSpan.Zero, TimeSpan.FromMinutes(6));
        Assert.Equal(reads + 1, Reads(fixture));
    }

    [Fact]
    public async Task A_secret_that_may_not_be_read_or_is_not_there_is_told_with_what_to_do()
    {
        await using var fixture = new RagIndexFixture();
        var forbidden = false;
        fixture.Operator.Api.Intercept = (request, _) => request is { Verb: "get", Plural: "secrets" } && Volatile.Read(ref forbidden) ? throw new KubeApiException(HttpStatusCode.Forbidden, "Forbidden", "no") : Task.CompletedTask;
        fixture.Operator.PutIndex(WithKey);
        fixture.Operator.Start();
        await fixture.ConditionAsync("QdrantReady", "False", "KeyNotFound");

        Volatile.Write(ref forbidden, true);
        await fixture.ConditionAsync("QdrantReady", "False", "KeyForbidden");
        Assert.Contains("llm-operator-secret-reader in namespace default", fixture.Condition("QdrantReady")!.Message, StringComparison.Ordinal);

        Volatile.Write(ref forbidden, false);
        Key(fixture, "first");
        await fixture.ConditionAsync("Ready", "True", "Serving");
    }

    private static int Reads(RagIndexFixture fixture) => fixture.Operator.Api.Requests.Count(request => request is { Verb: "get", Plural: "secrets" });

    private static void Key(RagIndexFixture fixture, string key) =>
        fixture.Operator.Api.Put(new Secret { Metadata = new() { Name = "qdrant", Namespace = "default" }, Data = new Dictionary<string, byte[]> { ["api-key"] = Encoding.UTF8.GetBytes(key) } });

    private static void Authority(OperatorFixture cluster, string pem)
    {
        cluster.Api.Put(new ConfigMap { Metadata = new() { Name = "authorities", Namespace = "default" }, Data = new Dictionary<string, string> { ["ca.crt"] = pem } });
        cluster.Api.Put(new Secret { Metadata = new() { Name = "authorities", Namespace = "default" }, Data = new Dictionary<string, byte[]> { ["ca.crt"] = Encoding.UTF8.GetBytes(pem) } });
    }

    private static string Over(TlsQdrant server, string? tls) =>
        """{"qdrant":{"external":{"url":"URL"TLS}},"collections":[{"name":"posts","vectors":{"size":4}}]}"""
            .Replace("URL", server.Address.ToString().TrimEnd('/'), StringComparison.Ordinal).Replace("TLS", tls is null ? "" : $",\"tls\":{tls}", StringComparison.Ordinal);

    private static Condition? Condition(OperatorFixture cluster, string type) => cluster.Api.Peek<Api.RagIndexes.RagIndex>("docs")?.Status?.Conditions.Find(type);

    private static Task ConditionAsync(OperatorFixture cluster, string type, string status, string reason) => Until.TrueAsync(
        () => Condition(cluster, type) is { } found && found.Status == status && found.Reason == reason,
        $"condition {type}={status} {reason}, it is {Condition(cluster, type)}", cluster.Clock, TimeSpan.FromSeconds(1));
}
