using LlmOperator.Planning.Admission;

namespace LlmOperator.Planning.Endpoints;

/// <summary>Why a spec cannot be followed as it stands: a word, and what to change. Conditions and admission say the same.</summary>
internal sealed record SpecProblem(string Reason, string Message)
{
    /// <summary>Field at fault.</summary>
    public string Field { get; init; } = "spec";

    /// <summary>Its value as JSON; null for a field that must not be there, or whose value says nothing.</summary>
    public string? Value { get; init; }

    /// <summary>Whether the value is one of a list of which another must be taken.</summary>
    public bool IsChoice { get; init; }

    /// <summary>The problem as the API server would list it.</summary>
    public FieldError ToFieldError() => Value is null
        ? new("FieldValueForbidden", Field, $"Forbidden: {Message}")
        : IsChoice
            ? new("FieldValueNotSupported", Field, $"Unsupported value: {Value}: {Message}")
            : new("FieldValueInvalid", Field, $"Invalid value: {Value}: {Message}");
}
