using System.Net;
using System.Text;
using LlmOperator.Api.Models;
using LlmOperator.Controllers.Registries;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Planning.Models;
using Xunit;

namespace LlmOperator.Controllers.Tests.Registries;

public sealed class CredentialReaderTests
{
    private static readonly ModelSource Hub = new() { HuggingFace = new() { Repo = "org/model", TokenSecretRef = new() { Name = "hub" } } };

    private readonly FakeKubeClient _api = new();

    [Fact]
    public async Task A_token_is_read_by_name_without_the_line_end_of_its_file()
    {
        Put(("token", "hf_PlantedToken\n"));

        var credentials = await ReadAsync(Hub);

        Assert.Equal("hf_PlantedToken", credentials.Token);
        Assert.Equal(["get secrets default/hub"], _api.Requests.Select(request => $"{request.Verb} {request.Plural} {request.Key}"));
    }

    [Fact]
    public async Task A_version_changes_with_the_Secret()
    {
        Put(("token", "a"));
        var before = (await ReadAsync(Hub)).Version;
        Assert.Equal(before, (await ReadAsync(Hub)).Version);
        Put(("token", "b"));

        Assert.NotEqual(before, (await ReadAsync(Hub)).Version);
    }

    [Fact]
    public async Task Keys_of_S3_and_a_pull_secret_are_read()
    {
        Put(("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "PlantedKey"), ("AWS_SESSION_TOKEN", "PlantedSession"), (".dockerconfigjson", "{}"));

        var keys = (await ReadAsync(new() { S3 = new() { Bucket = "b", CredentialsSecretRef = new() { Name = "hub" } } })).Aws!;
        Assert.Equal(("AKIA", "PlantedKey", "PlantedSession"), (keys.AccessKeyId, keys.SecretAccessKey, keys.SessionToken));
        Assert.Equal("{}"u8.ToArray(), (await ReadAsync(new() { Oci = new() { Image = "i", PullSecretRef = new() { Name = "hub" } } })).DockerConfig);
    }

    [Theory]
    [InlineData("token", "", RegistryReasons.TokenSecretNotFound, "it is empty")]
    [InlineData("other", "x", RegistryReasons.TokenSecretNotFound, "has no key token")]
    [InlineData("token", "hf_Planted\nAuthorization: x", RegistryReasons.InvalidToken, "no token")]
    [InlineData("token", "hf_Plantéd", RegistryReasons.InvalidToken, "no token")]
    public async Task What_is_no_token_is_told_and_not_repeated(string key, string value, string reason, string words)
    {
        Put((key, value));
        var fault = await Assert.ThrowsAsync<RegistryException>(() => ReadAsync(Hub));

        Assert.Equal(reason, fault.Reason);
        Assert.Contains(words, fault.Message);
        Assert.DoesNotContain("Plant", fault.ToString());
    }

    [Fact]
    public async Task A_Secret_that_may_not_be_read_names_the_role_to_bind()
    {
        _api.Intercept = (_, _) => throw FakeKubeClient.Error(HttpStatusCode.Forbidden, "Forbidden");
        var fault = await Assert.ThrowsAsync<RegistryException>(() => ReadAsync(Hub));

        Assert.Equal(RegistryReasons.TokenSecretForbidden, fault.Reason);
        Assert.Contains("ClusterRole llm-operator-secret-reader in namespace default", fault.Message);
    }

    [Fact]
    public async Task A_source_without_a_Secret_reads_none()
    {
        Assert.Null((await ReadAsync(new() { HuggingFace = new() { Repo = "org/model" } })).Token);
        Assert.Empty(_api.Requests);
    }

    private void Put(params (string Key, string Value)[] data) => _api.Put(new Secret
    {
        Metadata = new() { Name = "hub", Namespace = "default" },
        Data = data.ToDictionary(pair => pair.Key, pair => Encoding.UTF8.GetBytes(pair.Value)),
    });

    private Task<RegistryCredentials> ReadAsync(ModelSource source) => new CredentialReader(_api).ReadAsync("default", source, TestContext.Current.CancellationToken);
}
