

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>
/// Addresses for Services: where a name falls, or the next free one. Out of 10.96.0.0/12, or, where Services are really reached, out of 127.96.0.0/12.
/// </summary>
internal static class ServiceAddresses
{
    /// <summary>First byte of the usual range.</summary>
    public const byte Usual = 10;

    private const uint Size = 1u << 20;

    // The first addresses are where clusters put their API server and DNS.
    private const uint Reserved = 16;

    /// <summary>The range, as messages name it.</summary>
    public static string Range(byte network) => $"{network}.96.0.0/12";

    /// <summary>A free address for a name.</summary>
    /// <param name="name">Whose.</param>
    /// <param name="taken">Addresses that are not free.</param>
    /// <param name="network">First byte of the range.</param>
    /// <param name="salt">What makes the addresses of one cluster others than those of the next.</param>
    public static string Next(string name, IReadOnlySet<string?> taken, byte network = Usual, uint salt = 0)
    {
        var usable = Size - Reserved - 1;
        var start = (Hash(name) ^ salt) % usable;
        for (uint i = 0; i < usable; i++)
        {
            var address = ((uint)network << 24) + (96u << 16) + Reserved + ((start + i) % usable);
            var text = $"{address >> 24}.{(address >> 16) & 255}.{(address >> 8) & 255}.{address & 255}";
            if (!taken.Contains(text))
            {
                return text;
            }
        }

        throw new Server.StatusException(500, "InternalError", "Internal error occurred: failed to allocate a serviceIP: range is full");
    }

    /// <summary>Whether an IPv4 address is one of the range; other families are not served.</summary>
    public static bool InRange(string text, byte network) =>
        System.Net.IPAddress.TryParse(text, out var address) && address.GetAddressBytes() is [var first, >= 96 and <= 111, _, _] && first == network;

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
