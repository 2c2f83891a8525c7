using System.Net;
using System.Security.Cryptography;
using System.Text;
using LlmOperator.Api.Models;
using LlmOperator.Controllers.Registries;
using LlmOperator.Planning.Models;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Controllers.Tests.Registries;

public sealed class OciRegistryTests
{
    private const string Basic = "dXNlcjpQbGFudGVkUGFzc3dvcmQ="; // user:PlantedPassword

    private const string ModelConfig = """{"descriptor":{"name":"twin","licenses":["apache-2.0"]},"config":{"architecture":"transformer","format":"safetensors","paramSize":"8b","precision":"bf16"},"modelfs":{"type":"layers","diffIds":[]}}""";

    private static readonly string ConfigDigest = Digest(ModelConfig);

    private static readonly string Model = $$$"""
        {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.cncf.model.manifest.v1+json",
         "config":{"mediaType":"application/vnd.cncf.model.config.v1+json","digest":"{{{ConfigDigest}}}","size":200},
         "layers":[{"mediaType":"application/vnd.cncf.model.weight.v1.raw","digest":"sha256:{{{new string('a', 64)}}}","size":16060522496,"annotations":{"org.cncf.model.filepath":"model.safetensors"}},
                   {"mediaType":"application/vnd.cncf.model.weight.config.v1.raw","digest":"sha256:{{{new string('b', 64)}}}","size":100}]}
        """;

    private static readonly string Image = $$$"""
        {"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{{ConfigDigest}}}","size":200},"annotations":{"org.opencontainers.image.licenses":"MIT"},
         "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:{{{new string('c', 64)}}}","size":1000}]}
        """;

    [Fact]
    public async Task A_tag_is_resolved_to_a_digest_with_a_token_fetched_by_the_pull_secret()
    {
        using var registry = new ScriptedHttpServer(Registry(Model));
        var reading = await ReadAsync(registry, PullSecret(registry));

        Assert.Equal(Digest(Model), reading.Revision);
        Assert.Equal((8_000_000_000, 16_060_522_496, 16_060_522_596, "apache-2.0"), (reading.Facts!.Parameters, reading.Facts.WeightsBytes, reading.Facts.TotalBytes, reading.Facts.License));
        Assert.Equal("bfloat16", reading.Facts.Architecture!.DataType);
        Assert.Contains(reading.Files, file => file is { Name: "model.safetensors", Size: 16_060_522_496 });
        Assert.Contains(registry.Requests, request => request.StartsWith("GET /token?scope=repository%3Ateam%2Ftwin%3Apull&service=registry.test", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_index_is_pinned_and_one_of_its_manifests_looked_into()
    {
        var index = $$$"""{"schemaVersion":2,"manifests":[{"digest":"sha256:{{{new string('d', 64)}}}","size":1,"platform":{"os":"linux","architecture":"arm64"}},{"digest":"{{{Digest(Image)}}}","size":1,"platform":{"os":"linux","architecture":"amd64"}}]}""";
        using var registry = new ScriptedHttpServer(Registry(index, Image));
        var reading = await ReadAsync(registry, PullSecret(registry));

        Assert.Equal(Digest(index), reading.Revision);
        Assert.Equal((1000, "MIT", null), (reading.Facts!.TotalBytes, reading.Facts.License, reading.Facts.Parameters));
    }

    [Fact]
    public async Task Whether_a_tag_has_moved_is_asked_without_reading_it()
    {
        using var registry = new ScriptedHttpServer(Registry(Model));
        var reading = await ReadAsync(registry, PullSecret(registry), factsWanted: false);

        Assert.Equal(Digest(Model), reading.Revision);
        Assert.DoesNotContain(registry.Requests, request => request.StartsWith("GET /v2/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_credentials_and_with_wrong_ones_the_refusals_differ()
    {
        using var registry = new ScriptedHttpServer(Registry(Model));

        var none = await Assert.ThrowsAsync<RegistryException>(() => ReadAsync(registry, null));
        Assert.Equal(RegistryReasons.OperatorAccessDenied, none.Reason);
        Assert.Contains("spec.source.oci.pullSecretRef", none.Message);

        var wrong = await Assert.ThrowsAsync<RegistryException>(() => ReadAsync(registry, $$$$"""{"auths":{"127.0.0.1:{{{{registry.Port}}}}":{"username":"user","password":"PlantedWrong"}}}"""));
        Assert.Equal(RegistryReasons.InvalidToken, wrong.Reason);
        Assert.DoesNotContain("Planted", wrong.ToString());
    }

    [Fact]
    public async Task A_missing_image_is_not_found()
    {
        using var registry = new ScriptedHttpServer(_ => (404, "{}", []));
        Assert.Equal(RegistryReasons.ModelNotFound, (await Assert.ThrowsAsync<RegistryException>(() => ReadAsync(registry, null))).Reason);
    }

    [Theory]
    [InlineData("twin", "docker.io", "library/twin", "latest")]
    [InlineData("team/twin:v1", "docker.io", "team/twin", "v1")]
    [InlineData("ghcr.io/team/a/twin:v1", "ghcr.io", "team/a/twin", "v1")]
    [InlineData("localhost:5000/twin", "localhost:5000", "twin", "latest")]
    [InlineData("index.docker.io/team/twin", "docker.io", "team/twin", "latest")]
    public void References_are_read_as_Docker_reads_them(string text, string registry, string repository, string tag)
    {
        var image = ImageReference.Parse(text);
        Assert.Equal((registry, repository, tag), (image.Registry, image.Repository, image.Tag));
    }

    [Fact]
    public void A_digest_stands_for_itself()
    {
        var image = ImageReference.Parse("ghcr.io/team/twin@sha256:" + new string('a', 64));
        Assert.Equal((null, "sha256:" + new string('a', 64)), (image.Tag, image.Digest));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Team/Twin")]
    [InlineData("ghcr.io/team/twin@sha256:short")]
    [InlineData("ghcr.io/../twin")]
    [InlineData("ghcr.io/twin:a b")]
    public void What_is_no_reference_is_refused(string text) => Assert.Contains("spec.source.oci.image", Assert.Throws<RegistryException>(() => ImageReference.Parse(text)).Message);

    private static string PullSecret(ScriptedHttpServer registry) => $$$$"""{"auths":{"other.example":{"auth":"eDp5"},"http://127.0.0.1:{{{{registry.Port}}}}/v2/":{"auth":"{{{{Basic}}}}"}}}""";

    private static string Digest(string text) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static Func<HttpListenerRequest, (int, string, (string, string)[])> Registry(string tagged, string? inner = null) => request =>
    {
        var path = request.Url!.AbsolutePath;
        if (path == "/token")
        {
            return request.Headers["Authorization"] == "Basic " + Basic ? (200, """{"token":"PlantedBearer"}""", []) : (401, "{}", []);
        }

        if (request.Headers["Authorization"] != "Bearer PlantedBearer")
        {
            return (401, "{}", [("WWW-Authenticate", $"Bearer realm=\"http://127.0.0.1:{request.Url.Port}/token\",service=\"registry.test\",scope=\"repository:team/twin:pull\"")]);
        }

        return path switch
        {
            "/v2/team/twin/manifests/v1" => (200, tagged, [("Docker-Content-Digest", Digest(tagged))]),
            _ when inner is not null && path == "/v2/team/twin/manifests/" + Digest(inner) => (200, inner, []),
            _ when path == "/v2/team/twin/blobs/" + ConfigDigest => (200, ModelConfig, []),
            _ => (404, "{}", []),
        };
    };

    private static async Task<RegistryReading> ReadAsync(ScriptedHttpServer server, string? pullSecret, bool factsWanted = true)
    {
        var clock = new ManualTimeProvider();
        using var http = new RegistryHttp(clock);
        var source = new ModelSource { Oci = new() { Image = $"127.0.0.1:{server.Port}/team/twin:v1" } };
        var credentials = new RegistryCredentials { DockerConfig = pullSecret is null ? null : Encoding.UTF8.GetBytes(pullSecret) };
        return await new OciRegistry(http, new(clock), clock).ReadAsync(new(source, null, credentials) { FactsWanted = factsWanted }, TestContext.Current.CancellationToken);
    }
}
