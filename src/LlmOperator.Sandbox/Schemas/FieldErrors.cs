namespace LlmOperator.Sandbox.Schemas;

/// <summary>One cause in an Invalid answer.</summary>
/// <param name="Reason">FieldValueRequired, FieldValueInvalid, FieldValueForbidden, FieldValueNotSupported, FieldValueDuplicate, FieldValueTypeInvalid …</param>
/// <param name="Field">Path such as <c>spec.ports[0].port</c>.</param>
/// <param name="Message">Text after the path, as the API server words it (<c>Invalid value: 0: must be …</c>).</param>
internal readonly record struct FieldError(string Reason, string Field, string Message);

/// <summary>Collects the causes of an Invalid answer in the words of the real API server.</summary>
internal sealed class FieldErrors
{
    private readonly List<FieldError> _errors = [];

    /// <summary>What was found, in order.</summary>
    public IReadOnlyList<FieldError> All => _errors;

    /// <summary>Whether anything was found.</summary>
    public bool Any => _errors.Count > 0;

    /// <summary>Adds a cause with its full text.</summary>
    public void Add(string reason, string field, string message) => _errors.Add(new(reason, field, message));

    /// <summary>A field that must be there.</summary>
    public void Required(string field, string detail = "") =>
        Add("FieldValueRequired", field, detail.Length == 0 ? "Required value" : $"Required value: {detail}");

    /// <summary>A value that breaks a rule.</summary>
    public void Invalid(string field, string value, string detail) => Add("FieldValueInvalid", field, $"Invalid value: {value}: {detail}");

    /// <summary>A field that may not be set or changed here.</summary>
    public void Forbidden(string field, string detail) => Add("FieldValueForbidden", field, $"Forbidden: {detail}");

    /// <summary>A value outside an enumeration.</summary>
    public void NotSupported(string field, string value, IEnumerable<string> supported) =>
        Add("FieldValueNotSupported", field, $"Unsupported value: {value}: supported values: {string.Join(", ", supported.Select(s => $"\"{s}\""))}");

    /// <summary>A value that occurs twice where it must not.</summary>
    public void Duplicate(string field, string value) => Add("FieldValueDuplicate", field, $"Duplicate value: {value}");
}
