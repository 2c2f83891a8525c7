using System.Net;
using LlmOperator.Api.Models;
using LlmOperator.Controllers.Registries;
using LlmOperator.Planning.Models;
using LlmOperator.Sandbox.StandIns.Hub;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Controllers.Tests.Registries;

/// <summary>The registry against a hub on the loopback address, over HTTP.</summary>
public sealed class HuggingFaceRegistryTests : IAsyncLifetime
{
    private const string Token = "hf_PlantedSecretToken";
    private const string Repo = "org/model";
    private const string Config = """{"architectures":["LlamaForCausalLM"],"hidden_size":4096,"intermediate_size":14336,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,"vocab_size":128256,"torch_dtype":"bfloat16"}""";

    private readonly ManualTimeProvider _clock = new();
    private readonly CancellationTokenSource _guard = new(TimeSpan.FromSeconds(60));
    private readonly RegistryHttp _http;
    private HubStandIn _hub = null!;
    private HuggingFaceRegistry _registry = null!;

    public HuggingFaceRegistryTests() => _http = new(_clock);

    public async ValueTask InitializeAsync()
    {
        _hub = await HubStandIn.StartAsync(wellKnown: true, cancellationToken: _guard.Token);
        _registry = new(_http, new() { HuggingFaceEndpoint = _hub.Address }, new(_clock), _clock);
    }

    [Fact]
    public async Task The_samples_models_are_read_whole()
    {
        var twin = await ReadAsync("mlabonne/TwinLlama-3.1-8B-DPO");
        Assert.Equal(_hub.Repository("mlabonne/TwinLlama-3.1-8B-DPO").Head(), twin.Revision);
        Assert.Equal((8_030_261_248, 16_060_522_496, "apache-2.0", 32), (twin.Facts!.Parameters, twin.Facts.WeightsBytes, twin.Facts.License, twin.Facts.Architecture!.Layers));
        Assert.Equal(131_072, ModelFacts.Of(new() { Source = Source("mlabonne/TwinLlama-3.1-8B-DPO") }, twin.Facts).KvBytesPerToken);
        Assert.Contains(twin.Files, file => file is { Name: "model-00001-of-00004.safetensors", Size: 4_976_698_672, Sha256.Length: 64 });
        Assert.Null(twin.Problem);

        var qwen = await ReadAsync("Qwen/Qwen3-30B-A3B-Instruct-2507");
        Assert.Equal((30_532_122_624, 61_064_245_248, 128, 768), (qwen.Facts!.Parameters, qwen.Facts.WeightsBytes, qwen.Facts.Architecture!.Experts, qwen.Facts.Architecture.IntermediateSize));
    }

    [Fact]
    public async Task A_branch_a_tag_and_a_commit_are_resolved()
    {
        var repository = Put();
        var first = repository.Head();
        repository.Tag("v1");
        var second = repository.Commit("feature/x", HubFile.Text("config.json", Config), new HubFile("model.safetensors", 16_060_522_496));

        Assert.Equal(first, (await ReadAsync(revision: "v1")).Revision);
        Assert.Equal(first, (await ReadAsync(revision: first)).Revision);
        Assert.Equal(second, (await ReadAsync(revision: "feature/x")).Revision);
    }

    [Fact]
    public async Task Asking_for_the_revision_alone_is_one_request()
    {
        Put();
        var reading = await ReadAsync(factsWanted: false);

        Assert.Equal(_hub.Repository(Repo).Head(), reading.Revision);
        Assert.Null(reading.Facts);
        Assert.Single(_hub.Requests);
    }

    [Theory]
    [InlineData("org/absent", null, RegistryReasons.ModelNotFound)]
    [InlineData("org/absent", Token, RegistryReasons.ModelNotFound)]
    [InlineData(Repo, "hf_unknown", RegistryReasons.InvalidToken)]
    public async Task Refusals_are_told_apart(string repo, string? token, string reason)
    {
        Put();
        _hub.AddToken(Token, "me");

        var fault = await RefusedAsync(repo, token);

        Assert.Equal(reason, fault.Reason);
        Assert.False(fault.IsRetryable);
        Assert.Contains("spec.source.huggingFace.", fault.Message);
    }

    [Fact]
    public async Task A_revision_that_is_not_there_is_named()
    {
        Put();
        var fault = await RefusedAsync(revision: "v9");

        Assert.Equal((RegistryReasons.RevisionNotFound, $"{Repo} has no branch, tag or commit v9: correct spec.source.huggingFace.revision"), (fault.Reason, fault.Message));
    }

    [Fact]
    public async Task A_gated_model_needs_a_token_of_an_account_with_access()
    {
        Put().Gated = "manual";
        _hub.AddToken(Token, "me");

        var without = await RefusedAsync();
        Assert.Equal(RegistryReasons.AccessDenied, without.Reason);
        Assert.Contains("tokenSecretRef", without.Message);
        Assert.Equal(RegistryReasons.AccessDenied, (await RefusedAsync(token: Token)).Reason);
        var poll = await Assert.ThrowsAsync<RegistryException>(() => ReadAsync(token: Token, factsWanted: false));
        Assert.Equal(RegistryReasons.AccessDenied, poll.Reason);

        _hub.Repository(Repo).Readers.Add("me");
        Assert.True((await ReadAsync(token: Token)).Facts!.Gated);
        Assert.NotNull((await ReadAsync(token: Token, factsWanted: false)).Revision);
    }

    [Fact]
    public async Task A_private_model_is_hidden_from_who_may_not_read_it()
    {
        Put().Private = true;
        _hub.AddToken(Token, "me");
        Assert.Equal(RegistryReasons.ModelNotFound, (await RefusedAsync()).Reason);
        Assert.Equal(RegistryReasons.ModelNotFound, (await RefusedAsync(token: Token)).Reason);

        _hub.Repository(Repo).Readers.Add("me");
        Assert.Equal(8_030_261_248, (await ReadAsync(token: Token)).Facts!.Parameters);
    }

    [Fact]
    public async Task A_token_is_not_shown_to_the_host_files_are_stored_at()
    {
        // A config.json as large as weights is stored as they are.
        _hub.Repository(Repo).Commit("main", new HubFile("config.json", 100), new HubFile("model.safetensors", 16_060_522_496));
        _hub.AddToken(Token, "me");

        var reading = await ReadAsync(token: Token);

        Assert.Equal(RegistryReasons.MalformedConfig, reading.Problem!.Reason);
        Assert.Contains(_hub.Requests, request => request.Target.StartsWith("/cdn-storage/", StringComparison.Ordinal));
        Assert.All(_hub.Requests, request => Assert.Equal(request.Target.StartsWith("/cdn-storage/", StringComparison.Ordinal) ? null : Token, request.Token));
    }

    [Theory]
    [InlineData("{", "it is not JSON")]
    [InlineData("[]", "it is not an object but a list")]
    [InlineData("""{"num_hidden_layers":"many"}""", "num_hidden_layers must be a whole number")]
    public async Task A_config_that_cannot_be_used_is_told_beside_the_commit(string config, string what)
    {
        var repository = _hub.Repository(Repo);
        var commit = repository.Commit("main", HubFile.Text("config.json", config), new HubFile("model.safetensors", 100));

        var reading = await ReadAsync();

        Assert.Equal((commit, RegistryReasons.MalformedConfig), (reading.Revision, reading.Problem!.Reason));
        Assert.Contains(what, reading.Problem.Message);
        Assert.Contains("give spec.parameters", reading.Problem.Message);
    }

    [Theory]
    [InlineData("README.md", "holds no weights")]
    [InlineData("adapter_config.json", "spec.adapters")]
    public async Task A_repository_without_weights_is_refused(string file, string what)
    {
        _hub.Repository(Repo).Commit("main", HubFile.Text(file, "{}"), HubFile.Text("config.json", Config));

        var fault = await RefusedAsync();

        Assert.Equal(RegistryReasons.UnsupportedRepository, fault.Reason);
        Assert.Contains(what, fault.Message);
    }

    [Fact]
    public async Task A_config_that_never_ends_is_not_read_to_the_end()
    {
        _hub.Repository(Repo).Commit("main", new HubFile("config.json", 1_000_000_000_000), new HubFile("model.safetensors", 100));

        var reading = await ReadAsync();

        Assert.Contains("it is larger than 4 MiB", reading.Problem!.Message);
    }

    [Fact]
    public async Task A_hub_that_asks_for_patience_is_left_alone_for_all_models()
    {
        Put();
        (_hub.Failure, _hub.RetryAfterSeconds) = (HttpStatusCode.TooManyRequests, 120);

        var fault = await RefusedAsync();
        Assert.Equal((RegistryReasons.RateLimited, true, TimeSpan.FromSeconds(120)), (fault.Reason, fault.IsRetryable, fault.RetryAfter!.Value));

        _hub.Failure = null;
        _clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal((RegistryReasons.RateLimited, TimeSpan.FromSeconds(60)), ((await RefusedAsync("org/other")) is var other ? (other.Reason, other.RetryAfter!.Value) : default));
        Assert.Single(_hub.Requests);

        _clock.Advance(TimeSpan.FromSeconds(61));
        Assert.NotNull((await ReadAsync()).Facts);
    }

    [Fact]
    public async Task A_hub_that_is_down_costs_one_attempt_for_all_models()
    {
        Put();
        await _hub.StopAsync();
        var fault = await RefusedAsync();
        Assert.Equal((RegistryReasons.RegistryUnavailable, true), (fault.Reason, fault.IsRetryable));
        Assert.Contains(_hub.Address.ToString().TrimEnd('/'), fault.Message);

        await _hub.ListenAsync(_guard.Token);
        Assert.Equal(RegistryReasons.RegistryUnavailable, (await RefusedAsync("org/other")).Reason);
        Assert.Empty(_hub.Requests);

        _clock.Advance(TimeSpan.FromSeconds(11));
        Assert.NotNull((await ReadAsync()).Facts);
    }

    [Fact]
    public async Task A_hub_that_does_not_answer_in_time_is_given_up()
    {
        Put();
        var asked = new TaskCompletionSource();
        _hub.Delay = async cancellation =>
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
        };

        var reading = RefusedAsync();
        await asked.Task.WaitAsync(_guard.Token);
        _clock.Advance(TimeSpan.FromSeconds(16));

        Assert.Contains("it does not answer in time", (await reading).Message);
    }

    [Fact]
    public async Task A_server_that_is_no_hub_is_told()
    {
        _hub.Failure = HttpStatusCode.OK;

        Assert.Contains("is not an answer of the hub", (await RefusedAsync()).Message);
    }

    [Fact]
    public async Task An_endpoint_of_the_spec_is_asked_and_its_user_and_query_are_not_shown()
    {
        await using var mirror = await HubStandIn.StartAsync(cancellationToken: _guard.Token);
        mirror.Repository(Repo).Commit("main", HubFile.Text("config.json", Config), new HubFile("model.safetensors", 16_060_522_496));
        var endpoint = $"http://user:PlantedPassword@127.0.0.1:{mirror.Address.Port}/?key=PlantedKey";
        var source = new ModelSource { HuggingFace = new() { Repo = Repo, Endpoint = endpoint } };

        Assert.NotNull((await _registry.ReadAsync(new(source, "main", RegistryCredentials.None), _guard.Token)).Facts);
        Assert.Empty(_hub.Requests);

        await mirror.StopAsync();
        var fault = await Assert.ThrowsAsync<RegistryException>(() => _registry.ReadAsync(new(source, "main", RegistryCredentials.None), _guard.Token));
        Assert.DoesNotContain("Planted", fault.ToString());
    }

    [Fact]
    public async Task No_refusal_tells_the_token()
    {
        Put().Gated = "auto";
        _hub.AddToken(Token, "me");
        foreach (var failure in new HttpStatusCode?[] { null, HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden, HttpStatusCode.NotFound, HttpStatusCode.BadGateway, HttpStatusCode.TooManyRequests })
        {
            _hub.Failure = failure;
            Assert.DoesNotContain(Token, (await RefusedAsync(token: Token)).ToString());
            _clock.Advance(TimeSpan.FromMinutes(2));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _hub.DisposeAsync();
        _guard.Dispose();
    }

    private static ModelSource Source(string repo) => new() { HuggingFace = new() { Repo = repo } };

    private HubRepository Put()
    {
        var repository = _hub.Repository(Repo);
        repository.Commit("main", HubFile.Text("config.json", Config), new HubFile("model.safetensors", 16_060_522_496));
        return repository;
    }

    private Task<RegistryReading> ReadAsync(string repo = Repo, string? token = null, string revision = "main", bool factsWanted = true) =>
        _registry.ReadAsync(new(Source(repo), revision, new() { Token = token }) { FactsWanted = factsWanted }, _guard.Token);

    private Task<RegistryException> RefusedAsync(string repo = Repo, string? token = null, string revision = "main") =>
        Assert.ThrowsAsync<RegistryException>(() => ReadAsync(repo, token, revision));
}
