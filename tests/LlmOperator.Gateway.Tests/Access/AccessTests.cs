using System.Net;
using System.Security.Cryptography;
using System.Text;
using LlmOperator.Gateway.Access;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using LlmOperator.Testing;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace LlmOperator.Gateway.Tests.Access;

public sealed class AccessTests
{
    [Fact]
    public async Task Without_the_secret_everybody_is_let_in_and_a_key_is_the_pods_business()
    {
        await using var bench = await Bench.StartAsync(context => context.Response.WriteAsync(context.Request.Headers.Authorization.ToString()));
        using var answer = await AskAsync(bench, "whatever");
        Assert.Equal((HttpStatusCode.OK, "Bearer whatever"), (answer.StatusCode, await answer.Content.ReadAsStringAsync(bench.Guard)));
    }

    [Theory]
    [InlineData("sk-alice", 200)]
    [InlineData("sk-bob", 200)]
    [InlineData("sk-bob2", 401)]
    [InlineData("sk-alic", 401)]
    [InlineData(null, 401)]
    [InlineData("", 401)]
    public async Task Only_the_keys_of_the_secret_let_in_as_they_are_or_by_their_hash(string? key, int status)
    {
        await using var bench = await StartAsync(("alice", "sk-alice\n"), ("bob", $"sha256:{Convert.ToHexString(SHA256.HashData("sk-bob"u8))}"), ("empty", ""), ("bad", "sha256:12"));
        using var answer = await AskAsync(bench, key);
        Assert.Equal(status, (int)answer.StatusCode);
        if (status == 200)
        {
            Assert.Equal("", await answer.Content.ReadAsStringAsync(bench.Guard));
        }
        else
        {
            Assert.Equal(("invalid_api_key", "Bearer"), ((string)(await answer.ErrorAsync())["code"]!, answer.Header("WWW-Authenticate")));
        }
    }

    [Fact]
    public async Task The_hash_itself_is_no_key()
    {
        var hash = $"sha256:{Convert.ToHexStringLower(SHA256.HashData("sk-bob"u8))}";
        await using var bench = await StartAsync(("bob", hash));
        using var answer = await AskAsync(bench, hash);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task A_secret_without_keys_lets_in_nobody()
    {
        await using var bench = await StartAsync();
        using var answer = await AskAsync(bench, "");
        using var list = await bench.SendAsync(HttpMethod.Get, "/v1/models");
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (answer.StatusCode, list.StatusCode));
    }

    [Fact]
    public async Task Keys_change_while_the_gateway_runs()
    {
        await using var bench = await StartAsync(("alice", "old"));
        bench.PutKeys(("alice", "new"));
        using var added = await bench.EventuallyAsync(() => AskAsync(bench, "new"), answer => answer.StatusCode == HttpStatusCode.OK);
        using var old = await AskAsync(bench, "old");
        Assert.Equal(HttpStatusCode.Unauthorized, old.StatusCode);
        bench.Cluster.Remove<Secret>(ApiKeys.SecretName, Bench.Namespace);
        using var open = await bench.EventuallyAsync(() => AskAsync(bench, null), answer => answer.StatusCode == HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_gateway_that_may_not_read_the_secret_lets_in_nobody()
    {
        await using var gateway = new Gateway(
            new() { Namespace = Bench.Namespace, Listen = new(IPAddress.Loopback, 0), Admin = new(IPAddress.Loopback, 0) },
            Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance,
            new ManualTimeProvider(),
            new FakeKubeClient { Intercept = (request, _) => request.Plural == "secrets" ? throw FakeKubeClient.Error(HttpStatusCode.Forbidden, "Forbidden") : Task.CompletedTask });
        await gateway.StartAsync(TestContext.Current.CancellationToken);
        await Until.QuietAsync();
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri($"http://{gateway.Address}/v1/models"), TestContext.Current.CancellationToken);
        using var ready = await client.GetAsync(new Uri($"http://{gateway.Admin}/readyz"), TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "starting", HttpStatusCode.ServiceUnavailable), (answer.StatusCode, (string)(await answer.ErrorAsync())["code"]!, ready.StatusCode));
        Assert.Contains(ApiKeys.SecretName, await ready.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await gateway.StopAsync(new CancellationToken(canceled: true));
    }

    [Fact]
    public async Task Requests_beyond_a_callers_minute_are_refused_until_there_is_room_again()
    {
        await using var bench = await StartAsync(("alice", "a"), ("bob", "b"), ("limits.json", """{"default":{"requestsPerMinute":100},"callers":{"alice":{"requestsPerMinute":2}}}"""));
        for (var i = 0; i < 2; i++)
        {
            using var within = await AskAsync(bench, "a");
            Assert.Equal(HttpStatusCode.OK, within.StatusCode);
        }

        using var beyond = await AskAsync(bench, "a");
        var error = await beyond.ErrorAsync();
        Assert.Equal((HttpStatusCode.TooManyRequests, "rate_limit_exceeded", "requests", "30"), (beyond.StatusCode, (string)error["code"]!, (string)error["type"]!, beyond.Header("Retry-After")));
        using var other = await AskAsync(bench, "b");
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        bench.Time.Advance(TimeSpan.FromSeconds(30));
        using var later = await AskAsync(bench, "a");
        Assert.Equal(HttpStatusCode.OK, later.StatusCode);
        Assert.Contains("llm_gateway_rate_limited_total{caller=\"alice\",limit=\"requests\"} 1", await bench.MetricsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_left_of_a_limit_is_told_with_every_answer_and_nothing_where_there_is_none()
    {
        await using var bench = await StartAsync(("alice", "a"), ("bob", "b"), ("limits.json", """{"callers":{"alice":{"requestsPerMinute":2,"tokensPerMinute":1000}}}"""));

        using var first = await AskAsync(bench, "a");
        Assert.Equal(("2", "1", "30s"), Limit(first, "requests"));
        Assert.Equal(("1000", "1000", "0s"), Limit(first, "tokens"));
        using var second = await AskAsync(bench, "a");
        Assert.Equal(("2", "0", "60s"), Limit(second, "requests"));
        using var refused = await AskAsync(bench, "a");
        Assert.Equal((HttpStatusCode.TooManyRequests, ("2", "0", "60s")), (refused.StatusCode, Limit(refused, "requests")));
        using var unlimited = await AskAsync(bench, "b");
        Assert.Equal((null, null, null), Limit(unlimited, "requests"));

        static (string?, string?, string?) Limit(HttpResponseMessage answer, string what) =>
            (answer.Header($"x-ratelimit-limit-{what}"), answer.Header($"x-ratelimit-remaining-{what}"), answer.Header($"x-ratelimit-reset-{what}"));
    }

    [Fact]
    public async Task Tokens_are_charged_when_the_answer_says_how_many_they_were()
    {
        await using var bench = await Bench.StartAsync(async bench =>
        {
            bench.PutKeys(("alice", "a"), ("limits.json", """{"callers":{"alice":{"tokensPerMinute":12}}}"""));
            bench.PutEndpoint("chat");
            await bench.AddPodAsync("chat", Bodies.Text("x")); // 12 tokens
        });
        using (var first = await AskAsync(bench, "a"))
        {
            Assert.Equal(HttpStatusCode.OK, first.StatusCode);
            await first.Content.ReadAsStringAsync(bench.Guard);
        }

        using var refused = await bench.EventuallyAsync(() => AskAsync(bench, "a"), answer => answer.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.Equal("tokens", (string)(await refused.ErrorAsync())["type"]!);
        bench.Time.Advance(TimeSpan.FromMinutes(3));
        using var later = await AskAsync(bench, "a");
        Assert.Equal(HttpStatusCode.OK, later.StatusCode);
    }

    [Theory]
    [InlineData("""{"callers":{"alice":{"requestsPerMinut":5}}}""")]
    [InlineData("""{"default":{"requestsPerMinute":0}}""")]
    [InlineData("nothing")]
    public async Task Limits_that_cannot_be_read_lift_none(string limits)
    {
        await using var bench = await StartAsync(("alice", "a"), ("limits.json", limits));
        using var first = await AskAsync(bench, "a");
        using var second = await AskAsync(bench, "a");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.TooManyRequests), (first.StatusCode, second.StatusCode));
    }

    [Fact]
    public async Task Limits_of_a_secret_that_is_gone_are_not_those_of_the_next()
    {
        await using var bench = await StartAsync(("alice", "a"), ("limits.json", """{"default":{"requestsPerMinute":1000}}"""));
        bench.Cluster.Remove<Secret>(ApiKeys.SecretName, Bench.Namespace);
        using var open = await bench.EventuallyAsync(() => AskAsync(bench, null), answer => answer.StatusCode == HttpStatusCode.OK);
        bench.PutKeys(("alice", "new"), ("limits.json", "nothing"));
        using var first = await bench.EventuallyAsync(() => AskAsync(bench, "new"), answer => answer.Headers.Contains("x-ratelimit-limit-requests"));
        Assert.Equal("1", first.Header("x-ratelimit-limit-requests"));
    }

    [Fact]
    public void An_allowance_fills_evenly_and_holds_no_more_than_a_minutes_worth()
    {
        var time = new ManualTimeProvider();
        var bucket = new TokenBucket(60, time);
        time.Advance(TimeSpan.FromHours(1));
        Assert.Null(bucket.TryTake(60));
        Assert.Equal(TimeSpan.FromSeconds(1), bucket.TryTake(1));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(bucket.TryTake(1));
        bucket.Charge(30);
        Assert.Equal(31, bucket.WaitForAny()!.Value.TotalSeconds, 3);
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Null(bucket.WaitForAny());
        Assert.False(bucket.IsFull);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(bucket.IsFull);
    }

    private static Task<Bench> StartAsync(params (string Name, string Value)[] keys) => Bench.StartAsync(async bench =>
    {
        bench.PutKeys(keys);
        bench.PutEndpoint("chat");
        await bench.AddPodAsync("chat", context => context.Response.WriteAsync(context.Request.Headers.Authorization.ToString()));
    });

    private static Task<HttpResponseMessage> AskAsync(Bench bench, string? key) => bench.PostAsync("/v1/chat/completions", Bodies.Chat, request =>
    {
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        }
    });
}
