using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>The string formats the API server checks; a format it does not know is no rule.</summary>
internal static partial class Formats
{
    /// <summary>Whether a format is one that strings are checked against.</summary>
    public static bool IsKnown(string format) => format is "bsonobjectid" or "uri" or "email" or "hostname" or "ipv4" or "ipv6" or "cidr" or "mac"
        or "uuid" or "uuid3" or "uuid4" or "uuid5" or "isbn" or "isbn10" or "isbn13" or "creditcard" or "ssn" or "hexcolor" or "rgbcolor"
        or "byte" or "password" or "date" or "duration" or "datetime" or "date-time" or "k8s-short-name" or "k8s-long-name";

    /// <summary>Whether a string is of a format.</summary>
    public static bool IsValid(string format, string text) => format switch
    {
        "bsonobjectid" => ObjectId().IsMatch(text),
        "uri" => IsUri(text),
        "email" => System.Net.Mail.MailAddress.TryCreate(text, out _),
        "hostname" => IsHostname(text),
        "ipv4" => IsIPv4(text),
        "ipv6" => IsIPv6(text),
        "cidr" => IsCidr(text),
        "mac" => Mac().IsMatch(text),
        "uuid" => Uuid().IsMatch(text),
        "uuid3" => Uuid3().IsMatch(text),
        "uuid4" => Uuid4().IsMatch(text),
        "uuid5" => Uuid5().IsMatch(text),
        "isbn" => IsIsbn10(text) || IsIsbn13(text),
        "isbn10" => IsIsbn10(text),
        "isbn13" => IsIsbn13(text),
        "creditcard" => IsCreditCard(text),
        "ssn" => Ssn().IsMatch(text),
        "hexcolor" => HexColor().IsMatch(text),
        "rgbcolor" => RgbColor().IsMatch(text),
        "byte" => IsBase64(text),
        "date" => IsDate(text),
        "duration" => Duration().IsMatch(text),
        "datetime" or "date-time" => IsDateTime(text),
        "k8s-short-name" => text.Length <= 63 && DnsLabel().IsMatch(text),
        "k8s-long-name" => text.Length <= 253 && DnsSubdomain().IsMatch(text),
        _ => true,
    };

    /// <summary>Whether a text is an RFC 3339 date and time; the offset is needed, a fraction may follow the seconds.</summary>
    public static bool IsDateTime(string text)
    {
        var split = text.AsSpan().IndexOfAny('T', 't');
        if (split < 0 || !IsDate(text[..split]))
        {
            return false;
        }

        var time = Time().Match(text, split + 1, text.Length - split - 1);
        return time.Success
            && string.CompareOrdinal(time.Groups[1].Value, "23") <= 0
            && string.CompareOrdinal(time.Groups[2].Value, "59") <= 0
            && string.CompareOrdinal(time.Groups[3].Value, "59") <= 0;
    }

    private static bool IsDate(string text) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    private static bool IsBase64(string text) => Base64.IsValid(text) && text.AsSpan().IndexOfAny(" \t") < 0;

    private static bool IsUri(string text) => text.StartsWith('/') || (Scheme().IsMatch(text) && Uri.TryCreate(text, UriKind.Absolute, out _));

    private static bool IsHostname(string text) => text.Length is > 0 and < 255 && Hostname().IsMatch(text) && text.Split('.').All(label => label.Length < 64);

    private static bool IsIPv4(string text) => text.Split('.') is { Length: 4 } parts
        && parts.All(part => part.Length is >= 1 and <= 3 && part.All(char.IsAsciiDigit) && (part.Length == 1 || part[0] != '0') && int.Parse(part, CultureInfo.InvariantCulture) <= 255);

    private static bool IsIPv6(string text) => text.Contains(':', StringComparison.Ordinal) && !text.Contains('%', StringComparison.Ordinal) && text[0] != '['
        && IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6;

    private static bool IsCidr(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var bits))
        {
            return false;
        }

        var address = text[..slash];
        return IsIPv4(address) ? bits <= 32 : IsIPv6(address) && bits <= 128;
    }

    private static bool IsIsbn10(string text)
    {
        var digits = Separators().Replace(text, "");
        if (!Isbn10().IsMatch(digits))
        {
            return false;
        }

        var sum = 0;
        for (var index = 0; index < 10; index++)
        {
            sum += (digits[index] == 'X' ? 10 : digits[index] - '0') * (index + 1);
        }

        return sum % 11 == 0;
    }

    private static bool IsIsbn13(string text)
    {
        var digits = Separators().Replace(text, "");
        return digits.Length == 13 && digits.All(char.IsAsciiDigit)
            && digits.Select((digit, index) => (digit - '0') * (index % 2 == 0 ? 1 : 3)).Sum() % 10 == 0;
    }

    private static bool IsCreditCard(string text)
    {
        var digits = Separators().Replace(text, "");
        if (digits.Length is < 13 or > 19 || !digits.All(char.IsAsciiDigit))
        {
            return false;
        }

        var sum = 0;
        for (var index = 0; index < digits.Length; index++)
        {
            var digit = digits[^(index + 1)] - '0';
            sum += index % 2 == 0 ? digit : digit > 4 ? (digit * 2) - 9 : digit * 2;
        }

        return sum % 10 == 0;
    }

    [GeneratedRegex(@"\G([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?([zZ]|([+-][0-9]{2}:[0-9]{2}))\z")]
    private static partial Regex Time();

    [GeneratedRegex(@"^[+-]?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h|d|w))+\z|^[+-]?0\z|^([0-9]+)\s*(ns|nanos?|nanoseconds?|us|µs|micros?|microseconds?|ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)\z")]
    private static partial Regex Duration();

    [GeneratedRegex("^[0-9a-fA-F]{24}\\z")]
    private static partial Regex ObjectId();

    [GeneratedRegex("^[a-zA-Z][a-zA-Z0-9+.-]*:")]
    private static partial Regex Scheme();

    [GeneratedRegex(@"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})\z")]
    private static partial Regex Hostname();

    [GeneratedRegex("^([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}\\z|^([0-9a-fA-F]{2}[:-]){7}[0-9a-fA-F]{2}\\z|^([0-9a-fA-F]{4}\\.){2}[0-9a-fA-F]{4}\\z")]
    private static partial Regex Mac();

    [GeneratedRegex("^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}\\z")]
    private static partial Regex Uuid();

    [GeneratedRegex("^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?3[0-9a-fA-F]{3}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}\\z")]
    private static partial Regex Uuid3();

    [GeneratedRegex("^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?4[0-9a-fA-F]{3}-?[89abAB][0-9a-fA-F]{3}-?[0-9a-fA-F]{12}\\z")]
    private static partial Regex Uuid4();

    [GeneratedRegex("^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?5[0-9a-fA-F]{3}-?[89abAB][0-9a-fA-F]{3}-?[0-9a-fA-F]{12}\\z")]
    private static partial Regex Uuid5();

    [GeneratedRegex("^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}\\z")]
    private static partial Regex Ssn();

    [GeneratedRegex("^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})\\z")]
    private static partial Regex HexColor();

    [GeneratedRegex(@"^rgb\(\s*(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])\s*,\s*(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])\s*,\s*(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])\s*\)\z")]
    private static partial Regex RgbColor();

    [GeneratedRegex("[ -]+")]
    private static partial Regex Separators();

    [GeneratedRegex("^[0-9]{9}[0-9X]\\z")]
    private static partial Regex Isbn10();

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?\\z")]
    private static partial Regex DnsLabel();

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\z")]
    private static partial Regex DnsSubdomain();
}
