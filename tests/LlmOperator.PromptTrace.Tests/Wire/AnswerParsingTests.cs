using System.Text;
using FsCheck;
using FsCheck.Fluent;
using LlmOperator.PromptTrace.Wire;
using Xunit;

namespace LlmOperator.PromptTrace.Tests.Wire;

public sealed class AnswerParsingTests
{
    private const int Connections = 150;

    private static Gen<byte[]> Pieces => Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf();

    /// <summary>Bodies in chunks, with sizes in either case, leading zeros, extensions, blanks and trailers.</summary>
    private static Gen<(byte[] Wire, byte[] Body, int Trailers)> Chunked =>
        from pieces in Pieces.ListOf()
        from extension in Gen.Elements("", ";a", ";a=\"b c\"", " ;x=1", "\t")
        from format in Gen.Elements("X", "x", "X4")
        from trailers in Gen.Choose(0, 3)
        let full = pieces.Where(static piece => piece.Length > 0).ToList()
        select (
            (byte[])[
                .. full.SelectMany(piece => (byte[])[.. Bytes($"{piece.Length.ToString(format, System.Globalization.CultureInfo.InvariantCulture)}{extension}\r\n"), .. piece, .. "\r\n"u8]),
                .. Bytes($"0{extension}\r\n"), .. Enumerable.Range(0, trailers).SelectMany(number => Bytes($"X-{number}: v{number}\r\n")), .. "\r\n"u8],
            (byte[])[.. full.SelectMany(static piece => piece)],
            trailers);

    [Fact]
    public void A_chunked_body_is_the_same_wherever_it_is_split()
    {
        var decoder = new BodyDecoder();
        foreach (var ((wire, body, trailers), cuts) in (from one in Chunked from cuts in Gen.Choose(0, 10_000).ArrayOf() select (one, cuts)).Sample(30, 300))
        {
            decoder.Begin(Framing.Chunked, 0);
            var after = (byte[])[.. wire, .. "HTTP/1.1"u8];
            var ends = cuts.Select(cut => cut % (after.Length + 1)).Append(0).Append(after.Length).Distinct().Order().ToArray();
            var (read, taken) = (new List<byte>(), 0);
            foreach (var (from, to) in ends.Zip(ends.Skip(1)))
            {
                var piece = after[from..to];
                while (piece.Length > 0 && !decoder.IsDone)
                {
                    var (start, length) = decoder.Take(piece, out var some);
                    read.AddRange(piece.AsSpan(start, length));
                    piece = piece[some..];
                    taken += some;
                }
            }

            Assert.True(decoder.IsDone);
            Assert.Equal(body, read);
            Assert.Equal(wire.Length, taken); // Not a byte of what follows.
            Assert.Equal(Enumerable.Range(0, trailers).Select(number => ($"X-{number}", $"v{number}")), decoder.Trailers);
        }
    }

    [Fact]
    public void A_body_that_ends_anywhere_before_its_end_is_not_whole()
    {
        foreach (var (wire, _, _) in Chunked.Sample(10, 50))
        {
            for (var length = 0; length < wire.Length; length++)
            {
                var decoder = new BodyDecoder();
                decoder.Begin(Framing.Chunked, 0);
                Feed(decoder, wire[..length]);
                Assert.False(decoder.TryEnd());
            }
        }
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("g\r\n")]
    [InlineData("-1\r\n")]
    [InlineData("+1\r\na\r\n")]
    [InlineData("0x1\r\na\r\n")]
    [InlineData(" 1\r\na\r\n")]
    [InlineData("1 1\r\na\r\n")]
    [InlineData("1\na\r\n")]
    [InlineData("1\r\nab\r\n")]
    [InlineData("1\r\na\n")]
    [InlineData("1;a\nb\r\n")]
    [InlineData("1;a\rb\r\n")]
    [InlineData("FFFFFFFFFFFFFFFFF\r\n")]
    [InlineData("0000000000000000000001\r\na\r\n")]
    [InlineData("0\r\n folded: x\r\n\r\n")]
    [InlineData("0\r\nX: a\n\r\n")]
    [InlineData("0\r\nno colon\r\n\r\n")]
    public void Chunks_that_could_be_read_in_two_ways_are_refused(string wire)
    {
        var decoder = new BodyDecoder();
        decoder.Begin(Framing.Chunked, 0);
        Assert.Throws<MalformedAnswerException>(() => Feed(decoder, Bytes(wire)));
    }

    [Fact]
    public void Whatever_comes_is_read_or_refused_and_nothing_else()
    {
        foreach (var noise in Pieces.Sample(200, Connections))
        {
            var decoder = new BodyDecoder();
            decoder.Begin(Framing.Chunked, 0);
            Refused(() => Feed(decoder, noise));
            Refused(() => new AnswerHead().Read([.. "HTTP/1.1 200 OK\r\n"u8, .. noise, .. "\r\n\r\n"u8], isHead: false));
            Refused(() => new AnswerHead().Read([.. noise, .. "\r\n\r\n"u8], isHead: false));
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, nameof(Framing.Length), true)]
    [InlineData("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false, nameof(Framing.None), true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", false, nameof(Framing.Chunked), true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: x, Close\r\n\r\n", false, nameof(Framing.Chunked), false)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", false, nameof(Framing.UntilClose), false)]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", false, nameof(Framing.Length), false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, nameof(Framing.None), true)]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, nameof(Framing.None), true)]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", false, nameof(Framing.None), true)]
    [InlineData("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", false, nameof(Framing.None), false)]
    public void The_end_of_a_body_is_told_as_the_standard_says(string wire, bool isHead, string framing, bool isKept)
    {
        var head = new AnswerHead();
        head.Read(Bytes(wire), isHead);

        Assert.Equal(framing, head.Framing.ToString());
        Assert.Equal(isKept, head.IsKept);
    }

    [Fact]
    public void A_head_that_is_used_again_has_nothing_left_of_the_one_before()
    {
        var head = new AnswerHead();
        head.Read("HTTP/1.1 404 Not Found\r\nContent-Type: a/b\r\nTrailer: X\r\nContent-Encoding: gzip\r\nConnection: close\r\nContent-Length: 7\r\n\r\n"u8, isHead: false);
        head.Read("HTTP/1.1 200 OK\r\nContent-Type: a/c\r\nX: caf\u00e9\r\n\r\n"u8, isHead: true);

        Assert.Equal((200, "OK", "a/c", false, 0L, Framing.None), (head.Status, head.Reason, head.ContentType, head.IsEncoded, head.Length, head.Framing));
        Assert.Equal(0, head.Connection.Count + head.Trailer.Count);
        Assert.Equal("Content-Type", Assert.Single(head.Headers, header => header.Value == "a/c").Name);
    }

    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static void Feed(BodyDecoder decoder, byte[] wire)
    {
        while (wire.Length > 0 && !decoder.IsDone)
        {
            decoder.Take(wire, out var taken);
            wire = wire[taken..];
        }
    }

    private static void Refused(Action read)
    {
        try
        {
            read();
        }
        catch (MalformedAnswerException)
        {
            // As it should be.
        }
    }
}
