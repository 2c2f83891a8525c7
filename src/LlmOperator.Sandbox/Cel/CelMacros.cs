namespace LlmOperator.Sandbox.Cel;

/// <summary>The macros: has, all, exists, exists_one, map, filter, optMap, optFlatMap.</summary>
internal static class CelMacros
{
    private static readonly HashSet<int> NoneOptional = [];

    /// <summary>What a call means: the expansion of a macro, or the call itself.</summary>
    public static CelExpr Expand(int position, string name, CelExpr? target, IReadOnlyList<CelExpr> args) => (name, target, args.Count) switch
    {
        ("has", null, 1) => Has(position, args[0]),
        ("all", not null, 2) => All(position, target, args),
        ("exists", not null, 2) => Exists(position, target, args),
        ("exists_one" or "existsOne", not null, 2) => ExistsOne(position, target, args),
        ("map", not null, 2) => Append(position, target, args, null, args[1]),
        ("map", not null, 3) => Append(position, target, args, args[1], args[2]),
        ("filter", not null, 2) => Append(position, target, args, args[1], args[0]),
        ("optMap", not null, 2) => WithValue(position, target, args, value => Call(position, "optional.of", value)),
        ("optFlatMap", not null, 2) => WithValue(position, target, args, value => value),
        _ => new CallExpr(position, name, target, args),
    };

    private static SelectExpr Has(int position, CelExpr argument) => argument is SelectExpr { TestOnly: false } select
        ? new SelectExpr(position, select.Operand, select.Field, testOnly: true)
        : throw new CelSyntaxException(position, "invalid argument to has() macro");

    private static ComprehensionExpr All(int position, CelExpr target, IReadOnlyList<CelExpr> args) => Fold(
        position, target, args, new ConstantExpr(position, true), Call(position, "@not_strictly_false", Accumulated(position)), Call(position, "_&&_", Accumulated(position), args[1]), Accumulated(position));

    private static ComprehensionExpr Exists(int position, CelExpr target, IReadOnlyList<CelExpr> args) => Fold(
        position, target, args, new ConstantExpr(position, false), Call(position, "@not_strictly_false", Call(position, "!_", Accumulated(position))), Call(position, "_||_", Accumulated(position), args[1]), Accumulated(position));

    private static ComprehensionExpr ExistsOne(int position, CelExpr target, IReadOnlyList<CelExpr> args)
    {
        var step = Call(position, "_?_:_", args[1], Call(position, "_+_", Accumulated(position), new ConstantExpr(position, 1L)), Accumulated(position));
        return Fold(position, target, args, new ConstantExpr(position, 0L), new ConstantExpr(position, true), step, Call(position, "_==_", Accumulated(position), new ConstantExpr(position, 1L)));
    }

    private static ComprehensionExpr Append(int position, CelExpr target, IReadOnlyList<CelExpr> args, CelExpr? filter, CelExpr element)
    {
        CelExpr step = Call(position, "_+_", Accumulated(position), new ListExpr(position, [element], NoneOptional));
        if (filter is not null)
        {
            step = Call(position, "_?_:_", filter, step, Accumulated(position));
        }

        return Fold(position, target, args, new ListExpr(position, [], NoneOptional), new ConstantExpr(position, true), step, Accumulated(position));
    }

    /// <summary>A fold over nothing, whose accumulator is the value: that binds a name.</summary>
    private static CallExpr WithValue(int position, CelExpr target, IReadOnlyList<CelExpr> args, Func<CelExpr, CelExpr> wrap)
    {
        var variable = Variable(args);
        var bound = new ComprehensionExpr(
            position, "@unused", new ListExpr(position, [], NoneOptional), variable, new CallExpr(position, "value", target), new ConstantExpr(position, false), new IdentExpr(position, variable), args[1]);
        return Call(position, "_?_:_", new CallExpr(position, "hasValue", target), wrap(bound), new CallExpr(position, "optional.none", null));
    }

    private static ComprehensionExpr Fold(int position, CelExpr target, IReadOnlyList<CelExpr> args, CelExpr init, CelExpr condition, CelExpr step, CelExpr result) =>
        new(position, Variable(args), target, ComprehensionExpr.Accumulator, init, condition, step, result);

    private static string Variable(IReadOnlyList<CelExpr> args) => args[0] is IdentExpr name
        ? name.Name
        : throw new CelSyntaxException(args[0].Position, "argument must be a simple name");

    private static IdentExpr Accumulated(int position) => new(position, ComprehensionExpr.Accumulator);

    private static CallExpr Call(int position, string function, params IReadOnlyList<CelExpr> args) => new(position, function, null, args);
}
