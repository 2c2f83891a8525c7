using System.Buffers;
using System.Buffers.Text;
using System.Text;
using LlmOperator.Inference.Proxying;
using Microsoft.Extensions.Primitives;

namespace LlmOperator.PromptTrace.Wire;

/// <summary>How the end of a body is told.</summary>
internal enum Framing
{
    /// <summary>There is no body.</summary>
    None,

    /// <summary>By a number of bytes.</summary>
    Length,

    /// <summary>By a last chunk.</summary>
    Chunked,

    /// <summary>By the end of the connection.</summary>
    UntilClose,
}

/// <summary>
/// Status line and headers of an answer (RFC 9112). It is strict: an answer that two readers could take for two different things is refused. A connection keeps its head, and texts that come again are not
/// made again.
/// </summary>
internal sealed class AnswerHead
{
    private const int StatusLineBytes = 12; // HTTP/1.1 200

    private static readonly SearchValues<byte> Token = SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"u8);
    private static readonly SearchValues<byte> NotInValues = SearchValues.Create([.. Enumerable.Range(0, 32).Where(static value => value != '\t').Select(static value => (byte)value), 127]);

    private readonly List<(string Name, string Value)> _headers = [];
    private readonly List<(string Name, string Value)> _before = [];
    private string _reason = "";

    public int Status { get; private set; }

    public string Reason => _reason;

    public Framing Framing { get; private set; }

    /// <summary>Bytes of the body, where a number of bytes tells its end.</summary>
    public long Length { get; private set; }

    /// <summary>Whether the connection may be used again after the body.</summary>
    public bool IsKept { get; private set; }

    /// <summary>Headers in their order.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers => _headers;

    /// <summary>The values of the Connection header.</summary>
    public StringValues Connection { get; private set; }

    public string? ContentType { get; private set; }

    /// <summary>Whether the body is compressed.</summary>
    public bool IsEncoded { get; private set; }

    /// <summary>The names of the trailers that are announced.</summary>
    public StringValues Trailer { get; private set; }

    /// <summary>An answer before the real one, such as 100.</summary>
    public bool IsInterim => Status is >= 100 and < 200;

    /// <summary>Reads a head.</summary>
    /// <param name="head">All of it, with the empty line.</param>
    /// <param name="isHead">Whether the request was for a head alone.</param>
    /// <exception cref="MalformedAnswerException">It is none.</exception>
    public void Read(ReadOnlySpan<byte> head, bool isHead)
    {
        _before.Clear();
        _before.AddRange(_headers);
        _headers.Clear();
        (Connection, Trailer, ContentType, IsEncoded) = (default, default, null, false);
        var isOld = ReadStatus(Line(ref head));
        var (length, isChunked) = (-1L, false);
        while (Line(ref head) is { IsEmpty: false } line)
        {
            ReadHeader(line, ref length, ref isChunked);
        }

        if (isChunked && (length >= 0 || isOld))
        {
            throw new MalformedAnswerException("it tells its end in two ways");
        }

        var isBodiless = isHead || IsInterim || Status is 204 or 304;
        Framing = isBodiless || length == 0 ? Framing.None : isChunked ? Framing.Chunked : length > 0 ? Framing.Length : Framing.UntilClose;
        Length = Framing == Framing.Length ? length : 0;

        // Without a body there must not be bytes of one; who announces them may send them.
        IsKept = !isOld && Framing != Framing.UntilClose && !HopByHop.IsNamed("close", Connection) && !(Status == 204 && (isChunked || length > 0));
    }

    /// <summary>The next line, without its end.</summary>
    private static ReadOnlySpan<byte> Line(ref ReadOnlySpan<byte> head)
    {
        var end = head.IndexOf((byte)'\n');
        if (end < 1 || head[end - 1] != (byte)'\r')
        {
            throw new MalformedAnswerException("a line of its head does not end with CR LF");
        }

        var line = head[..(end - 1)];
        head = head[(end + 1)..];
        return line;
    }

    /// <summary>Reads the status line.</summary>
    /// <returns>Whether it is of HTTP/1.0.</returns>
    private bool ReadStatus(ReadOnlySpan<byte> line)
    {
        if (line.Length < StatusLineBytes || !line.StartsWith("HTTP/1."u8) || line[7] is not ((byte)'0' or (byte)'1') || line[8] != (byte)' '
            || !Utf8Parser.TryParse(line[9..12], out int status, out var digits) || digits != 3 || status < 100 || (line.Length > StatusLineBytes && line[StatusLineBytes] != (byte)' ')
            || line.ContainsAny(NotInValues))
        {
            throw new MalformedAnswerException("it does not begin with a status line of HTTP/1.1");
        }

        Status = status;
        var reason = line.Length > StatusLineBytes ? line[(StatusLineBytes + 1)..] : [];
        _reason = Text(reason, _reason);
        return line[7] == (byte)'0';
    }

    private void ReadHeader(ReadOnlySpan<byte> line, ref long length, ref bool isChunked)
    {
        var (name, value) = Split(line, _headers.Count < _before.Count ? _before[_headers.Count] : ("", ""));
        _headers.Add((name, value));
        switch (name.Length)
        {
            case 7 when Is(name, "Trailer"):
                Trailer = StringValues.Concat(Trailer, value);
                break;
            case 10 when Is(name, "Connection"):
                Connection = StringValues.Concat(Connection, value);
                break;
            case 12 when Is(name, "Content-Type"):
                ContentType ??= value;
                break;
            case 14 when Is(name, "Content-Length"):
                if (length >= 0 || value.Length is 0 or > 18 || value.AsSpan().IndexOfAnyExceptInRange('0', '9') >= 0)
                {
                    throw new MalformedAnswerException("its Content-Length is not one number");
                }

                length = long.Parse(value, System.Globalization.CultureInfo.InvariantCulture);
                break;
            case 16 when Is(name, "Content-Encoding"):
                IsEncoded = true;
                break;
            case 17 when Is(name, "Transfer-Encoding"):
                if (isChunked || !value.Equals("chunked", StringComparison.OrdinalIgnoreCase))
                {
                    throw new MalformedAnswerException("its Transfer-Encoding is not chunked");
                }

                isChunked = true;
                break;
        }
    }

    /// <summary>Name and value of a header, or of a trailer.</summary>
    /// <param name="line">The line.</param>
    /// <param name="before">What stood in its place the last time.</param>
    public static (string Name, string Value) Split(ReadOnlySpan<byte> line, (string Name, string Value) before = default)
    {
        var colon = line.IndexOf((byte)':');
        if (colon < 1 || line[..colon].ContainsAnyExcept(Token))
        {
            throw new MalformedAnswerException("a header has no name, or one that is none"); // A folded line among them.
        }

        var value = line[(colon + 1)..].Trim(" \t"u8);
        return !value.ContainsAny(NotInValues) ? (Text(line[..colon], before.Name), Text(value, before.Value)) : throw new MalformedAnswerException("a header has characters that none may have");
    }

    private static bool Is(string name, string known) => name.Equals(known, StringComparison.OrdinalIgnoreCase);

    private static string Text(ReadOnlySpan<byte> bytes, string? before) => before is not null && Ascii.Equals(bytes, before) ? before : Encoding.Latin1.GetString(bytes);
}

/// <summary>An answer that is not HTTP, or not safely so.</summary>
/// <param name="problem">What is wrong with it.</param>
internal sealed class MalformedAnswerException(string problem) : Exception($"the answer cannot be read: {problem}");
