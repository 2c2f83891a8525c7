using System.Text;

namespace LlmOperator.Inference.Spooling;

/// <summary>Reads <c>ExportTraceServiceResponse</c>: field 1 is the partial success, in which field 1 counts the rejected spans and field 2 says why.</summary>
internal static class PartialProtobuf
{
    public static (long Rejected, string? Message) Read(ReadOnlySpan<byte> response)
    {
        var (rejected, message) = (0L, (string?)null);
        while (Next(ref response, out var field, out _, out var bytes))
        {
            if (field != 1)
            {
                continue;
            }

            while (Next(ref bytes, out var inner, out var number, out var text))
            {
                if (inner == 1)
                {
                    rejected = (long)Math.Min(number, int.MaxValue);
                }
                else if (inner == 2)
                {
                    message = Encoding.UTF8.GetString(text);
                }
            }
        }

        return (rejected, message);
    }

    private static bool Next(ref ReadOnlySpan<byte> message, out int field, out ulong number, out ReadOnlySpan<byte> bytes)
    {
        field = 0;
        number = 0;
        bytes = default;
        if (!Varint(ref message, out var tag))
        {
            return false;
        }

        field = (int)(tag >> 3);
        switch (tag & 7)
        {
            case 0:
                return Varint(ref message, out number);
            case 1 when message.Length >= 8:
                message = message[8..];
                return true;
            case 2 when Varint(ref message, out var length) && length <= (ulong)message.Length:
                bytes = message[..(int)length];
                message = message[(int)length..];
                return true;
            case 5 when message.Length >= 4:
                message = message[4..];
                return true;
            default:
                return false;
        }
    }

    private static bool Varint(ref ReadOnlySpan<byte> message, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64 && !message.IsEmpty; shift += 7)
        {
            var part = message[0];
            message = message[1..];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
