using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Http;

namespace LlmOperator.Kubernetes.Client;

/// <summary>
/// Reads the events of a watch from a stream of JSON lines: each byte is tokenised once, straight into the object, with no string or
/// document in between. <c>{"type":"ADDED","object":{…}}</c>
/// </summary>
internal static class WatchReader
{
    private const string InitialEventsEnd = "k8s.io/initial-events-end";

    /// <summary>Events until the stream ends. A last line without its end is a stream cut short: an <see cref="IOException"/>.</summary>
    public static async IAsyncEnumerable<WatchEvent<T>> ReadAsync<T>(Stream stream, JsonTypeInfo<T> typeInfo, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        where T : class, IKubeObject
    {
        var pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 * 1024, leaveOpen: true));
        try
        {
            long searched = 0;
            while (true)
            {
                var result = await pipe.ReadAsync(cancellationToken).ConfigureAwait(false);
                var buffer = result.Buffer;
                while (NextLine(ref buffer, ref searched, out var line))
                {
                    if (Parse(line, typeInfo) is { } change)
                    {
                        yield return change;
                    }
                }

                if (result.IsCompleted)
                {
                    if (IsComplete(buffer) && Parse(buffer, typeInfo) is { } last)
                    {
                        yield return last;
                    }

                    yield break;
                }

                searched = buffer.Length;
                pipe.AdvanceTo(buffer.Start, buffer.End);
            }
        }
        finally
        {
            await pipe.CompleteAsync().ConfigureAwait(false);
        }
    }

    // What was searched before is not searched again: a large object arrives in many pieces.
    private static bool NextLine(ref ReadOnlySequence<byte> buffer, ref long searched, out ReadOnlySequence<byte> line)
    {
        var end = buffer.Slice(searched).PositionOf((byte)'\n');
        if (end is null)
        {
            line = default;
            return false;
        }

        line = buffer.Slice(0, end.Value);
        buffer = buffer.Slice(buffer.GetPosition(1, end.Value));
        searched = 0;
        return true;
    }

    private static bool IsComplete(ReadOnlySequence<byte> rest)
    {
        if (rest.IsEmpty)
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(rest, isFinalBlock: true, default);
            return reader.Read() && reader.TrySkip();
        }
        catch (JsonException)
        {
            throw new IOException("the watch broke off in the middle of an event");
        }
    }

    private static WatchEvent<T>? Parse<T>(in ReadOnlySequence<byte> line, JsonTypeInfo<T> typeInfo)
        where T : class, IKubeObject
    {
        if (line.IsSingleSegment)
        {
            return WatchEnvelope.Parse(line.FirstSpan, typeInfo);
        }

        var length = (int)line.Length;
        var copy = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            line.CopyTo(copy);
            return WatchEnvelope.Parse(copy.AsSpan(0, length), typeInfo);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(copy, clearArray: true);
        }
    }

    /// <summary>One line.</summary>
    private ref struct WatchEnvelope
    {
        private ReadOnlySpan<byte> _type;
        private ReadOnlySpan<byte> _object;

        public static WatchEvent<T>? Parse<T>(ReadOnlySpan<byte> line, JsonTypeInfo<T> typeInfo)
            where T : class, IKubeObject
        {
            try
            {
                return Parse(line, typeInfo, objectIsLast: true);
            }
            catch (JsonException)
            {
                // Perhaps only the assumption was wrong.
            }

            try
            {
                return Parse(line, typeInfo, objectIsLast: false);
            }
            catch (JsonException fault)
            {
                throw new KubeApiException(
                    System.Net.HttpStatusCode.OK, KubeApiException.UnreadableAnswer, $"a watch event of {typeInfo.Type.Name} cannot be read: {fault.Message}", inner: fault);
            }
        }

        private static WatchEvent<T>? Parse<T>(ReadOnlySpan<byte> line, JsonTypeInfo<T> typeInfo, bool objectIsLast)
            where T : class, IKubeObject
        {
            var envelope = default(WatchEnvelope);
            return envelope.Split(line, objectIsLast) ? envelope.ToEvent(typeInfo) : null;
        }

        // The server writes type first and object last, so the object is everything up to the closing brace and need not be
        // tokenised to find its end. Any other order is read a second time, the longer way.
        private bool Split(ReadOnlySpan<byte> line, bool objectIsLast)
        {
            line = line.Trim(" \t\r\n"u8);
            if (line.IsEmpty)
            {
                return false;
            }

            var reader = new Utf8JsonReader(line);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isType = reader.ValueTextEquals("type"u8);
                var isObject = reader.ValueTextEquals("object"u8);
                reader.Read();
                if (isType && reader.TokenType == JsonTokenType.String)
                {
                    _type = reader.ValueSpan;
                }
                else if (isObject)
                {
                    var start = (int)reader.TokenStartIndex;
                    if (objectIsLast && !_type.IsEmpty)
                    {
                        _object = line[start..^1];
                        return true;
                    }

                    reader.Skip();
                    _object = line[start..(int)reader.BytesConsumed];
                }
                else
                {
                    reader.Skip();
                }
            }

            return !_type.IsEmpty && !_object.IsEmpty ? true : throw new JsonException("it has no type or no object");
        }

        private readonly WatchEvent<T>? ToEvent<T>(JsonTypeInfo<T> typeInfo)
            where T : class, IKubeObject
        {
            if (_type.SequenceEqual("BOOKMARK"u8))
            {
                return Bookmark<T>(_object);
            }

            if (_type.SequenceEqual("ERROR"u8))
            {
                throw StatusErrors.FromStatus(JsonSerializer.Deserialize(_object, ClientJson.Default.StatusBody) ?? new StatusBody());
            }

            WatchEventType? type = _type.SequenceEqual("ADDED"u8) ? WatchEventType.Added
                : _type.SequenceEqual("MODIFIED"u8) ? WatchEventType.Modified
                : _type.SequenceEqual("DELETED"u8) ? WatchEventType.Deleted
                : throw new JsonException($"its type is \"{System.Text.Encoding.UTF8.GetString(_type)}\"");
            var obj = JsonSerializer.Deserialize(_object, typeInfo) ?? throw new JsonException("its object is null");
            return new WatchEvent<T>(type.Value, obj, obj.Metadata.ResourceVersion ?? "");
        }

        private static WatchEvent<T> Bookmark<T>(ReadOnlySpan<byte> bookmark)
            where T : class
        {
            var metadata = JsonSerializer.Deserialize(bookmark, ClientJson.Default.BookmarkBody)?.Metadata;
            return new WatchEvent<T>(
                WatchEventType.Bookmark, null, metadata?.ResourceVersion ?? "", metadata?.Annotations?.GetValueOrDefault(InitialEventsEnd) == "true");
        }
    }
}
