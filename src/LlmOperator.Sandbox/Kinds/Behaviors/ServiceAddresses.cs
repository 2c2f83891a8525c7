

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>Addresses for Services out of 10.96.0.0/12: where a name falls, or the next free one.</summary>
internal static class ServiceAddresses
{
    private const uint First = (10u << 24) | (96u << 16);
    private const uint Size = 1u << 20;

    // The first addresses are where clusters put their API server and DNS.
    private const uint Reserved = 16;

    /// <summary>A free address for a name.</summary>
    public static string Next(string name, IReadOnlySet<string?> taken)
    {
        var usable = Size - Reserved - 1;
        var start = Hash(name) % usable;
        for (uint i = 0; i < usable; i++)
        {
            var address = First + Reserved + ((start + i) % usable);
            var text = $"{address >> 24}.{(address >> 16) & 255}.{(address >> 8) & 255}.{address & 255}";
            if (!taken.Contains(text))
            {
                return text;
            }
        }

        throw new Server.StatusException(500, "InternalError", "Internal error occurred: failed to allocate a serviceIP: range is full");
    }

    /// <summary>FNV-1a, the same in every process.</summary>
    public static uint Hash(string text)
    {
        var hash = 2166136261u;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 16777619u;
        }

        return hash;
    }
}
