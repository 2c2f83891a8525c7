using System.Text;
using System.Text.Json;

namespace LlmOperator.Kubernetes.Json;

/// <summary>
/// Shares the strings that thousands of objects repeat: namespaces, kinds, label keys and values, reasons, images, amounts. A fixed table in which a
/// newcomer takes its slot from whoever is there, so it can neither grow nor need sweeping; a lost race costs a second copy, nothing else.
/// </summary>
internal static class StringPool
{
    private const int Slots = 4096;
    private const int LongestBytes = 64;

    private static readonly Entry?[] Table = new Entry?[Slots];

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

        var hash = Hash(utf8);
        ref var slot = ref Table[hash % Slots];
        var entry = Volatile.Read(ref slot);
        if (entry is not null && entry.Hash == hash && utf8.SequenceEqual(entry.Utf8))
        {
            return entry.Text;
        }

        var text = Encoding.UTF8.GetString(utf8);
        Volatile.Write(ref slot, new Entry(hash, utf8.ToArray(), text));
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

    private sealed record Entry(uint Hash, byte[] Utf8, string Text);
}
