using System.Globalization;

namespace LlmOperator.Inference.Redaction;

/// <summary>Bank account numbers, by their country's length and their check digits.</summary>
internal static class Ibans
{
    private const int Longest = 34;

    /// <summary>Lengths of the ISO 13616 registry.</summary>
    private static readonly Dictionary<string, int> Lengths =
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
            .Split(' ').ToDictionary(entry => entry[..2], entry => int.Parse(entry[2..], CultureInfo.InvariantCulture));

    private static readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> LengthOf = Lengths.GetAlternateLookup<ReadOnlySpan<char>>();

    public static void Find(string text, List<Finding> findings)
    {
        Span<char> compact = stackalloc char[Longest];
        for (var at = 0; at + 15 <= text.Length; at++)
        {
            if (!char.IsAsciiLetter(text[at]) || !char.IsAsciiLetter(text[at + 1]) || !char.IsAsciiDigit(text[at + 2]) || !char.IsAsciiDigit(text[at + 3]) || (at > 0 && char.IsLetterOrDigit(text[at - 1])))
            {
                continue;
            }

            (compact[0], compact[1]) = (char.ToUpperInvariant(text[at]), char.ToUpperInvariant(text[at + 1]));
            if (LengthOf.TryGetValue(compact[..2], out var length) && EndOf(text, at, compact[..length]) is var end and > 0 && HasRightChecksum(compact[..length]))
            {
                findings.Add(new(at, end - at, RedactionKind.Iban));
                at = end - 1;
            }
        }
    }

    /// <summary>Reads as many letters and digits as the number has, with single separators between them; 0 when they are not there or do not end there.</summary>
    private static int EndOf(string text, int start, Span<char> compact)
    {
        var count = 0;
        for (var at = start; at < text.Length; at++)
        {
            if (char.IsAsciiLetterOrDigit(text[at]))
            {
                compact[count++] = char.ToUpperInvariant(text[at]);
                if (count == compact.Length)
                {
                    return at + 1 == text.Length || !char.IsLetterOrDigit(text[at + 1]) ? at + 1 : 0;
                }
            }
            else if (text[at] is not (' ' or '-' or '\u00a0') || !char.IsAsciiLetterOrDigit(text[at - 1]))
            {
                return 0;
            }
        }

        return 0;
    }

    /// <summary>ISO 7064: the number with its first four characters moved to the end, letters as 10 to 35, leaves 1 when divided by 97.</summary>
    private static bool HasRightChecksum(ReadOnlySpan<char> iban)
    {
        var rest = 0;
        for (var at = 0; at < iban.Length; at++)
        {
            var letter = iban[(at + 4) % iban.Length];
            rest = char.IsAsciiDigit(letter) ? ((rest * 10) + letter - '0') % 97 : ((rest * 100) + letter - 'A' + 10) % 97;
        }

        return rest == 1;
    }
}
