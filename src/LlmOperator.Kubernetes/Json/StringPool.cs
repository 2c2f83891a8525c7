using System.Text;
using System.Text.Json;

namespace LlmOperator.Kubernetes.Json;

/// <summary>
/// Shares the strings that thousands of objects repeat: namespaces, kinds, label keys and values, reasons, images, amounts. A fixed table in which a
/// newcomer takes its slot from whoever is there, so it can neither grow nor need sweeping; a lost race costs a second copy, nothing else. What is not ASCII is not shared.
/// </summary>
internal static class StringPool
{
    private const int Slots = 4096;
    private const int LongestBytes = 64;

    private static readonly string?[] Table = new string?[Slots];

    /// <summary>The string the reader stands on, shared when it is short.</summary>
    public static string Get(ref Utf8JsonReader reader)
    {
        if (reader.ValueIsEscaped)
        {
            return reader.GetString()!;
        }

        if (!reader.HasValueSequence)
        {
            return reader.ValueSpan.Length <= LongestBytes ? Get(reader.ValueSpan) : reader.GetString()!;
        }

        if (reader.ValueSequence.Length > LongestBytes)
        {
            return reader.GetString()!;
        }

        Span<byte> copy = stackalloc byte[LongestBytes];
        return Get(copy[..reader.CopyString(copy)]);
    }

    /// <summary>The string of a short UTF-8 text.</summary>
    public static string Get(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty)
        {
            return "";
        }

        ref var slot = ref Table[Hash(utf8) % Slots];
        var known = Volatile.Read(ref slot);
        if (known is not null && Ascii.Equals(utf8, known))
        {
            return known;
        }

        var text = Encoding.UTF8.GetString(utf8);
        Volatile.Write(ref slot, text);
        return text;
    }

    // FNV-1a: the texts are short and the table is small.
    private static uint Hash(ReadOnlySpan<byte> utf8)
    {
        var hash = 2166136261u;
        foreach (var b in utf8)
        {
            hash = (hash ^ b) * 16777619u;
        }

        return hash;
    }
}
