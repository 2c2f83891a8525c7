namespace LlmOperator.Sandbox.Cel;

/// <summary>What one call costs at most, and how large its result can be.</summary>
internal static class CelCallCost
{
    private const double Character = 0.1;
    private const double PatternCharacter = 0.25;

    /// <summary>Cost of a call, its arguments included but not the object of a method.</summary>
    /// <param name="call">The call.</param>
    /// <param name="overload">Declaration it falls under.</param>
    /// <param name="costs">Costs of the arguments.</param>
    /// <param name="sizeOf">Size of a value, null when unknown.</param>
    /// <param name="elementSizeOf">Size of the elements of a list.</param>
    public static (CelRange Cost, CelRange? Size) Of(
        CallExpr call, CelOverload overload, IReadOnlyList<CelRange> costs, Func<CelExpr, CelRange?> sizeOf, Func<CelExpr, CelRange> elementSizeOf)
    {
        var arguments = costs.Aggregate(default(CelRange), (sum, cost) => sum + cost);
        var operands = call.Target is null ? call.Args : [call.Target, .. call.Args];
        CelRange Size(int index) => sizeOf(operands[index]) ?? CelRange.Unknown;
        (CelRange, CelRange?) Costs(CelRange cost, CelRange? size = null) => (cost + arguments, size);

        switch (call.Function)
        {
            case "_&&_" or "_||_":
                return (new CelRange(costs[0].Min, (costs[0] + costs[1]).Max), null);
            case "_?_:_":
                return (costs[0] + costs[1].Union(costs[2]), Size(1).Union(Size(2)));
            case "isSorted" or "sum" or "max" or "min" or "indexOf" or "lastIndexOf" when overload.IsMember:
                if (overload.Args[0].Kind != CelKind.List)
                {
                    return Costs(Size(0) * Character);
                }

                var each = CelRange.Fixed(1);
                if (operands[0].Type.Parameters is [{ Kind: CelKind.String or CelKind.Bytes }])
                {
                    each += elementSizeOf(operands[0]) * Character;
                }

                return Costs(Size(0) * each);
            case "url":
                return Costs(Size(0) * Character);
            case "lowerAscii" or "upperAscii" or "substring" or "trim":
                return Costs(Size(0) * Character, Size(0));
            case "replace":
                return Costs(Size(0) * (2 * Character), Replaced(Size(0), Size(1), Size(2)));
            case "split":
                return Costs(Size(0) * (2 * Character), new CelRange(0, call.Args is [_, ConstantExpr { Value: long parts and >= 0 }] ? (ulong)parts : Size(0).Max));
            case "join":
                var joined = Size(0) * elementSizeOf(operands[0]);
                if (call.Args.Count > 0)
                {
                    joined += Size(1) * new CelRange(Size(0).Min > 0 ? Size(0).Min - 1 : 0, Size(0).Max > 0 ? Size(0).Max - 1 : 0);
                }

                return Costs(joined * Character, joined);
            case "find" or "findAll":
                return Costs(((Size(0) + CelRange.Fixed(1)) * Character) * (Size(1) * PatternCharacter), new CelRange(0, Size(0).Max));
            case "matches":
                return Costs(((Size(0) + CelRange.Fixed(1)) * Character) * (Size(1) * PatternCharacter));
            case "format":
                return Costs(Size(0) * Character, Size(0) + Size(1));
            case "startsWith" or "endsWith":
                return Costs(Size(1) * Character);
            case "contains" when overload.IsMember:
                return Costs((Size(0) * Character) * (Size(1) * Character));
            case "@in" when overload.Args[1].Kind == CelKind.List:
                return Costs(Size(1));
            case "string" when overload.Args[0].Kind == CelKind.Bytes:
                return Costs(Size(0) * Character, new CelRange(Size(0).Min / 4, Size(0).Max));
            case "bytes" when overload.Args[0].Kind == CelKind.String:
                return Costs(Size(0) * Character, new CelRange(Size(0).Min, CelRange.Product(Size(0).Max, 4)));
            case "_+_" when overload.Args[0].Kind == CelKind.List:
                return Costs(CelRange.Fixed(1), Size(0) + Size(1));
            case "_+_" when overload.Args[0].Kind is CelKind.String or CelKind.Bytes:
                return Costs((Size(0) + Size(1)) * Character, Size(0) + Size(1));
            case "_==_" or "_!=_":
            case "_<_" or "_<=_" or "_>_" or "_>=_" when overload.Args[0].Kind is CelKind.String or CelKind.Bytes:
                var most = Math.Min(Size(0).Max, Size(1).Max);
                return Costs(new CelRange(most > 0 ? 1u : 0, most) * Character);
            default:
                return Costs(CelRange.Fixed(1));
        }
    }

    /// <summary>Most and least that can be left after replacing the smallest parts by the largest, and the other way round.</summary>
    private static CelRange Replaced(CelRange text, CelRange old, CelRange replacement)
    {
        var most = old.Min == 0 ? CelRange.Sum(CelRange.Product(CelRange.Sum(text.Max, 1), replacement.Max), text.Max)
            : replacement.Max <= old.Min ? text.Max
            : CelRange.Product((ulong)Math.Min(Math.Ceiling((double)text.Max / old.Min), 18446744073709549568d), replacement.Max);
        var least = old.Max == 0 ? CelRange.Sum(CelRange.Product(CelRange.Sum(text.Min, 1), replacement.Min), text.Min)
            : old.Max <= replacement.Min ? text.Min
            : CelRange.Product((ulong)Math.Ceiling((double)text.Min / old.Max), replacement.Min);
        return new CelRange(least, most);
    }
}
