using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Cel;

/// <summary>One rule of a schema, compiled.</summary>
internal sealed class CelRule
{
    private const int MaxMessage = 5 * 1024;

    private readonly string _shown;
    private readonly string _message;
    private readonly string _reason;
    private readonly CelProgram? _messageProgram;

    private CelRule(JsonObject rule, CelProgram program, CelProgram? messageProgram, string? fieldPath)
    {
        Program = program;
        _messageProgram = messageProgram;
        FieldPath = fieldPath;
        OptionalOldSelf = rule.Flag("optionalOldSelf") == true;
        var text = (rule.Text("rule") ?? "").Trim();
        var message = rule.Text("message") ?? "";
        _shown = message.Length > 0 ? message.Trim() : text;
        _message = message.Length > 0 ? message.Trim() : $"failed rule: {text}";
        _reason = rule.Text("reason") ?? "FieldValueInvalid";
        UsesOldSelf = program.Uses(CelRules.OldSelf);
    }

    /// <summary>The expression.</summary>
    public CelProgram Program { get; }

    /// <summary>The expression that words its message; null when the message is fixed.</summary>
    public CelProgram? MessageProgram => _messageProgram;

    /// <summary>The field a breach is reported at, below the one the rule stands at.</summary>
    public string? FieldPath { get; }

    /// <summary>Whether it compares with the state before.</summary>
    public bool UsesOldSelf { get; }

    /// <summary>Whether it also runs when there is no state before.</summary>
    public bool OptionalOldSelf { get; }

    /// <summary>Compiles a rule.</summary>
    /// <param name="rule">An entry of <c>x-kubernetes-validations</c>.</param>
    /// <param name="schema">The schema it stands at.</param>
    /// <param name="self">Type of that schema's values.</param>
    /// <exception cref="CelRuleException">It cannot be used.</exception>
    public static CelRule Compile(JsonObject rule, Schema schema, CelType self)
    {
        var variables = new Dictionary<string, CelType>(StringComparer.Ordinal)
        {
            [CelRules.Self] = self,
            [CelRules.OldSelf] = rule.Flag("optionalOldSelf") == true ? CelType.OptionalOf(self) : self,
        };
        var program = Compile(rule.Text("rule") ?? "", variables, "rule", "compilation failed: ");
        if (program.Type.Kind != CelKind.Bool)
        {
            throw new CelRuleException("rule", "cel expression must evaluate to a bool");
        }

        CelProgram? message = null;
        if (rule.Text("messageExpression") is { Length: > 0 } expression)
        {
            message = Compile(expression, variables, "messageExpression", "messageExpression compilation failed: ");
            if (message.Type.Kind != CelKind.String)
            {
                throw new CelRuleException("messageExpression", "messageExpression must evaluate to a string");
            }
        }

        var fieldPath = rule.Text("fieldPath") is { Length: > 0 } path ? CelFieldPath.Read(path.Trim(), schema) : null;
        return new CelRule(rule, program, message, fieldPath);
    }

    /// <summary>Evaluates the rule; null when it holds.</summary>
    /// <param name="variables"><c>self</c> and, when there is one, <c>oldSelf</c>.</param>
    /// <param name="path">Where the value is.</param>
    /// <param name="type">Type of the value as errors show it.</param>
    /// <param name="budget">What evaluation may cost.</param>
    public FieldError? Evaluate(IReadOnlyDictionary<string, object> variables, string path, string type, CelBudget budget)
    {
        budget.Begin();
        var shown = JsonScalars.Quote(type);
        try
        {
            if (Program.Evaluate(variables, budget) is true)
            {
                return null;
            }
        }
        catch (CelEvaluationException fault)
        {
            return new("FieldValueInvalid", path, $"Invalid value: {shown}: {Explain(fault.Message)}");
        }

        var at = FieldPath is null ? path : path == CelRules.NoPath ? FieldPath : $"{path}.{FieldPath}";
        var message = Worded(variables, budget) ?? _message;
        return _reason switch
        {
            "FieldValueForbidden" => new(_reason, at, $"Forbidden: {message}"),
            "FieldValueRequired" => new(_reason, at, $"Required value: {message}"),
            "FieldValueDuplicate" => new(_reason, at, $"Duplicate value: {shown}"),
            _ => new("FieldValueInvalid", at, $"Invalid value: {shown}: {message}"),
        };
    }

    private static CelProgram Compile(string source, Dictionary<string, CelType> variables, string field, string prefix)
    {
        try
        {
            return CelProgram.Compile(source, variables);
        }
        catch (CelCompileException fault)
        {
            throw new CelRuleException(field, prefix + fault.Message);
        }
    }

    private string Explain(string fault) =>
        fault.StartsWith("no such overload", StringComparison.Ordinal) ? $"'{fault}': call arguments did not match a supported operator, function or macro signature for rule: {_shown}"
        : fault.StartsWith("operation cancelled", StringComparison.Ordinal) ? $"'{fault}': no further validation rules will be run due to call cost exceeds limit for rule: {_shown}"
        : $"{fault} evaluating rule: {_shown}";

    /// <summary>A message that cannot be made, or is none, gives way to the fixed one.</summary>
    private string? Worded(IReadOnlyDictionary<string, object> variables, CelBudget budget)
    {
        if (_messageProgram is null)
        {
            return null;
        }

        try
        {
            var text = _messageProgram.Evaluate(variables, budget) is string made ? made.Trim() : "";
            return text.Length is > 0 and <= MaxMessage && !text.Contains('\n', StringComparison.Ordinal) ? text : null;
        }
        catch (CelEvaluationException)
        {
            return null;
        }
    }
}

/// <summary>A rule cannot be compiled.</summary>
/// <param name="part">Field of the rule that is wrong.</param>
/// <param name="message">Why.</param>
internal sealed class CelRuleException(string part, string message) : Exception(message)
{
    /// <summary>rule, messageExpression or fieldPath.</summary>
    public string Field => part;
}
