using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LlmOperator.Kubernetes.Http;

namespace LlmOperator.Kubernetes.Client;

/// <summary>
/// Reads a list element by element from the stream: what is in memory at a time is one element's text and the objects made of it,
/// not megabytes of JSON.
/// </summary>
internal sealed class ListReader<T>(JsonTypeInfo<T> typeInfo)
    where T : class
{
    private readonly List<T> _items = [];
    private StatusListMeta? _metadata;
    private State _state = State.Start;
    private Field _field;

    private enum State
    {
        Start,
        Name,
        Value,
        Element,
        End,
    }

    private enum Field
    {
        Other,
        Metadata,
        Items,
    }

    public static async Task<ObjectList<T>> ReadAsync(Stream stream, JsonTypeInfo<T> typeInfo, CancellationToken cancellationToken)
    {
        var list = new ListReader<T>(typeInfo);
        var pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 64 * 1024, leaveOpen: true));
        try
        {
            var json = default(JsonReaderState);
            while (true)
            {
                var result = await pipe.ReadAsync(cancellationToken).ConfigureAwait(false);
                var consumed = list.Read(result.Buffer, ref json);
                if (list._state == State.End)
                {
                    return new ObjectList<T>(list._items, list._metadata?.ResourceVersion ?? "", list._metadata?.Continue is { Length: > 0 } token ? token : null);
                }

                if (result.IsCompleted)
                {
                    throw new IOException("the list broke off");
                }

                pipe.AdvanceTo(consumed, result.Buffer.End);
            }
        }
        finally
        {
            await pipe.CompleteAsync().ConfigureAwait(false);
        }
    }

    private SequencePosition Read(ReadOnlySequence<byte> buffer, ref JsonReaderState json)
    {
        var reader = new Utf8JsonReader(buffer, isFinalBlock: false, json);
        var consumed = buffer.Start;
        while (_state != State.End)
        {
            var before = reader;
            if (!Step(ref reader, buffer))
            {
                json = before.CurrentState;
                return consumed;
            }

            consumed = reader.Position;
        }

        return consumed;
    }

    // One token, or one whole value; false when not all of it has arrived.
    private bool Step(ref Utf8JsonReader reader, ReadOnlySequence<byte> buffer)
    {
        if (!reader.Read())
        {
            return false;
        }

        switch (_state)
        {
            case State.Start:
                _state = reader.TokenType == JsonTokenType.StartObject ? State.Name : throw new JsonException("a list must be an object");
                return true;
            case State.Name when reader.TokenType == JsonTokenType.EndObject:
                _state = State.End;
                return true;
            case State.Name:
                _field = reader.ValueTextEquals("items"u8) ? Field.Items : reader.ValueTextEquals("metadata"u8) ? Field.Metadata : Field.Other;
                _state = State.Value;
                return true;
            case State.Value when _field == Field.Items && reader.TokenType == JsonTokenType.StartArray:
                _state = State.Element;
                return true;
            case State.Element when reader.TokenType == JsonTokenType.EndArray:
                _state = State.Name;
                return true;
        }

        var start = reader.TokenStartIndex;
        if (!reader.TrySkip())
        {
            return false;
        }

        // Offsets count from where this reader began, which is where the buffer begins.
        var value = buffer.Slice(start, reader.BytesConsumed - start);
        if (_state == State.Element)
        {
            _items.Add(Deserialize(value, typeInfo));
            return true;
        }

        if (_field == Field.Metadata)
        {
            _metadata = Deserialize(value, ClientJson.Default.StatusListMeta);
        }

        _state = State.Name;
        return true;
    }

    private static TValue Deserialize<TValue>(in ReadOnlySequence<byte> value, JsonTypeInfo<TValue> typeInfo)
    {
        if (value.IsSingleSegment)
        {
            return JsonSerializer.Deserialize(value.FirstSpan, typeInfo) ?? throw new JsonException("an element is null");
        }

        var copy = ArrayPool<byte>.Shared.Rent((int)value.Length);
        try
        {
            value.CopyTo(copy);
            return JsonSerializer.Deserialize(copy.AsSpan(0, (int)value.Length), typeInfo) ?? throw new JsonException("an element is null");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(copy, clearArray: true);
        }
    }
}
