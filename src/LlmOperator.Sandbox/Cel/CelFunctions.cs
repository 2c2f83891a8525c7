using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Sandbox.Cel;

/// <summary>Finds the function a call means by its name and the types of its arguments.</summary>
internal static class CelFunctions
{
    /// <summary>Calls a function; the object of a method is its first argument.</summary>
    /// <exception cref="CelEvaluationException">There is no such function for these values, or it fails.</exception>
    public static object Call(string function, IReadOnlyList<object> args, CelBudget budget)
    {
        // Texts take time to go through.
        foreach (var arg in args)
        {
            if (arg is string text)
            {
                budget.Spend(text.Length / 10);
            }
        }

        if (function[0] is '_' or '!' or '-' or '@')
        {
            return CelOperators.Call(function, args);
        }

        return args switch
        {
            [string text, ..] when CelStrings.Call(function, text, args) is { } result => result,
            [CelList list, ..] when CelLists.Call(function, list, args) is { } result => result,
            [CelOptional optional, ..] when Optional(function, optional, args) is { } result => result,
            [TimeSpan or DateTimeOffset, ..] when CelTimes.Call(function, args) is { } result => result,
            [Quantity or Uri or System.Net.IPAddress or CelCidr or string, ..] when CelLibraries.Call(function, args) is { } result => result,
            _ => CelConversions.Call(function, args) ?? throw CelEvaluationException.NoOverload,
        };
    }

    private static object? Optional(string function, CelOptional optional, IReadOnlyList<object> args) => (function, args.Count) switch
    {
        ("hasValue", 1) => optional.Value is not null,
        ("value", 1) => optional.Value ?? throw new CelEvaluationException("optional.none() dereference"),
        ("orValue", 2) => optional.Value ?? args[1],
        ("or", 2) => optional.Value is null ? args[1] : optional,
        _ => null,
    };
}
