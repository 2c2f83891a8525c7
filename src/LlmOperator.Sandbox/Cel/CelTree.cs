using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Cel;

/// <summary>Walks an expression.</summary>
internal static class CelTree
{
    /// <summary>A node and all below it.</summary>
    public static IEnumerable<CelExpr> All(CelExpr expr)
    {
        yield return expr;
        foreach (var child in Children(expr))
        {
            foreach (var node in All(child))
            {
                yield return node;
            }
        }
    }

    private static IEnumerable<CelExpr> Children(CelExpr expr) => expr switch
    {
        SelectExpr select => [select.Operand],
        CallExpr call => call.Target is null ? call.Args : [call.Target, .. call.Args],
        ListExpr list => list.Elements,
        MapExpr map => map.Entries.SelectMany(entry => (CelExpr[])[entry.Key, entry.Value]),
        ComprehensionExpr fold => [fold.Range, fold.Init, fold.Condition, fold.Step, fold.Result],
        _ => [],
    };
}

/// <summary>Literals that a function would refuse are refused when compiling: durations, timestamps, patterns.</summary>
internal static class CelLiterals
{
    /// <summary>Reports them.</summary>
    public static void Check(CelExpr expr, CelIssues issues)
    {
        foreach (var call in CelTree.All(expr).OfType<CallExpr>())
        {
            if (call.Args.Count == 0 || call.Args[^1] is not ConstantExpr { Value: string text } literal)
            {
                continue;
            }

            try
            {
                switch (call.Function)
                {
                    case "duration":
                        CelTime.ParseDuration(text);
                        break;
                    case "timestamp":
                        CelTime.ParseTimestamp(text);
                        break;
                    case "matches" when !Patterns.IsValid(text):
                        issues.Add(literal.Position, "invalid matches argument");
                        break;
                }
            }
            catch (CelEvaluationException)
            {
                issues.Add(literal.Position, $"invalid {call.Function} argument");
            }
        }
    }
}
