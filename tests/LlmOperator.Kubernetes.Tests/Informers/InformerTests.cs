using System.Collections.Concurrent;
using System.Net;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Testing;
using Microsoft.Extensions.Logging;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Informers;

public sealed class InformerTests : IAsyncDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(200);
    private readonly ManualTimeProvider _clock = new();
    private readonly FakeKubeClient _server = new();
    private readonly ListLogger _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<ObjectEvent> _events = [];
    private InformerSet? _set;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_set is not null)
        {
            await _set.StoppedAsync();
        }

        _stop.Dispose();
    }

    [Fact]
    public async Task Fills_its_cache_from_a_streaming_list_and_goes_on_on_the_same_stream()
    {
        _server.Put(Echo.Named("one"));
        var echoes = await StartAsync();

        _server.Put(Echo.Named("two"));
        await Until.TrueAsync(() => echoes.Count == 2, "the new object is cached");

        var request = Assert.Single(_server.Requests);
        Assert.True(request.Streaming);
        Assert.Equal([true, false], _events.Select(change => change.Initial));
    }

    [Theory]
    [InlineData(HttpStatusCode.BadRequest)]
    [InlineData(HttpStatusCode.UnprocessableEntity)]
    public async Task Lists_in_pages_when_the_server_refuses_streaming_lists(HttpStatusCode refusal)
    {
        for (var i = 0; i < 5; i++)
        {
            _server.Put(Echo.Named($"e{i}"));
        }

        _server.Intercept = (request, _) => request.Streaming ? throw FakeKubeClient.Error(refusal, "Invalid") : Task.CompletedTask;
        var echoes = await StartAsync(new InformerOptions { PageSize = 2, Seed = 1 });

        Assert.Equal(5, echoes.Count);
        Assert.Equal(["watch", "list", "list", "list"], _server.Requests.Take(4).Select(request => request.Verb));
        Assert.Equal(["0", null, null], _server.Requests.Where(request => request.Verb == "list").Select(request => request.ResourceVersion));
    }

    [Fact]
    public async Task Resumes_from_the_last_version_without_a_list_when_the_stream_ends()
    {
        var echoes = await StartAsync();
        var version = _server.Put(Echo.Named("one")).Metadata.ResourceVersion;
        await Until.TrueAsync(() => echoes.Count == 1, "the object is cached");

        _server.BreakWatches();
        _server.Put(Echo.Named("two"));
        await Until.TrueAsync(() => echoes.Count == 2, "the object made in between is seen", _clock, Step);

        Assert.Equal(["watch", "watch"], _server.Requests.Take(2).Select(request => request.Verb));
        Assert.Equal(version, _server.Requests[1].ResourceVersion);
        Assert.False(_server.Requests[1].Streaming);
    }

    [Fact]
    public async Task A_bookmark_moves_the_version_to_resume_from()
    {
        var echoes = await StartAsync();
        _server.Put(Echo.Named("one"));
        await Until.TrueAsync(() => echoes.Count == 1, "the object is cached");
        var later = _server.Put(new Part { Metadata = new ObjectMeta { Name = "other-kind", Namespace = "default" } }).Metadata.ResourceVersion;
        _server.Bookmark();
        _server.BreakWatches();
        await Until.TrueAsync(() => _server.Requests.Count > 1, "a second watch", _clock, Step);

        Assert.Equal(later, _server.Requests[1].ResourceVersion);
    }

    [Fact]
    public async Task Deletions_during_a_broken_watch_are_found_by_the_relist_after_410()
    {
        _server.Put(Echo.Named("stays"));
        _server.Put(Echo.Named("goes"));
        var echoes = await StartAsync();

        _server.BreakWatches(new IOException("connection reset"));
        _server.Remove<Echo>("goes");
        _server.Compact();
        await Until.TrueAsync(() => echoes.Count == 1, "the deletion is seen", _clock, Step);

        var deletion = Assert.Single(_events, change => change.Type == ObjectEventType.Deleted);
        Assert.Equal("goes", deletion.Object.Metadata.Name);
        Assert.True(deletion.FinalStateUnknown);
        Assert.DoesNotContain(_events, change => change.Type == ObjectEventType.Updated);
    }

    [Fact]
    public async Task An_object_made_anew_under_its_name_is_a_deletion_and_an_addition()
    {
        _server.Put(Echo.Named("one"));
        await StartAsync();

        _server.BreakWatches(new IOException("connection reset"));
        _server.Remove<Echo>("one");
        _server.Put(Echo.Named("one"));
        _server.Compact();
        await Until.TrueAsync(() => _events.Count == 3, "both changes are told", _clock, Step);

        Assert.Equal([ObjectEventType.Added, ObjectEventType.Deleted, ObjectEventType.Added], _events.Select(change => change.Type));
    }

    [Fact]
    public async Task Too_many_requests_are_waited_out_without_a_relist_and_no_sooner_than_asked()
    {
        var echoes = await StartAsync();
        _server.ForgetRequests();
        var refused = 0;
        var started = _clock.GetUtcNow();
        DateTimeOffset? second = null;
        _server.Intercept = (request, _) =>
        {
            if (Interlocked.Increment(ref refused) == 1)
            {
                throw FakeKubeClient.Error(HttpStatusCode.TooManyRequests, "TooManyRequests", TimeSpan.FromSeconds(20));
            }

            second ??= _clock.GetUtcNow();
            return Task.CompletedTask;
        };
        _server.BreakWatches();
        _server.Put(Echo.Named("one"));
        await Until.TrueAsync(() => echoes.Count == 1, "the watch is back", _clock, Step);

        Assert.All(_server.Requests, request => Assert.False(request.Streaming || request.Verb == "list"));
        Assert.True(second - started >= TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_forbidden_watch_says_what_is_missing_once_and_heals()
    {
        var allowed = false;
        _server.Put(Echo.Named("one"));
        _server.Intercept = (_, _) => Volatile.Read(ref allowed) ? Task.CompletedTask : throw FakeKubeClient.Error(HttpStatusCode.Forbidden, "Forbidden");
        var echoes = Start();
        await Until.TrueAsync(() => _server.Requests.Count > 3, "several attempts", _clock, Step);
        Assert.False(echoes.HasSynced);

        Volatile.Write(ref allowed, true);
        await Until.TrueAsync(() => echoes.HasSynced, "the cache is filled", _clock, Step);

        var complaint = Assert.Single(_log.Lines, line => line.Level == LogLevel.Error);
        Assert.Contains("list and watch echoes.bench.example.com in all namespaces", complaint.Text, StringComparison.Ordinal);
        Assert.Contains(_log.Lines, line => line.Text.Contains("restored", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_kind_the_server_does_not_know_is_waited_for()
    {
        var installed = false;
        _server.Intercept = (_, _) => Volatile.Read(ref installed) ? Task.CompletedTask : throw FakeKubeClient.Error(HttpStatusCode.NotFound, "NotFound");
        var echoes = Start();
        await Until.TrueAsync(() => _server.Requests.Count > 2, "several attempts", _clock, Step);

        Volatile.Write(ref installed, true);
        await Until.TrueAsync(() => echoes.HasSynced, "the cache is filled", _clock, Step);

        Assert.Single(_log.Lines, line => line.Text.Contains("CustomResourceDefinition", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Attempts_at_a_refused_connection_slow_down_to_at_most_a_minute()
    {
        var moments = new ConcurrentQueue<DateTimeOffset>();
        _server.Intercept = (_, _) =>
        {
            moments.Enqueue(_clock.GetUtcNow());
            throw new HttpRequestException("connection refused");
        };
        Start();
        for (var attempt = 1; attempt <= 13; attempt++)
        {
            await Until.TrueAsync(() => moments.Count == attempt && _clock.NextDue - _clock.GetUtcNow() < TimeSpan.FromMinutes(1.1), "the next attempt waits");
            _clock.Advance(_clock.NextDue!.Value - _clock.GetUtcNow());
        }

        var gaps = moments.Zip(moments.Skip(1), (a, b) => (b - a).TotalSeconds).ToList();
        Assert.InRange(gaps[0], 0.8, 1.6);
        Assert.All(gaps.TakeLast(5), gap => Assert.InRange(gap, 30, 60));
        Assert.Single(_log.Lines, line => line.Level == LogLevel.Warning);
    }

    [Fact]
    public async Task All_who_ask_for_a_kind_share_one_watch()
    {
        var echoes = await StartAsync();

        Assert.Same(echoes, _set!.Get<Echo>());
        Assert.NotSame(echoes, _set.Get<Echo>(new InformerScope(LabelSelector: "a=b")));
        await Until.TrueAsync(() => _set.HasSynced, "both are filled");
        Assert.Equal(2, _server.OpenWatches);
    }

    [Fact]
    public async Task Indexes_follow_additions_changes_and_deletions()
    {
        var echoes = Set().Get<Echo>().AddIndex("reference", echo => echo.Spec?.Reference is { } name ? [Indexes.Reference(echo.Metadata.Namespace, name)] : []);
        _server.Put(Referring("one", "x"));
        _server.Put(Referring("two", "x"));
        await RunAsync(echoes);
        Assert.Equal(["one", "two"], Names("default/x"));

        _server.Put(Referring("one", "y"));
        _server.Remove<Echo>("two");
        await Until.TrueAsync(() => echoes.Count == 1, "the deletion is seen");

        Assert.Empty(Names("default/x"));
        Assert.Equal(["one"], Names("default/y"));
        Assert.Contains("reference", Assert.Throws<ArgumentException>(() => echoes.ByIndex("unknown", "x")).Message, StringComparison.Ordinal);

        IEnumerable<string?> Names(string value) => echoes.ByIndex("reference", value).Select(echo => echo.Metadata.Name).Order();
    }

    [Fact]
    public async Task A_transform_trims_objects_before_they_are_kept()
    {
        var echoes = Set().Get<Echo>().Transform(echo => echo with { Status = null });
        _server.Put(Echo.Named("one") with { Status = new EchoStatus { Ready = 1 } });
        await RunAsync(echoes);
        _server.Put(Echo.Named("two") with { Status = new EchoStatus { Ready = 1 } });
        await Until.TrueAsync(() => echoes.Count == 2, "the second object is cached");

        Assert.All(echoes.List(), echo => Assert.Null(echo.Status));
    }

    [Fact]
    public async Task The_cache_shows_a_change_before_handlers_hear_of_it()
    {
        var echoes = Set().Get<Echo>();
        var seen = new ConcurrentQueue<bool>();
        echoes.AddHandler(change => seen.Enqueue(ReferenceEquals(echoes.Get(ObjectKey.Of(change.Object)), change.Object)));
        _server.Put(Echo.Named("one"));
        await RunAsync(echoes);
        _server.Put(Echo.Named("one", "b"));
        await Until.TrueAsync(() => seen.Count == 2, "both changes are told");

        Assert.All(seen, Assert.True);
    }

    [Fact]
    public async Task A_handler_that_throws_ends_neither_the_watch_nor_the_other_handlers()
    {
        var echoes = Set().Get<Echo>();
        echoes.AddHandler(_ => throw new InvalidOperationException("bad mapping"));
        echoes.AddHandler(_events.Enqueue);
        await RunAsync(echoes);

        _server.Put(Echo.Named("one"));
        await Until.TrueAsync(() => _events.Count == 1, "the second handler is told");

        Assert.Contains(_log.Lines, line => line.Level == LogLevel.Error && line.Text.Contains("default/one", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_resync_repeats_what_is_cached_and_asks_the_server_for_nothing()
    {
        _server.Put(Echo.Named("one"));
        var echoes = Start(new InformerOptions { Resync = TimeSpan.FromMinutes(1), Seed = 1 });
        await Until.TrueAsync(() => echoes.HasSynced, "the cache is filled"); // The clock stands still: what a busy machine lets pass here would count below.
        _server.ForgetRequests();

        for (var i = 0; i < 4; i++)
        {
            _clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.InRange(_events.Count(change => change.IsResync), 3, 4);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task What_is_left_to_demand_costs_nothing_until_somebody_asks()
    {
        _server.Put(Echo.Named("one"));
        _set = new InformerSet(_server, new InformerOptions { Seed = 1 }, _clock, _log);
        var echoes = _set.Get<Echo>(new InformerScope(OnDemand: true));
        _set.Start(_stop.Token);
        await _set.WaitForSyncAsync(_stop.Token);
        await Until.QuietAsync();
        Assert.True(_set.HasSynced);
        Assert.Empty(_server.Requests);

        await echoes.DemandAsync(_stop.Token);

        Assert.Equal(1, echoes.Count);
        await echoes.DemandAsync(_stop.Token);
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task A_watch_the_server_never_ends_is_given_up_as_dead()
    {
        await StartAsync();
        _server.ForgetRequests();

        _clock.Advance(TimeSpan.FromMinutes(5));
        await Until.QuietAsync();
        Assert.Empty(_server.Requests);
        _clock.Advance(TimeSpan.FromMinutes(5.5));
        await Until.TrueAsync(() => _server.Requests.Count > 0, "a new watch", _clock, Step);

        Assert.False(_server.Requests[0].Streaming);
    }

    private static Echo Referring(string name, string reference)
        => Echo.Named(name) with { Spec = new EchoSpec { Reference = reference } };

    private InformerSet Set(InformerOptions? options = null)
        => _set ??= new InformerSet(_server, options ?? new InformerOptions { Seed = 1 }, _clock, _log);

    private Informer<Echo> Start(InformerOptions? options = null)
    {
        var echoes = Set(options).Get<Echo>();
        echoes.AddHandler(_events.Enqueue);
        _set!.Start(_stop.Token);
        return echoes;
    }

    private async Task<Informer<Echo>> StartAsync(InformerOptions? options = null)
    {
        var echoes = Start(options);
        await Until.TrueAsync(() => echoes.HasSynced, "the cache is filled", _clock, Step);
        return echoes;
    }

    private async Task RunAsync(Informer<Echo> echoes)
    {
        _set!.Start(_stop.Token);
        await Until.TrueAsync(() => echoes.HasSynced, "the cache is filled");
    }
}
