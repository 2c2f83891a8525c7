using System.Net;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Client;

public sealed class RetryTests : IDisposable
{
    private const string Pod = """{"metadata":{"name":"a","namespace":"n"}}""";
    private readonly ManualTimeProvider _clock = new();
    private readonly ScriptedServer _server = new();

    private static ObjectKey Key => new("n", "a");

    private static CancellationToken Guard => TestContext.Current.CancellationToken;

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task A_429_is_repeated_after_the_delay_the_server_asks_for()
    {
        _server.Answer(HttpStatusCode.TooManyRequests, "slow down", answer => answer.Headers.RetryAfter = new(TimeSpan.FromSeconds(3))).Answer(HttpStatusCode.Created, Pod);
        using var client = _server.Client(_clock);

        var created = client.CreateAsync(new Pod { Metadata = new() { Name = "a", Namespace = "n" } }, cancellationToken: Guard);
        await NextDelayIs(TimeSpan.FromSeconds(3));

        Assert.Equal("a", (await created).Metadata.Name);
        Assert.Equal(2, _server.Requests.Count);
        Assert.Equal(_server.Requests[0].Body, _server.Requests[1].Body);
    }

    [Fact]
    public async Task A_delay_in_the_status_counts_where_there_is_no_header()
    {
        _server.Answer(HttpStatusCode.ServiceUnavailable, """{"kind":"Status","code":503,"reason":"ServiceUnavailable","details":{"retryAfterSeconds":7}}""").Answer(HttpStatusCode.OK, Pod);
        using var client = _server.Client(_clock);

        var read = client.GetAsync<Pod>(Key, Guard);
        await NextDelayIs(TimeSpan.FromSeconds(7));

        Assert.NotNull(await read);
    }

    [Fact]
    public async Task Without_a_delay_from_the_server_delays_double_to_ten_seconds_and_end_after_ten_attempts()
    {
        for (var i = 0; i < 10; i++)
        {
            _server.Answer(HttpStatusCode.InternalServerError, """{"kind":"Status","code":500,"message":"etcd is away"}""");
        }

        using var client = _server.Client(_clock);
        var read = client.GetAsync<Pod>(Key, Guard);
        foreach (var delay in new[] { 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10 })
        {
            await NextDelayIs(TimeSpan.FromSeconds(delay));
        }

        var fault = await Assert.ThrowsAsync<KubeApiException>(() => read);
        Assert.Equal("etcd is away", fault.Message);
        Assert.True(fault.IsTransient);
        Assert.Equal(10, _server.Requests.Count);
    }

    [Fact]
    public async Task A_field_the_server_does_not_know_is_not_sent_again()
    {
        _server.Answer(HttpStatusCode.InternalServerError, """{"kind":"Status","code":500,"message":"failed to create typed patch object (n/a; v1, Kind=Pod): .status.new: field not declared in schema"}""");
        using var client = _server.Client(_clock);

        var fault = await Assert.ThrowsAsync<KubeApiException>(() => client.ApplyAsync(new Pod { Metadata = new() { Name = "a", Namespace = "n" } }, new ApplyOptions { FieldManager = "me" }, Guard));

        Assert.Equal((true, false), (fault.IsUndeclaredField, fault.IsTransient));
        Assert.Single(_server.Requests);
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.BadGateway)]
    public async Task A_create_that_may_have_been_done_is_not_repeated(HttpStatusCode code)
    {
        _server.Answer(code);
        using var client = _server.Client(_clock);

        await Assert.ThrowsAsync<KubeApiException>(() => client.CreateAsync(new Pod { Metadata = new() { Name = "a", Namespace = "n" } }, cancellationToken: Guard));
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task A_lost_connection_is_repeated_for_a_read_and_an_apply_but_not_for_a_create_or_a_json_patch()
    {
        var pod = new Pod { Metadata = new() { Name = "a", Namespace = "n" } };
        using var client = _server.Client(_clock);

        _server.Fail(new HttpRequestException("connection refused")).Answer(HttpStatusCode.OK, Pod);
        var read = client.GetAsync<Pod>(Key, Guard);
        await NextDelayIs(TimeSpan.FromSeconds(0.1));
        Assert.NotNull(await read);

        _server.Fail(new HttpRequestException("reset", new IOException("reset"))).Answer(HttpStatusCode.OK, Pod);
        var applied = client.ApplyAsync(pod, new ApplyOptions { FieldManager = "me" }, Guard);
        await NextDelayIs(TimeSpan.FromSeconds(0.1));
        Assert.NotNull(await applied);

        _server.Fail(new HttpRequestException("reset")).Fail(new HttpRequestException("reset"));
        var fault = await Assert.ThrowsAsync<KubeApiException>(() => client.CreateAsync(pod, cancellationToken: Guard));
        Assert.Equal((KubeApiException.ConnectionFailed, true), (fault.Reason, fault.IsUnreachable));
        await Assert.ThrowsAsync<KubeApiException>(() => client.PatchAsync<Pod>(Key, Patch.Json("[]"u8.ToArray()), cancellationToken: Guard));
        Assert.Equal(6, _server.Requests.Count);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_asked_for_again()
    {
        _server.Answer(new ChunkedStream("{\"metadata\":{\"na"u8.ToArray(), [4], breaksOff: true)).Answer(HttpStatusCode.OK, Pod);
        using var client = _server.Client(_clock);

        var read = client.GetAsync<Pod>(Key, Guard);
        await NextDelayIs(TimeSpan.FromSeconds(0.1));

        Assert.Equal("a", (await read)!.Metadata.Name);
    }

    [Fact]
    public async Task An_attempt_that_hangs_ends_at_its_deadline_and_is_repeated()
    {
        _server.Hang().Answer(HttpStatusCode.OK, Pod);
        using var client = _server.Client(_clock);

        var read = client.GetAsync<Pod>(Key, Guard);
        await NextDelayIs(TimeSpan.FromSeconds(30));
        await NextDelayIs(TimeSpan.FromSeconds(0.1));

        Assert.NotNull(await read);
    }

    [Fact]
    public async Task A_hanging_create_says_that_no_answer_came_in_time()
    {
        _server.Hang();
        using var client = _server.Client(_clock);

        var created = client.CreateAsync(new Pod { Metadata = new() { Name = "a", Namespace = "n" } }, cancellationToken: Guard);
        await NextDelayIs(TimeSpan.FromSeconds(30));

        var fault = await Assert.ThrowsAsync<KubeApiException>(() => created);
        Assert.Equal(KubeApiException.DeadlineExceeded, fault.Reason);
        Assert.Contains("CREATE api.example:6443/api/v1/namespaces/n/pods", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancellation_ends_the_wait_between_attempts()
    {
        _server.Answer(HttpStatusCode.TooManyRequests);
        using var client = _server.Client(_clock);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Guard);

        var read = client.GetAsync<Pod>(Key, cancel.Token);
        await Armed();
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    [Fact]
    public async Task A_delay_beyond_reason_is_left_to_the_caller()
    {
        _server.Answer(HttpStatusCode.TooManyRequests, "{}", answer => answer.Headers.RetryAfter = new(TimeSpan.FromHours(1)));
        using var client = _server.Client(_clock);

        var fault = await Assert.ThrowsAsync<KubeApiException>(() => client.GetAsync<Pod>(Key, Guard));

        Assert.Equal(TimeSpan.FromHours(1), fault.RetryAfter);
        Assert.True(fault.IsTooManyRequests);
    }

    [Fact]
    public async Task A_watch_is_left_to_the_backoff_of_whoever_watches()
    {
        _server.Answer(HttpStatusCode.ServiceUnavailable);
        using var client = _server.Client(_clock);

        await Assert.ThrowsAsync<KubeApiException>(async () => await client.WatchAsync<Pod>(null, new WatchOptions(), Guard).GetAsyncEnumerator(Guard).MoveNextAsync());
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task A_rejected_token_is_read_again_once()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "old\n", Guard);
            _server.Then((_, _) =>
            {
                File.WriteAllText(file, "new");
                return Task.FromResult(new HttpResponseMessage(HttpStatusCode.Unauthorized));
            }).Answer(HttpStatusCode.OK, Pod).Answer(HttpStatusCode.Unauthorized).Answer(HttpStatusCode.Unauthorized);
            using var client = _server.Client(_clock, cluster => cluster with { TokenFile = file });

            Assert.NotNull(await client.GetAsync<Pod>(Key, Guard));
            Assert.Equal(["Bearer old", "Bearer new"], _server.Requests.Select(request => request.Headers["Authorization"]));

            var fault = await Assert.ThrowsAsync<KubeApiException>(() => client.GetAsync<Pod>(Key, Guard));
            Assert.True(fault.IsUnauthorized);
            Assert.Equal(4, _server.Requests.Count);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_fixed_token_that_is_rejected_is_not_tried_twice()
    {
        _server.Answer(HttpStatusCode.Unauthorized, """{"kind":"Status","reason":"Unauthorized","message":"Unauthorized","code":401}""");
        using var client = _server.Client(_clock, cluster => cluster with { Token = "t" });

        var fault = await Assert.ThrowsAsync<KubeApiException>(() => client.GetAsync<Pod>(Key, Guard));

        Assert.True(fault.IsUnauthorized);
        Assert.DoesNotContain("Bearer t", fault.ToString(), StringComparison.Ordinal);
    }

    private async Task Armed(Func<bool>? condition = null)
    {
        while (!(condition?.Invoke() ?? _clock.NextDue is not null))
        {
            Guard.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private async Task NextDelayIs(TimeSpan delay)
    {
        var due = _clock.GetUtcNow() + delay;
        await Armed(() => _clock.NextDue == due);
        _clock.Advance(delay);
    }
}
