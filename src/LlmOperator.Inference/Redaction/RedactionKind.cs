namespace LlmOperator.Inference.Redaction;

/// <summary>Kinds of data that are blotted out. The words are those of <c>spec.promptTrace.redact</c>.</summary>
public enum RedactionKind
{
    /// <summary>An e-mail address.</summary>
    Email,

    /// <summary>A telephone number, in a form people write one.</summary>
    Phone,

    /// <summary>A card number whose check digit is right.</summary>
    CreditCard,

    /// <summary>A bank account number whose check digits are right.</summary>
    Iban,

    /// <summary>An IPv4 or IPv6 address.</summary>
    IpAddress,

    /// <summary>Keys, tokens and passwords: known prefixes, bearer tokens, JSON web tokens, private keys, and values assigned to names such as password.</summary>
    ApiKey,

    /// <summary>The identity number of Turkey whose check digits are right.</summary>
    TurkishNationalId,

    /// <summary>A pattern of the user's.</summary>
    Custom,
}
