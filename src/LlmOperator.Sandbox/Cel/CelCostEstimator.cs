namespace LlmOperator.Sandbox.Cel;

/// <summary>Least and most.</summary>
/// <param name="Min">Least.</param>
/// <param name="Max">Most; the largest number when there is no bound.</param>
internal readonly record struct CelRange(ulong Min, ulong Max)
{
    /// <summary>No bound.</summary>
    public static CelRange Unknown { get; } = new(0, ulong.MaxValue);

    /// <summary>Exactly one number.</summary>
    public static CelRange Fixed(ulong number) => new(number, number);

    /// <summary>Sum; numbers too large stay the largest.</summary>
    public static CelRange operator +(CelRange a, CelRange b) => new(Sum(a.Min, b.Min), Sum(a.Max, b.Max));

    /// <summary>Product; numbers too large stay the largest.</summary>
    public static CelRange operator *(CelRange a, CelRange b) => new(Product(a.Min, b.Min), Product(a.Max, b.Max));

    /// <summary>Product with a factor, rounded up.</summary>
    public static CelRange operator *(CelRange a, double factor) => new(Scaled(a.Min, factor), Scaled(a.Max, factor));

    /// <summary>The range that holds both.</summary>
    public CelRange Union(CelRange other) => new(Math.Min(Min, other.Min), Math.Max(Max, other.Max));

    /// <summary>Product; too large stays the largest.</summary>
    public static ulong Product(ulong a, ulong b) => b != 0 && a > ulong.MaxValue / b ? ulong.MaxValue : a * b;

    /// <summary>Sum; too large stays the largest.</summary>
    public static ulong Sum(ulong a, ulong b) => a > ulong.MaxValue - b ? ulong.MaxValue : a + b;

    private static ulong Scaled(ulong number, double factor)
    {
        var scaled = Math.Ceiling(number * factor);
        return scaled >= 18446744073709551616d ? ulong.MaxValue : (ulong)scaled;
    }
}

/// <summary>
/// What an expression costs at most, in the units of the API server: one for a step, a tenth for each character gone through,
/// loops as often as their range can be long. Sizes come from the bounds of the schema.
/// </summary>
internal sealed class CelCostEstimator(CelType root)
{
    private readonly Dictionary<CelExpr, Place> _places = [];
    private readonly Dictionary<CelExpr, CelRange> _sizes = [];
    private readonly Dictionary<CelExpr, CelRange> _elementSizes = [];
    private readonly Dictionary<string, Stack<Variable>> _variables = new(StringComparer.Ordinal);

    /// <summary>The estimate.</summary>
    public ulong Estimate(CelExpr expr) => Cost(expr).Max;

    private CelRange Cost(CelExpr expr) => expr switch
    {
        ConstantExpr => default,
        IdentExpr ident => Ident(ident),
        SelectExpr select => Select(select),
        CallExpr call => Call(call),
        ListExpr list => List(list),
        MapExpr map => map.Entries.Aggregate(CelRange.Fixed(30), (sum, entry) => sum + Cost(entry.Key) + Cost(entry.Value)),
        _ => Fold((ComprehensionExpr)expr),
    };

    private CelRange Ident(IdentExpr ident)
    {
        _places[ident] = Find(ident.Name) is { } variable ? variable.Place : new Place(true, root);
        return CelRange.Fixed(1);
    }

    private CelRange Select(SelectExpr select)
    {
        var cost = Cost(select.Operand);
        if (select.TestOnly)
        {
            return cost;
        }

        var operand = PlaceOf(select.Operand);
        _places[select] = operand with { Type = operand.Type is { } type ? CelChecker.Field(type, select.Field)?.Type : null };
        return select.Operand.Type.Kind is CelKind.Map or CelKind.Object or CelKind.Optional ? cost + CelRange.Fixed(1) : cost;
    }

    private CelRange List(ListExpr list)
    {
        var cost = CelRange.Fixed(10);
        var size = list.Elements.Count == 0 ? default : new CelRange(ulong.MaxValue, 0);
        foreach (var element in list.Elements)
        {
            cost += Cost(element);
            size = size.Union(SizeOf(element) ?? CelRange.Unknown);
        }

        _elementSizes[list] = size;
        return cost;
    }

    private CelRange Call(CallExpr call)
    {
        if (call.Function == "dyn")
        {
            var argument = Cost(call.Args[0]);
            Remember(call, SizeOf(call.Args[0]));
            return argument + CelRange.Fixed(1);
        }

        var costs = call.Args.Select(Cost).ToList();
        var target = call.Target is null ? default : Cost(call.Target);
        var total = new CelRange(ulong.MaxValue, 0);
        CelRange? size = null;
        foreach (var overload in call.Overloads)
        {
            var (cost, result) = CelCallCost.Of(call, overload, costs, SizeOf, ElementSizeOf);
            total = total.Union(cost);
            size = result is { } known ? size?.Union(known) ?? known : size;
            if (call.Function is "_[_]" or "_[?_]")
            {
                var container = PlaceOf(call.Args[0]);
                _places[call] = container with { Type = container.Type is { Parameters.Count: > 0 } type ? type.Parameters[^1] : null };
                size = _elementSizes.TryGetValue(call.Args[0], out var element) ? element : size;
            }
        }

        Remember(call, size ?? SizeOf(call));
        return total.Min > total.Max ? target : target + total;
    }

    private CelRange Fold(ComprehensionExpr fold)
    {
        var cost = Cost(fold.Range) + Cost(fold.Init);
        Push(fold.AccumulatorName, new Variable(PlaceOf(fold.Init), SizeOf(fold.Init)));
        if (fold.Range is ListExpr { Elements.Count: 0 } && fold.Condition is ConstantExpr { Value: false })
        {
            // A bound name, not a loop.
            cost += Cost(fold.Result);
            _variables[fold.AccumulatorName].Pop();
            Remember(fold, SizeOf(fold.Result));
            return cost;
        }

        // Elements of what is not declared anywhere are looked up at the root, as the API server does.
        var range = PlaceOf(fold.Range);
        var element = range.IsKnown
            ? range with { Type = range.Type is { Parameters.Count: > 0 } type ? type.Parameters[0] : null }
            : new Place(true, root);
        Push(fold.Variable, new Variable(element, _elementSizes.TryGetValue(fold.Range, out var known) ? known : null));
        var loop = Cost(fold.Condition) + Cost(fold.Step);
        _variables[fold.Variable].Pop();
        cost += Cost(fold.Result);
        _variables[fold.AccumulatorName].Pop();
        var count = SizeOf(fold.Range) ?? CelRange.Unknown;
        cost += count * loop;
        switch (fold.Init)
        {
            case ConstantExpr:
                Remember(fold, SizeOf(fold.Init));
                break;
            case ListExpr:
                Remember(fold, count);
                break;
        }

        return cost;
    }

    private CelRange? SizeOf(CelExpr expr)
    {
        if (_sizes.TryGetValue(expr, out var size))
        {
            return size;
        }

        switch (expr)
        {
            case ConstantExpr { Value: string text }:
                return CelRange.Fixed((ulong)CelStrings.Length(text));
            case ConstantExpr { Value: CelBytes bytes }:
                return CelRange.Fixed((ulong)bytes.Value.Length);
            case ConstantExpr:
                return CelRange.Fixed(1);
            case ListExpr list:
                return CelRange.Fixed((ulong)list.Elements.Count);
            case MapExpr map:
                return CelRange.Fixed((ulong)map.Entries.Count);
        }

        if (PlaceOf(expr) is { IsKnown: true, Type: { } type })
        {
            return new CelRange(0, type.MaxElements);
        }

        return IsScalar(expr.Type) ? CelRange.Fixed(1)
            : expr is IdentExpr ident && Find(ident.Name) is { Size: { } bound } ? bound
            : null;
    }

    /// <summary>Size of the elements of a list, for functions that go through them.</summary>
    private CelRange ElementSizeOf(CelExpr list) =>
        PlaceOf(list) is { IsKnown: true, Type: { Parameters.Count: > 0 } type } ? new CelRange(0, type.Parameters[0].MaxElements) : CelRange.Unknown;

    private Place PlaceOf(CelExpr expr) => _places.GetValueOrDefault(expr);

    private Variable? Find(string name) => _variables.TryGetValue(name, out var stack) && stack.Count > 0 ? stack.Peek() : null;

    private void Push(string name, Variable variable)
    {
        if (!_variables.TryGetValue(name, out var stack))
        {
            _variables[name] = stack = new Stack<Variable>();
        }

        stack.Push(variable);
    }

    private void Remember(CelExpr expr, CelRange? size)
    {
        if (size is { } known)
        {
            _sizes[expr] = known;
        }
    }

    private static bool IsScalar(CelType type) => type.Kind switch
    {
        CelKind.Bool or CelKind.Double or CelKind.Duration or CelKind.Int or CelKind.Timestamp or CelKind.Uint => true,
        CelKind.Optional => IsScalar(type.Parameters[0]),
        _ => false,
    };

    /// <summary>Where in the schema a value comes from.</summary>
    private readonly record struct Place(bool IsKnown, CelType? Type);

    private sealed record Variable(Place Place, CelRange? Size);
}
