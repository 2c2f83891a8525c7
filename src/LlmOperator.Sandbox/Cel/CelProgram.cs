namespace LlmOperator.Sandbox.Cel;

/// <summary>A compiled expression.</summary>
internal sealed class CelProgram
{
    private readonly CelExpr _expr;

    private CelProgram(string source, CelExpr expr)
    {
        Source = source;
        _expr = expr;
    }

    /// <summary>The text.</summary>
    public string Source { get; }

    /// <summary>Type of the value.</summary>
    public CelType Type => _expr.Type;

    /// <summary>Compiles an expression.</summary>
    /// <param name="source">The text.</param>
    /// <param name="variables">Names it may use, and their types.</param>
    /// <exception cref="CelCompileException">It cannot be used; the message shows where and why.</exception>
    public static CelProgram Compile(string source, IReadOnlyDictionary<string, CelType> variables)
    {
        var issues = new CelIssues(source);
        try
        {
            var expr = CelParser.Parse(source);
            new CelChecker(variables, issues).Check(expr);
            if (!issues.Any)
            {
                CelLiterals.Check(expr, issues);
            }

            if (!issues.Any)
            {
                return new CelProgram(source, expr);
            }
        }
        catch (CelSyntaxException fault)
        {
            issues.Add(fault.Position, fault.Message);
        }

        throw new CelCompileException(issues.ToString());
    }

    /// <summary>Whether it uses a variable.</summary>
    public bool Uses(string variable) => CelTree.All(_expr).Any(node => node is IdentExpr ident && ident.Name == variable);

    /// <summary>What it can cost at most.</summary>
    /// <param name="root">Type of <c>self</c> and <c>oldSelf</c>, whose bounds limit what there is to go through.</param>
    public ulong EstimateCost(CelType root) => new CelCostEstimator(root).Estimate(_expr);

    /// <summary>Its value.</summary>
    /// <exception cref="CelEvaluationException">It has none.</exception>
    public object Evaluate(IReadOnlyDictionary<string, object> variables, CelBudget budget) => new CelEvaluator(variables, budget).Evaluate(_expr);
}

/// <summary>What evaluation may cost, and what is left of it.</summary>
internal sealed class CelBudget(long limit)
{
    /// <summary>Most one expression may cost when it runs.</summary>
    public const long PerCall = 1_000_000;

    private long _call = PerCall;

    /// <summary>What is left for all expressions together.</summary>
    public long Left { get; private set; } = limit;

    /// <summary>Begins an expression.</summary>
    public void Begin() => _call = PerCall;

    /// <summary>Charges for a step.</summary>
    /// <exception cref="CelEvaluationException">The expression costs too much.</exception>
    public void Spend(long cost)
    {
        Left -= cost;
        _call -= cost;
        if (_call < 0)
        {
            throw new CelEvaluationException("operation cancelled: actual cost limit exceeded") { IsFinal = true };
        }
    }
}
