using LlmOperator.Inference.Redaction;

namespace LlmOperator.Inference.Tracing;

/// <summary>
/// Texts of spans and figures that say what was asked for, not what was said: names and ids, of which clients write most. A secret has no business there either, whatever is to be captured;
/// digits that may be a telephone number or an address are left, as names have such.
/// </summary>
/// <param name="patterns">Patterns of the user's.</param>
public sealed class NameRedactor(IReadOnlyList<string> patterns)
{
    private const int Longest = 256;

    private readonly Redactor _redactor = new([RedactionKind.ApiKey, RedactionKind.Email, RedactionKind.CreditCard, RedactionKind.Iban, RedactionKind.TurkishNationalId], patterns);

    /// <summary>The name as it may be told.</summary>
    public string Redact(string name)
    {
        var redacted = _redactor.Redact(name);
        return redacted.Length <= Longest ? redacted : redacted[..Longest];
    }
}
