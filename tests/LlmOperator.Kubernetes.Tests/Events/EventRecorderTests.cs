using System.Net;
using System.Text;
using LlmOperator.Kubernetes.Events;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Kubernetes.Tests.Fakes;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Events;

public sealed class EventRecorderTests : IAsyncDisposable
{
    private static readonly Echo About = Echo.Named("one") with { Metadata = new ObjectMeta { Name = "one", Namespace = "default", Uid = "u1" } };
    private readonly ManualTimeProvider _clock = new();
    private readonly FakeKubeClient _server = new();
    private readonly ListLogger _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly EventRecorder _recorder;
    private Task? _run;

    public EventRecorderTests()
        => _recorder = new EventRecorder(_server, new EventRecorderOptions { Controller = "example.com/test", Instance = "pod-1", Capacity = 200 }, _clock, _log);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task The_first_report_makes_an_event_with_all_the_api_asks_for()
    {
        _recorder.Warning(About, "NoCapacity", "no node has an A10G", "Schedule");
        await RunToEndAsync();

        var made = Assert.Single(_server.PeekAll<Event>());
        Assert.Equal(("Warning", "NoCapacity", "Schedule", "no node has an A10G"), (made.Type, made.Reason, made.Action, made.Note));
        Assert.Equal(("example.com/test", "pod-1", _clock.GetUtcNow()), (made.ReportingController, made.ReportingInstance, made.EventTime));
        Assert.Equal(("bench.example.com/v1", "Echo", "default", "one", "u1"),
            (made.Regarding?.ApiVersion, made.Regarding?.Kind, made.Regarding?.Namespace, made.Regarding?.Name, made.Regarding?.Uid));
        Assert.StartsWith("one.", made.Metadata.Name, StringComparison.Ordinal);
        Assert.Null(made.Series);
    }

    [Fact]
    public async Task Repetitions_become_a_series_on_the_same_event()
    {
        for (var i = 0; i < 5; i++)
        {
            _recorder.Normal(About, "Pulled", "image pulled");
        }

        await RunToEndAsync();

        Assert.Equal(5, Assert.Single(_server.PeekAll<Event>()).Series?.Count);
        Assert.Equal(["create", "patch", "patch", "patch", "patch"], _server.Requests.Select(request => request.Verb));
    }

    [Fact]
    public async Task An_event_that_has_expired_on_the_server_is_made_anew()
    {
        Run();
        _recorder.Normal(About, "Pulled", "image pulled");
        await Until.TrueAsync(() => _server.PeekAll<Event>().Count == 1, "the event is made");
        var first = _server.PeekAll<Event>()[0].Metadata.Name!;
        _server.Remove<Event>(first);

        _recorder.Normal(About, "Pulled", "image pulled");
        await Until.TrueAsync(() => _server.PeekAll<Event>().Count == 1, "the event is made anew");

        Assert.NotEqual(first, _server.PeekAll<Event>()[0].Metadata.Name);
    }

    [Fact]
    public async Task More_than_ten_different_notes_are_taken_together()
    {
        for (var i = 1; i <= 13; i++)
        {
            _recorder.Warning(About, "Failed", $"attempt {i}");
        }

        await RunToEndAsync();

        var events = _server.PeekAll<Event>();
        Assert.Equal(11, events.Count);
        var combined = Assert.Single(events, made => made.Note!.StartsWith("(combined from similar events): ", StringComparison.Ordinal));
        Assert.Equal(3, combined.Series?.Count);
    }

    [Fact]
    public async Task An_object_that_floods_is_cut_to_25_and_then_one_in_five_minutes()
    {
        Run();
        for (var i = 0; i < 40; i++)
        {
            _recorder.Warning(About, "Failed", "again");
        }

        _recorder.Normal(Echo.Named("other"), "Fine", "not the flood's fault");
        await Until.TrueAsync(() => _server.Writes.Count() == 26, "25 writes of one object, one of the other");

        _clock.Advance(TimeSpan.FromMinutes(5));
        _recorder.Warning(About, "Failed", "again");
        _recorder.Warning(About, "Failed", "again");
        await StopAsync();

        Assert.Equal(27, _server.Writes.Count());
        Assert.Equal(41, _server.PeekAll<Event>().Single(made => made.Reason == "Failed").Series?.Count);
    }

    [Fact]
    public async Task A_long_note_is_cut_at_1024_bytes_between_characters()
    {
        _recorder.Warning(About, "Failed", string.Concat(Enumerable.Repeat("€", 500)));
        await RunToEndAsync();

        var note = Assert.Single(_server.PeekAll<Event>()).Note!;
        Assert.Equal(1023, Encoding.UTF8.GetByteCount(note));
        Assert.DoesNotContain('\uFFFD', note);
    }

    [Fact]
    public async Task Events_of_cluster_scoped_objects_go_to_the_default_namespace()
    {
        _recorder.Normal(new Echo { Metadata = new ObjectMeta { Name = "node" } }, "Fine", "well");
        await RunToEndAsync();

        Assert.Equal("default", Assert.Single(_server.PeekAll<Event>()).Metadata.Namespace);
    }

    [Fact]
    public void Reporting_never_blocks_even_when_nobody_writes()
    {
        for (var i = 0; i < 1000; i++)
        {
            _recorder.Normal(About, "Fine", "well");
        }

        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task A_refused_event_is_dropped_with_a_word_and_the_next_is_written()
    {
        var refuse = 1;
        _server.Intercept = (_, _) => Interlocked.Exchange(ref refuse, 0) == 1 ? throw FakeKubeClient.Error(HttpStatusCode.Forbidden, "Forbidden") : Task.CompletedTask;
        _recorder.Normal(About, "First", "refused");
        _recorder.Normal(About, "Second", "written");
        await RunToEndAsync();

        Assert.Equal("Second", Assert.Single(_server.PeekAll<Event>()).Reason);
        Assert.Contains(_log.Lines, line => line.Text.Contains("First", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_is_away_for_a_moment_loses_no_event()
    {
        var failures = 2;
        _server.Intercept = (_, _) => Interlocked.Decrement(ref failures) >= 0 ? throw new HttpRequestException("connection refused") : Task.CompletedTask;
        Run();
        _recorder.Normal(About, "Pulled", "image pulled");

        await Until.TrueAsync(() => _server.PeekAll<Event>().Count == 1, "the event is written", _clock, TimeSpan.FromSeconds(1));
    }

    private void Run() => _run = _recorder.RunAsync(_stop.Token);

    private async Task RunToEndAsync()
    {
        Run();
        await StopAsync();
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        if (_run is not null)
        {
            await _run;
        }
    }
}
