using System.Text;
using FsCheck;
using FsCheck.Fluent;
using LlmOperator.Inference.OpenAi;
using Xunit;

namespace LlmOperator.Inference.Tests.OpenAi;

public sealed class ServerSentEventsTests
{
    private const string Stream = ": ping\n\ndata: {\"a\":1}\n\ndata: two\ndata: lines\r\n\r\nevent: x\ndata:tight\n\ndatabase: no\ndata\n\nid: 7\n\ndata: çöğüş 🙂\r\rdata: [DONE]\n\n";

    private static readonly string[] Expected = ["{\"a\":1}", "two\nlines", "tight", "", "çöğüş 🙂", "[DONE]"];

    [Fact]
    public void Data_is_read_whatever_the_line_ends_and_the_other_fields() => Assert.Equal(Expected, Read([Encoding.UTF8.GetBytes(Stream)]));

    [Fact]
    public void Data_is_the_same_however_the_stream_is_cut() => Prop.ForAll<int[]>(cuts =>
    {
        var bytes = Encoding.UTF8.GetBytes(Stream);
        var places = cuts.Select(cut => Math.Abs(cut % bytes.Length)).Append(0).Append(bytes.Length).Order().ToList();
        return Read(places.Zip(places.Skip(1), (from, to) => bytes[from..to])).SequenceEqual(Expected);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Data_is_the_same_byte_by_byte() => Assert.Equal(Expected, Read(Encoding.UTF8.GetBytes(Stream).Select(one => new[] { one })));

    [Fact]
    public void An_event_beyond_the_bound_is_left_out_and_the_next_is_read()
    {
        using var events = new ServerSentEvents(longestEvent: 100);
        var read = new List<string>();
        foreach (var piece in new[] { $"data: {new string('x', 60)}\ndata: {new string('y', 60)}\n\n", $"data: {new string('z', 150)}", "\n\ndata: next\n\n" })
        {
            events.Add(Encoding.UTF8.GetBytes(piece), data => read.Add(Encoding.UTF8.GetString(data)));
        }

        Assert.Equal(["next"], read);
        Assert.Equal(2, events.Oversized);
    }

    [Fact]
    public void An_event_that_is_not_ended_is_none() => Assert.Empty(Read([Encoding.UTF8.GetBytes("data: half\n")]));

    private static List<string> Read(IEnumerable<byte[]> pieces)
    {
        using var events = new ServerSentEvents();
        var read = new List<string>();
        foreach (var piece in pieces)
        {
            events.Add(piece, data => read.Add(Encoding.UTF8.GetString(data)));
        }

        return read;
    }
}
