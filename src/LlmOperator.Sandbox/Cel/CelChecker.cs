namespace LlmOperator.Sandbox.Cel;

/// <summary>Gives every node its type, and reports names, fields and operations that do not exist.</summary>
internal sealed class CelChecker(IReadOnlyDictionary<string, CelType> variables, CelIssues issues)
{
    private readonly Dictionary<string, Stack<CelType>> _scope = new(StringComparer.Ordinal);

    /// <summary>Checks an expression.</summary>
    public CelType Check(CelExpr expr)
    {
        expr.Type = expr switch
        {
            ConstantExpr constant => CelValues.TypeOf(constant.Value),
            IdentExpr ident => Ident(ident),
            SelectExpr select => Select(select),
            CallExpr call => Call(call),
            ListExpr list => List(list),
            MapExpr map => Map(map),
            ComprehensionExpr fold => Fold(fold),
            _ => CelType.Error,
        };
        return expr.Type;
    }

    private CelType Ident(IdentExpr ident)
    {
        if (Find(ident.Name) is { } type)
        {
            return type;
        }

        if (CelDeclarations.TypeNames.TryGetValue(ident.Name, out var named))
        {
            return CelType.TypeOf(named);
        }

        issues.Add(ident.Position, $"undeclared reference to '{ident.Name}' (in container '')");
        return CelType.Error;
    }

    private CelType? Find(string name) =>
        _scope.TryGetValue(name, out var stack) && stack.Count > 0 ? stack.Peek() : variables.GetValueOrDefault(name);

    private CelType Select(SelectExpr select)
    {
        // Qualified names of types are written like fields.
        if (QualifiedName(select) is "google.protobuf.Timestamp" or "google.protobuf.Duration" or "kubernetes.Quantity" or "kubernetes.URL" or "net.IP" or "net.CIDR")
        {
            return CelType.TypeOf(CelType.Dyn);
        }

        var operand = Check(select.Operand);
        var chained = operand.Kind == CelKind.Optional;
        if (chained)
        {
            operand = operand.Parameters[0];
        }

        var result = FieldOf(operand, select);
        return select.TestOnly ? CelType.Bool
            : (select.Optional || chained) && result.Kind != CelKind.Error ? CelType.OptionalOf(result)
            : result;
    }

    private CelType FieldOf(CelType operand, SelectExpr select)
    {
        switch (operand.Kind)
        {
            case CelKind.Dyn or CelKind.Error:
                return CelType.Dyn;
            case CelKind.Map:
                return operand.Parameters[1];
            case CelKind.Object when Field(operand, select.Field) is { } field:
                return field.Type;
            case CelKind.Object:
                issues.Add(select.Position, $"undefined field '{select.Field}'");
                return CelType.Error;
            default:
                issues.Add(select.Position, $"type '{operand}' does not support field selection");
                return CelType.Error;
        }
    }

    /// <summary>A field; words of the language may be written without their escape.</summary>
    public static CelField? Field(CelType type, string name) =>
        type.Fields.GetValueOrDefault(name) ?? (CelNames.IsWord(name) ? type.Fields.GetValueOrDefault($"__{name}__") : null);

    private CelType Call(CallExpr call)
    {
        foreach (var arg in call.Args)
        {
            Check(arg);
        }

        if (call.Target is { } target)
        {
            if (QualifiedName(target) is { } qualifier && Find(qualifier) is null && CelDeclarations.Of($"{qualifier}.{call.Function}").Any())
            {
                call.Function = $"{qualifier}.{call.Function}";
                call.Target = null;
            }
            else
            {
                Check(target);
            }
        }

        var declared = CelDeclarations.Of(call.Function).ToList();
        if (declared.Count == 0)
        {
            issues.Add(call.Position, $"undeclared reference to '{call.Function}' (in container '')");
            return CelType.Error;
        }

        return Resolve(call, declared);
    }

    private CelType Resolve(CallExpr call, List<CelOverload> declared)
    {
        var types = (call.Target is null ? call.Args : [call.Target, .. call.Args]).Select(arg => arg.Type).ToList();
        if (call.Function is "_[_]" or "_[?_]" && types[0].Kind == CelKind.Optional)
        {
            return OptionalIndex(call, declared, types);
        }

        CelType? result = null;
        var fitting = new List<CelOverload>();
        foreach (var overload in declared)
        {
            var unifier = new CelUnifier();
            if (overload.IsMember != call.Target is not null || overload.Args.Count != types.Count || !overload.Args.Zip(types).All(pair => unifier.Fits(pair.First, pair.Second)))
            {
                continue;
            }

            fitting.Add(overload);
            var type = unifier.Resolve(overload.Result);
            result = result is null || result.ToString() == type.ToString() ? result ?? type : CelType.Dyn;
        }

        if (result is null)
        {
            var shown = call.Target is null ? $"({string.Join(", ", types)})" : $"{types[0]}.({string.Join(", ", types.Skip(1))})";
            issues.Add(call.Position, $"found no matching overload for '{call.Function}' applied to '{shown}'");
            return CelType.Error;
        }

        call.Overloads = fitting;
        return result;
    }

    /// <summary>An index into a value that may be absent gives one that may be absent.</summary>
    private CelType OptionalIndex(CallExpr call, List<CelOverload> declared, List<CelType> types)
    {
        var unwrapped = new CallExpr(call.Position, "_[?_]", null, new ConstantExpr(call.Position, CelNull.Value) { Type = types[0].Parameters[0] }, call.Args[1]);
        var result = Resolve(unwrapped, [.. CelDeclarations.Of("_[?_]")]);
        call.Overloads = unwrapped.Overloads.Count > 0 ? unwrapped.Overloads : declared;
        return result;
    }

    private CelType List(ListExpr list)
    {
        CelType? joined = null;
        for (var index = 0; index < list.Elements.Count; index++)
        {
            var type = Check(list.Elements[index]);
            if (list.Optional.Contains(index) && type.Kind == CelKind.Optional)
            {
                type = type.Parameters[0];
            }

            joined = Join(list.Elements[index].Position, joined, type);
        }

        return CelType.ListOf(joined ?? CelType.Dyn);
    }

    private CelType Map(MapExpr map)
    {
        CelType? keys = null, values = null;
        foreach (var (key, value, optional) in map.Entries)
        {
            keys = Join(key.Position, keys, Check(key));
            var type = Check(value);
            values = Join(value.Position, values, optional && type.Kind == CelKind.Optional ? type.Parameters[0] : type);
        }

        return CelType.MapOf(keys ?? CelType.Dyn, values ?? CelType.Dyn);
    }

    /// <summary>The elements of a literal are of one type.</summary>
    private CelType Join(int position, CelType? joined, CelType type)
    {
        if (joined is null || new CelUnifier().Fits(joined, type))
        {
            return joined is null || joined.Kind == CelKind.Null ? type : joined;
        }

        issues.Add(position, $"expected type '{joined}' but found '{type}'");
        return joined;
    }

    private CelType Fold(ComprehensionExpr fold)
    {
        var range = Check(fold.Range);
        var element = range.Kind switch
        {
            CelKind.List or CelKind.Map => range.Parameters[0],
            CelKind.Dyn or CelKind.Error => CelType.Dyn,
            _ => null,
        };
        if (element is null)
        {
            issues.Add(fold.Range.Position, $"expression of type '{range}' cannot be range of a comprehension (must be list, map, or dynamic)");
        }

        var accumulator = Check(fold.Init);
        Push(fold.AccumulatorName, accumulator);
        Push(fold.Variable, element ?? CelType.Error);
        Require(fold.Condition, CelType.Bool);
        Require(fold.Step, accumulator);
        _scope[fold.Variable].Pop();
        if (fold.Init is ListExpr { Elements.Count: 0 } && Appended(fold.Step) is { } appended)
        {
            // The empty list it begins with says nothing of the elements; what is appended does.
            _scope[fold.AccumulatorName].Pop();
            Push(fold.AccumulatorName, CelType.ListOf(appended));
        }

        var result = Check(fold.Result);
        _scope[fold.AccumulatorName].Pop();
        return result;
    }

    private static CelType? Appended(CelExpr step) => step switch
    {
        CallExpr { Function: "_+_", Args: [_, ListExpr { Elements: [var element] }] } => element.Type,
        CallExpr { Function: "_?_:_", Args: [_, var inner, _] } => Appended(inner),
        _ => null,
    };

    private void Require(CelExpr expr, CelType type)
    {
        if (!new CelUnifier().Fits(type, Check(expr)))
        {
            issues.Add(expr.Position, $"expected type '{type}' but found '{expr.Type}'");
        }
    }

    private void Push(string name, CelType type)
    {
        if (!_scope.TryGetValue(name, out var stack))
        {
            _scope[name] = stack = new Stack<CelType>();
        }

        stack.Push(type);
    }

    /// <summary>The dotted name an expression may be, null when it is none.</summary>
    public static string? QualifiedName(CelExpr expr) => expr switch
    {
        IdentExpr ident => ident.Name,
        SelectExpr { TestOnly: false, Optional: false } select when QualifiedName(select.Operand) is { } qualifier => $"{qualifier}.{select.Field}",
        _ => null,
    };
}
