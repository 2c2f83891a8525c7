using LlmOperator.Sandbox.Cel;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Admission;

/// <summary>An expression over a request that must hold for a webhook to be asked.</summary>
internal sealed class MatchCondition
{
    private static readonly Dictionary<string, CelType> Variables = new(StringComparer.Ordinal)
    {
        ["object"] = CelType.Dyn,
        ["oldObject"] = CelType.Dyn,
        ["request"] = CelType.Dyn,
    };

    private readonly CelProgram _program;

    private MatchCondition(CelProgram program) => _program = program;

    /// <summary>Compiles the expression of a stored, so valid, configuration.</summary>
    public static MatchCondition Compile(string expression) => new(CelProgram.Compile(expression, Variables));

    /// <summary>What is wrong with an expression, null when nothing.</summary>
    public static string? Fault(string expression)
    {
        try
        {
            return CelProgram.Compile(expression, Variables).Type.Kind is CelKind.Bool ? null : "must evaluate to bool";
        }
        catch (CelCompileException fault)
        {
            return $"compilation failed: {fault.Message}";
        }
    }

    /// <summary>Whether all conditions of a webhook hold. One that does not decides, whatever happens to the others.</summary>
    /// <param name="webhook">The webhook.</param>
    /// <param name="attributes">The write, its objects as the webhook is to see them.</param>
    /// <param name="shown">Version of the kind the webhook sees.</param>
    /// <exception cref="Server.StatusException">One has no value, and the webhook must not be left out.</exception>
    public static bool AllHold(Webhook webhook, AdmissionAttributes attributes, KindDefinition shown)
    {
        if (webhook.Conditions.Count == 0)
        {
            return true;
        }

        var request = AdmissionReview.Describe("", attributes, shown);
        request["dryRun"] = attributes.DryRun;
        request["options"] = attributes.Options?.DeepClone();
        var variables = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["object"] = CelValues.Of(attributes.Object, CelType.Dyn),
            ["oldObject"] = CelValues.Of(attributes.OldObject, CelType.Dyn),
            ["request"] = CelValues.Of(request, CelType.Dyn),
        };
        string? fault = null;
        foreach (var condition in webhook.Conditions)
        {
            try
            {
                if (condition._program.Evaluate(variables, new CelBudget(CelBudget.PerCall)) is not true)
                {
                    return false;
                }
            }
            catch (CelEvaluationException caught)
            {
                fault ??= $"expression '{condition._program.Source}' resulted in error: {caught.Message}";
            }
        }

        return fault is null || (webhook.IgnoresFailure ? false : throw Refusals.Forbidden(attributes.Kind.Name, attributes.Name, fault));
    }
}
