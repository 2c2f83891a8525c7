using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Client;

public sealed class WatchReaderTests
{
    private static CancellationToken Guard => TestContext.Current.CancellationToken;

    [Fact]
    public void Events_are_the_same_wherever_the_stream_is_cut_into_pieces()
    {
        var lines = """
            {"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"é🙂","namespace":"n","resourceVersion":"1","labels":{"a":"\u00fc\"}"}},"status":{"phase":"Running"}}}
            {"object":{"metadata":{"name":"b","resourceVersion":"2"},"x":[{"y":"}\n"}]},"type":"MODIFIED"}

            {"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"3","annotations":{"k8s.io/initial-events-end":"true"}}}}
            { "other" : [1,{"object":{}}], "type" : "DELETED" , "object" : {"metadata":{"name":"c","resourceVersion":"4"}} , "more": 1 }
            {"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"5"}}}
            """;
        var content = Encoding.UTF8.GetBytes(lines + "\n");
        List<(WatchEventType, string?, string, bool)> expected =
        [
            (WatchEventType.Added, "é🙂", "1", false), (WatchEventType.Modified, "b", "2", false), (WatchEventType.Bookmark, null, "3", true),
            (WatchEventType.Deleted, "c", "4", false), (WatchEventType.Bookmark, null, "5", false),
        ];

        Prop.ForAll(Gen.NonEmptyListOf(Gen.Choose(1, 97)).ToArbitrary(), sizes =>
        {
            var events = ReadAll(content, [.. sizes]).GetAwaiter().GetResult();
            return events.Select(e => (e.Type, e.Object?.Metadata.Name, e.ResourceVersion, e.InitialEventsEnd)).SequenceEqual(expected);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public async Task The_object_is_read_whole()
    {
        var events = await ReadAll("""{"type":"ADDED","object":{"metadata":{"name":"a","labels":{"k":"ü\"}"}},"status":{"phase":"Running","podIPs":[{"ip":"1.2.3.4"}]}}}"""u8.ToArray(), [5]);

        Assert.Equal("Running", events[0].Object!.Status!.Phase);
        Assert.Equal("1.2.3.4", events[0].Object!.Status!.PodIPs![0].Ip);
        Assert.Equal("ü\"}", events[0].Object!.Metadata.Labels!["k"]);
    }

    [Theory]
    [InlineData("""{"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"too old resource version","reason":"Expired","code":410}}""")]
    [InlineData("""{"object":{"kind":"Status","status":"Failure","message":"too old resource version","reason":"Expired","code":410},"type":"ERROR"}""")]
    public async Task An_error_event_is_the_error_it_carries(string line)
    {
        var fault = await Assert.ThrowsAsync<KubeApiException>(() => ReadAll(Encoding.UTF8.GetBytes(line + "\n"), [1000]));

        Assert.True(fault.IsExpired);
        Assert.Equal((HttpStatusCode.Gone, "too old resource version"), (fault.Code, fault.Message));
    }

    [Theory]
    [InlineData("""{"type":"ADDED","object":{"metadata":{"name":"a"}""")]
    [InlineData("""{"type":"ADD""")]
    public async Task A_stream_cut_in_the_middle_of_an_event_is_a_fault_after_the_events_before_it(string rest)
    {
        var seen = new List<string?>();
        await Assert.ThrowsAsync<IOException>(async () =>
        {
            var content = Encoding.UTF8.GetBytes("""{"type":"ADDED","object":{"metadata":{"name":"first"}}}""" + "\n" + rest);
            await foreach (var change in WatchReader.ReadAsync(new ChunkedStream(content, [9]), Pod.JsonTypeInfo, Guard))
            {
                seen.Add(change.Object?.Metadata.Name);
            }
        });

        Assert.Equal(["first"], seen);
    }

    [Theory]
    [InlineData("""{"type":"GONE","object":{}}""", "GONE")]
    [InlineData("""{"type":"ADDED","object":[]}""", "")]
    [InlineData("""{"type":"ADDED"}""", "no type or no object")]
    [InlineData("""<html>""", "")]
    public async Task A_line_that_is_no_event_is_named_as_such(string line, string says)
    {
        var fault = await Assert.ThrowsAsync<KubeApiException>(() => ReadAll(Encoding.UTF8.GetBytes(line + "\n"), [1000]));

        Assert.Equal(KubeApiException.UnreadableAnswer, fault.Reason);
        Assert.Contains("a watch event of Pod cannot be read", fault.Message, StringComparison.Ordinal);
        Assert.Contains(says, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_allocates_its_object_and_no_text_of_it()
    {
        // 200 events of 20 KB that the projection does not keep: a string or a document of any of them would show.
        var filler = new string('x', 20_000);
        var content = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat($$$"""{"type":"ADDED","object":{"metadata":{"name":"a"},"unknown":"{{{filler}}}"}}""" + "\n", 200)));
        await ReadAll(content, [8192]);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var read = ReadAll(content, [8192]);
        Assert.True(read.IsCompletedSuccessfully, "all of it was read on this thread");
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / 200;

        Assert.InRange(each, 0, 10_000);
    }

    private static async Task<List<WatchEvent<Pod>>> ReadAll(byte[] content, IReadOnlyList<int> sizes)
    {
        var events = new List<WatchEvent<Pod>>();
        await foreach (var change in WatchReader.ReadAsync(new ChunkedStream(content, sizes), Pod.JsonTypeInfo, Guard))
        {
            events.Add(change);
        }

        return events;
    }
}
