using System.Net;
using LlmOperator.Api.Models;
using LlmOperator.Controllers.Registries;
using LlmOperator.Planning.Models;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Controllers.Tests.Registries;

public sealed class S3RegistryTests
{
    private const string Config = """{"architectures":["LlamaForCausalLM"],"hidden_size":4096,"intermediate_size":14336,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,"vocab_size":128256,"torch_dtype":"bfloat16"}""";

    private static readonly AwsKeys Keys = new("AKIAPLANTED", "PlantedSecretKey", null);

    [Fact]
    public async Task A_folder_is_listed_in_pages_and_its_config_read()
    {
        using var store = new ScriptedHttpServer(Store());
        var reading = await ReadAsync(store);

        Assert.Equal((8_030_261_248, 16_060_522_496, "LlamaForCausalLM"), (reading.Facts!.Parameters, reading.Facts.WeightsBytes, reading.Facts.Architecture!.Name));
        Assert.Equal("s3://models/team/twin/", reading.Facts.Source);
        Assert.Contains(reading.Files, file => file is { Name: "config.json" });
        Assert.Matches("^[0-9a-f]{64}$", reading.Revision);
        Assert.Contains(store.Requests, request => request.Contains("continuation-token=more", StringComparison.Ordinal));
        Assert.All(store.Requests, request => Assert.StartsWith("GET /models", request));
    }

    [Fact]
    public async Task The_revision_changes_with_what_lies_there()
    {
        using var store = new ScriptedHttpServer(Store("a"));
        using var same = new ScriptedHttpServer(Store("a"));
        using var other = new ScriptedHttpServer(Store("b"));

        var first = (await ReadAsync(store, factsWanted: false)).Revision;
        Assert.Equal(first, (await ReadAsync(same, factsWanted: false)).Revision);
        Assert.NotEqual(first, (await ReadAsync(other, factsWanted: false)).Revision);
    }

    [Theory]
    [InlineData(404, "NoSuchBucket", RegistryReasons.ModelNotFound)]
    [InlineData(403, "AccessDenied", RegistryReasons.AccessDenied)]
    [InlineData(403, "InvalidAccessKeyId", RegistryReasons.InvalidToken)]
    [InlineData(403, "SignatureDoesNotMatch", RegistryReasons.InvalidToken)]
    [InlineData(400, "ExpiredToken", RegistryReasons.InvalidToken)]
    [InlineData(400, "AuthorizationHeaderMalformed", RegistryReasons.ModelNotFound)]
    [InlineData(503, "SlowDown", RegistryReasons.RateLimited)]
    [InlineData(500, "InternalError", RegistryReasons.RegistryUnavailable)]
    public async Task Refusals_are_told_apart_and_never_repeat_what_was_sent(int status, string code, string reason)
    {
        using var store = new ScriptedHttpServer(_ => (status, $"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>The key AKIAPLANTED is bad</Message><AWSAccessKeyId>AKIAPLANTED</AWSAccessKeyId></Error>", [("Content-Type", "application/xml")]));

        var fault = await Assert.ThrowsAsync<RegistryException>(() => ReadAsync(store));

        Assert.Equal(reason, fault.Reason);
        Assert.DoesNotContain("Planted", fault.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task An_empty_folder_is_no_model()
    {
        using var store = new ScriptedHttpServer(_ => (200, """<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>models</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>""", []));

        var fault = await Assert.ThrowsAsync<RegistryException>(() => ReadAsync(store));

        Assert.Equal(RegistryReasons.ModelNotFound, fault.Reason);
        Assert.Contains("spec.source.s3.prefix", fault.Message);
    }

    private static Func<HttpListenerRequest, (int, string, (string, string)[])> Store(string tag = "a") => request => request.Url!.AbsolutePath switch
    {
        "/models/team/twin/config.json" => (200, Config, []),
        "/models" or "/models/" when request.QueryString["continuation-token"] is null => (200, Page(true, ("team/twin/", 0, "e"), ("team/twin/config.json", 200, "c")), []),
        "/models" or "/models/" => (200, Page(false, ("team/twin/model.safetensors", 16_060_522_496, tag)), []),
        _ => (404, "<Error><Code>NoSuchKey</Code></Error>", []),
    };

    private static string Page(bool more, params (string Key, long Size, string Tag)[] objects) =>
        $"""<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>models</Name><Prefix>team/twin/</Prefix><KeyCount>{objects.Length}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>{(more ? "true" : "false")}</IsTruncated>{(more ? "<NextContinuationToken>more</NextContinuationToken>" : "")}"""
        + string.Concat(objects.Select(one => $"""<Contents><Key>{one.Key}</Key><LastModified>2025-01-01T00:00:00.000Z</LastModified><ETag>"{one.Tag}"</ETag><Size>{one.Size}</Size><StorageClass>STANDARD</StorageClass></Contents>"""))
        + "</ListBucketResult>";

    private static Task<RegistryReading> ReadAsync(ScriptedHttpServer store, bool factsWanted = true)
    {
        var source = new ModelSource { S3 = new() { Bucket = "models", Prefix = "/team/twin/", Region = "eu-central-1", Endpoint = $"http://127.0.0.1:{store.Port}" } };
        return new S3Registry(new(new ManualTimeProvider())).ReadAsync(new(source, null, new() { Aws = Keys }) { FactsWanted = factsWanted }, TestContext.Current.CancellationToken);
    }
}
