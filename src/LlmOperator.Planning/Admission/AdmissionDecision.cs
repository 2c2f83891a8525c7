namespace LlmOperator.Planning.Admission;

/// <summary>A field at fault, in the form in which the API server itself lists them.</summary>
/// <param name="Reason">FieldValueInvalid, FieldValueNotSupported, FieldValueForbidden or FieldValueRequired.</param>
/// <param name="Field">Path of the field.</param>
/// <param name="Message">What is wrong: the kind of fault, the value, and the rule with what to change.</param>
public sealed record FieldError(string Reason, string Field, string Message)
{
    /// <summary>A field that must be there.</summary>
    public static FieldError Required(string field, string rule) => new("FieldValueRequired", field, $"Required value: {rule}");

    /// <summary>A value that breaks a rule.</summary>
    public static FieldError Invalid(string field, string value, string rule) => new("FieldValueInvalid", field, $"Invalid value: {value}: {rule}");

    /// <summary>Something that must not be in a field.</summary>
    public static FieldError Forbidden(string field, string rule) => new("FieldValueForbidden", field, $"Forbidden: {rule}");

    /// <summary>A field that cannot be read.</summary>
    public static FieldError Unreadable(string field, string fault) => new("FieldValueInvalid", field, $"Invalid value: {fault}");

    /// <inheritdoc/>
    public override string ToString() => $"{Field}: {Message}";
}

/// <summary>Whether a change may be stored.</summary>
/// <param name="Errors">All that is wrong; the change is refused when there is any.</param>
/// <param name="Warnings">What whoever makes the change should know.</param>
public sealed record AdmissionDecision(IReadOnlyList<FieldError> Errors, IReadOnlyList<string> Warnings)
{
    /// <summary>Nothing to say.</summary>
    public static AdmissionDecision Allowed { get; } = new([], []);
}
