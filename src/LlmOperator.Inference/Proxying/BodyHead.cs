using System.Buffers;

namespace LlmOperator.Inference.Proxying;

/// <summary>The beginning of a body that passes, up to a bound.</summary>
/// <param name="most">Most bytes that are kept.</param>
public sealed class BodyHead(int most) : IDisposable
{
    private const int FirstSize = 4096;

    private byte[] _bytes = [];
    private int _length;

    /// <summary>What was kept.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>Memory that is held.</summary>
    public int Held => _bytes.Length;

    /// <summary>Whether there was more than was kept.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Keeps the next bytes, as far as there is room.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        var room = most - _length;
        if (bytes.Length > room)
        {
            IsCut = true;
            bytes = bytes[..room];
        }

        if (_bytes.Length - _length < bytes.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Min(most, Math.Max(Math.Max(FirstSize, _bytes.Length * 2), _length + bytes.Length)));
            Bytes.CopyTo(larger);
            GiveBack();
            _bytes = larger;
        }

        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        GiveBack();
        (_bytes, _length) = ([], 0);
    }

    private void GiveBack()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }
    }
}
