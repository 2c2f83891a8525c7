using System.Net;
using System.Net.Sockets;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Sandbox.Cel;

/// <summary>A range of addresses.</summary>
internal sealed record CelCidr(IPAddress Address, int PrefixLength)
{
    /// <summary>The range itself, without the bits behind the prefix.</summary>
    public IPNetwork Network => new(Masked(Address, PrefixLength), PrefixLength);

    /// <inheritdoc/>
    public override string ToString() => $"{Address}/{PrefixLength}";

    /// <summary>An address without the bits behind a prefix.</summary>
    public static IPAddress Masked(IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = prefix; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new IPAddress(bytes);
    }
}

/// <summary>Kubernetes' own types: quantities, URLs, addresses.</summary>
internal static class CelLibraries
{
    /// <summary>Calls a function of these types; null when there is none for these values.</summary>
    public static object? Call(string function, IReadOnlyList<object> args) => args[0] switch
    {
        Quantity quantity => OfQuantity(function, quantity, args),
        Uri url => OfUrl(function, url),
        IPAddress address => OfAddress(function, address),
        CelCidr range => OfRange(function, range, args),
        string text when args.Count == 1 => Parse(function, text),
        _ => null,
    };

    private static object? Parse(string function, string text) => function switch
    {
        "quantity" => Quantity.TryParse(text, out var quantity) ? quantity : throw new CelEvaluationException("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
        "isQuantity" => Quantity.TryParse(text, out _),
        "url" => ReadUrl(text) ?? throw new CelEvaluationException($"URL parse error during conversion from string: parse \"{text}\": invalid URI for request"),
        "isURL" => ReadUrl(text) is not null,
        "ip" => ReadAddress(text) ?? throw new CelEvaluationException($"IP Address \"{text}\" parse error during conversion from string: ParseAddr(\"{text}\"): unable to parse IP"),
        "isIP" => ReadAddress(text) is not null,
        "ip.isCanonical" => (ReadAddress(text) ?? throw new CelEvaluationException($"IP Address \"{text}\" parse error during conversion from string: ParseAddr(\"{text}\"): unable to parse IP")).ToString() == text,
        "cidr" => ReadRange(text) ?? throw new CelEvaluationException($"network address parse error during conversion from string: netip.ParsePrefix(\"{text}\"): invalid"),
        "isCIDR" => ReadRange(text) is not null,
        _ => null,
    };

    private static object? OfQuantity(string function, Quantity quantity, IReadOnlyList<object> args) => (function, args) switch
    {
        ("sign", [_]) => (long)quantity.Sign,
        ("isInteger", [_]) => quantity.AsDecimal == decimal.Truncate(quantity.AsDecimal),
        ("asInteger", [_]) => quantity.AsDecimal == decimal.Truncate(quantity.AsDecimal) ? quantity.Value : throw new CelEvaluationException("cannot convert value to integer"),
        ("asApproximateFloat", [_]) => (double)quantity.AsDecimal,
        ("isGreaterThan", [_, Quantity other]) => quantity > other,
        ("isLessThan", [_, Quantity other]) => quantity < other,
        ("compareTo", [_, Quantity other]) => (long)Math.Sign(quantity.CompareTo(other)),
        ("add", [_, Quantity other]) => quantity + other,
        ("add", [_, long other]) => quantity + Quantity.FromValue(other),
        ("sub", [_, Quantity other]) => quantity - other,
        ("sub", [_, long other]) => quantity - Quantity.FromValue(other),
        _ => null,
    };

    private static object? OfUrl(string function, Uri url) => function switch
    {
        "getScheme" => url.IsAbsoluteUri ? url.Scheme : "",
        "getHost" => url.IsAbsoluteUri ? (url.IsDefaultPort && !url.OriginalString.Contains($"{url.Host}:", StringComparison.OrdinalIgnoreCase) ? url.Host : $"{url.Host}:{url.Port}") : "",
        "getHostname" => url.IsAbsoluteUri ? url.Host.Trim('[', ']') : "",
        "getPort" => url.IsAbsoluteUri && (!url.IsDefaultPort || url.OriginalString.Contains($"{url.Host}:", StringComparison.OrdinalIgnoreCase)) ? $"{url.Port}" : "",
        "getEscapedPath" => Path(url),
        "getQuery" => Query(url),
        _ => null,
    };

    private static string Path(Uri url)
    {
        if (!url.IsAbsoluteUri)
        {
            return url.OriginalString.Split('?')[0];
        }

        // A URL that ends with its host has no path; the parser gives it one.
        var path = url.AbsolutePath;
        return path == "/" && !url.OriginalString.Split('?')[0].EndsWith('/') ? "" : path;
    }

    private static CelMap Query(Uri url)
    {
        var at = url.OriginalString.IndexOf('?', StringComparison.Ordinal);
        var pairs = at < 0 ? [] : url.OriginalString[(at + 1)..].Split('#')[0].Split('&', StringSplitOptions.RemoveEmptyEntries);
        return new CelMap(pairs.Select(pair => pair.Split('=', 2))
            .GroupBy(pair => WebUtility.UrlDecode(pair[0]), pair => pair.Length > 1 ? WebUtility.UrlDecode(pair[1]) : "")
            .ToDictionary(group => (object)group.Key, group => (object)new CelList([.. group]), CelValues.KeyComparer));
    }

    /// <summary>Absolute, or a path from the root: what a request line may hold.</summary>
    private static Uri? ReadUrl(string text) =>
        text.StartsWith('/') && Uri.TryCreate(text, UriKind.Relative, out var path) ? path
        : Uri.TryCreate(text, UriKind.Absolute, out var url) && text.Contains(':', StringComparison.Ordinal) ? url
        : null;

    private static object? OfAddress(string function, IPAddress address) => function switch
    {
        "family" => address.AddressFamily == AddressFamily.InterNetwork ? 4L : 6L,
        "isUnspecified" => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any),
        "isLoopback" => IPAddress.IsLoopback(address),
        "isLinkLocalMulticast" => IsLinkLocalMulticast(address),
        "isLinkLocalUnicast" => IsLinkLocalUnicast(address),
        "isGlobalUnicast" => !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) && !address.Equals(IPAddress.Broadcast) && !IPAddress.IsLoopback(address)
            && !IsMulticast(address) && !IsLinkLocalUnicast(address),
        _ => null,
    };

    private static bool IsMulticast(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? address.GetAddressBytes()[0] is >= 224 and <= 239 : address.IsIPv6Multicast;

    private static bool IsLinkLocalMulticast(IPAddress address) => address.GetAddressBytes() is [224, 0, 0, _] or [0xff, 0x02 or 0x12 or 0x22 or 0x32, ..] and { Length: 16 };

    private static bool IsLinkLocalUnicast(IPAddress address) => address.GetAddressBytes() is [169, 254, _, _] || address.IsIPv6LinkLocal;

    private static object? OfRange(string function, CelCidr range, IReadOnlyList<object> args) => (function, args) switch
    {
        ("ip", [_]) => range.Address,
        ("prefixLength", [_]) => (long)range.PrefixLength,
        ("masked", [_]) => range with { Address = CelCidr.Masked(range.Address, range.PrefixLength) },
        ("containsIP", [_, IPAddress address]) => range.Network.Contains(address),
        ("containsIP", [_, string text]) => range.Network.Contains(ReadAddress(text) ?? throw new CelEvaluationException($"IP Address \"{text}\" parse error during conversion from string")),
        ("containsCIDR", [_, CelCidr other]) => Contains(range, other),
        ("containsCIDR", [_, string text]) => Contains(range, ReadRange(text) ?? throw new CelEvaluationException($"network address parse error during conversion from string: \"{text}\"")),
        _ => null,
    };

    private static bool Contains(CelCidr range, CelCidr other) => range.PrefixLength <= other.PrefixLength && range.Network.Contains(other.Network.BaseAddress);

    /// <summary>Addresses in full, without a zone and not written as IPv4 in IPv6.</summary>
    private static IPAddress? ReadAddress(string text) =>
        IPAddress.TryParse(text, out var address) && !text.Contains('%', StringComparison.Ordinal) && !text.Contains('[', StringComparison.Ordinal) && !address.IsIPv4MappedToIPv6
        && (address.AddressFamily != AddressFamily.InterNetwork || text.Count(character => character == '.') == 3)
            ? address
            : null;

    private static CelCidr? ReadRange(string text) =>
        text.Split('/') is [var address, var prefix] && ReadAddress(address) is { } read && int.TryParse(prefix, System.Globalization.NumberStyles.None, null, out var length)
        && length <= read.GetAddressBytes().Length * 8
            ? new CelCidr(read, length)
            : null;
}
