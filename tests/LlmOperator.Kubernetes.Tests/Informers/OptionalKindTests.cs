using System.Net;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Informers;

public sealed class OptionalKindTests : IAsyncDisposable
{
    private readonly ManualTimeProvider _clock = new();
    private readonly FakeKubeClient _server = new();
    private readonly ListLogger _log = new();
    private readonly CancellationTokenSource _stop = new();
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

    [Theory]
    [InlineData(HttpStatusCode.NotFound, "NotFound")]
    [InlineData(HttpStatusCode.Forbidden, "Forbidden")]
    public async Task A_kind_the_cluster_does_without_keeps_nobody_waiting_and_is_used_once_it_is_there(HttpStatusCode code, string reason)
    {
        var missing = true;

        // Definitions may not be seen at all: where they may, one that is not there is what is waited for.
        _server.Intercept = (request, _) => request.Plural != "echoes" || Volatile.Read(ref missing) ? throw FakeKubeClient.Error(code, reason) : Task.CompletedTask;
        var echoes = Start();
        await _set!.WaitForSyncAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.False(echoes.IsServed);

        _server.Put(Echo.Named("one"));
        Volatile.Write(ref missing, false);
        await Until.TrueAsync(() => echoes.Count == 1, "the object is cached", _clock, TimeSpan.FromSeconds(1));
        Assert.True(echoes.IsServed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_kind_that_is_not_there_is_not_asked_for_and_is_used_at_once_when_it_is_defined(bool isSlow)
    {
        var missing = true;
        _server.Intercept = (request, _) => request.Plural == "echoes" && Volatile.Read(ref missing) ? throw FakeKubeClient.Error(HttpStatusCode.NotFound, "NotFound") : Task.CompletedTask;
        _server.Put(Definition("others"));
        var echoes = Start();
        await _set!.WaitForSyncAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await Until.TrueAsync(() => _server.OpenWatches == 1, "the definition is watched");
        _server.ForgetRequests();
        for (var minute = 0; minute < 60; minute++)
        {
            _clock.Advance(TimeSpan.FromMinutes(1));
            await Until.QuietAsync();
        }

        Assert.All(_server.Requests, request => Assert.Equal(("watch", "customresourcedefinitions"), (request.Verb, request.Plural)));
        Assert.InRange(_server.Requests.Count, 1, 12);

        // The API server may take a moment from the one to the other.
        _server.Put(Echo.Named("one"));
        _server.Put(Definition("echoes", established: false));
        await Until.QuietAsync();
        Assert.DoesNotContain(_server.Requests, request => request.Plural == "echoes");
        Volatile.Write(ref missing, isSlow);
        _server.Put(Definition("echoes"));
        if (isSlow)
        {
            await Until.TrueAsync(() => _server.Requests.Count(request => request.Plural == "echoes") >= 2, "the kind is asked for", _clock, TimeSpan.FromSeconds(1));
            Volatile.Write(ref missing, false);
        }

        await Until.TrueAsync(() => echoes.Count == 1, "the object is cached", _clock, TimeSpan.FromMilliseconds(100));
        Assert.True(echoes.IsServed);
    }

    [Fact]
    public async Task A_kind_that_is_removed_has_no_objects()
    {
        _server.Put(Echo.Named("one"));
        var echoes = Start();
        await Until.TrueAsync(() => echoes.Count == 1, "the object is cached");

        _server.Intercept = (_, _) => throw FakeKubeClient.Error(HttpStatusCode.NotFound, "NotFound");
        _server.BreakWatches();

        await Until.TrueAsync(() => echoes.Count == 0, "the object is forgotten", _clock, TimeSpan.FromSeconds(1));
        Assert.False(echoes.IsServed);
    }

    [Fact]
    public async Task A_permission_withdrawn_later_leaves_what_is_known()
    {
        _server.Put(Echo.Named("one"));
        var echoes = Start();
        await Until.TrueAsync(() => echoes.Count == 1, "the object is cached");
        var refusals = 0;

        _server.Intercept = (_, _) => Interlocked.Increment(ref refusals) > 0 ? throw FakeKubeClient.Error(HttpStatusCode.Forbidden, "Forbidden") : Task.CompletedTask;
        _server.BreakWatches();

        await Until.TrueAsync(() => Volatile.Read(ref refusals) >= 3, "the server was asked again", _clock, TimeSpan.FromSeconds(1));
        Assert.Equal(1, echoes.Count);
        Assert.True(echoes.IsServed);
    }

    private static CustomResourceDefinition Definition(string plural, bool established = true) => new()
    {
        Metadata = new() { Name = $"{plural}.{Echo.Resource.Group}" },
        Spec = new() { Group = Echo.Resource.Group, Scope = "Namespaced", Names = new() { Plural = plural, Kind = "Echo" }, Versions = [new() { Name = "v1", Served = true }] },
        Status = new() { Conditions = [new() { Type = "Established", Status = established ? "True" : "False" }] },
    };

    private Informer<Echo> Start()
    {
        _set = new InformerSet(_server, new InformerOptions { Seed = 1 }, _clock, _log);
        var echoes = _set.Get<Echo>(new InformerScope(Optional: true));
        _set.Start(_stop.Token);
        return echoes;
    }
}
