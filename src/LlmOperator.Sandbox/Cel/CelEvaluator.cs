namespace LlmOperator.Sandbox.Cel;

/// <summary>Evaluates an expression. Errors are exceptions, which and, or and the folds made of them absorb where the other side decides.</summary>
internal sealed class CelEvaluator(IReadOnlyDictionary<string, object> variables, CelBudget budget)
{
    private readonly Dictionary<string, Stack<object>> _scope = new(StringComparer.Ordinal);

    /// <summary>The value of a node.</summary>
    /// <exception cref="CelEvaluationException">It has none.</exception>
    public object Evaluate(CelExpr expr)
    {
        switch (expr)
        {
            case ConstantExpr constant:
                return constant.Value;
            case IdentExpr ident:
                budget.Spend(1);
                return Ident(ident);
            case SelectExpr select:
                budget.Spend(1);
                return Select(select);
            case CallExpr call:
                budget.Spend(1);
                return Call(call);
            case ListExpr list:
                budget.Spend(10);
                return List(list);
            case MapExpr map:
                budget.Spend(30);
                return Map(map);
            default:
                return Fold((ComprehensionExpr)expr);
        }
    }

    private object Ident(IdentExpr ident)
    {
        if (_scope.TryGetValue(ident.Name, out var stack) && stack.Count > 0)
        {
            return stack.Peek();
        }

        return variables.TryGetValue(ident.Name, out var value) ? value
            : CelDeclarations.TypeNames.TryGetValue(ident.Name, out var type) ? new CelTypeValue(ident.Name)
            : throw new CelEvaluationException($"no such attribute(s): {ident.Name}");
    }

    private object Select(SelectExpr select)
    {
        if (select.Type.Kind == CelKind.Type)
        {
            return new CelTypeValue(CelChecker.QualifiedName(select)!);
        }

        var operand = Evaluate(select.Operand);
        var optional = select.Optional;
        if (operand is CelOptional wrapped)
        {
            optional = true;
            if (wrapped.Value is not { } inner)
            {
                return select.TestOnly ? false : CelOptional.None;
            }

            operand = inner;
        }

        var value = operand switch
        {
            CelObject obj => obj.Get(select.Field),
            CelMap map => map.Entries.GetValueOrDefault(select.Field),
            _ => throw CelEvaluationException.NoOverload,
        };
        return select.TestOnly ? value is not null
            : optional ? new CelOptional(value)
            : value ?? throw new CelEvaluationException($"no such key: {select.Field}");
    }

    private object Call(CallExpr call)
    {
        switch (call.Function)
        {
            case "_&&_":
                return Logic(call, decides: false);
            case "_||_":
                return Logic(call, decides: true);
            case "!_" when Evaluate(call.Args[0]) is Failure failure:
                throw new CelEvaluationException(failure.Message);
            case "_?_:_":
                return Evaluate(call.Args[0]) is bool condition ? Evaluate(call.Args[condition ? 1 : 2]) : throw CelEvaluationException.NoOverload;
            case "@not_strictly_false":
                try
                {
                    return Evaluate(call.Args[0]) is not false;
                }
                catch (CelEvaluationException fault) when (!fault.IsFinal)
                {
                    return true;
                }

            // The list a fold builds belongs to it alone, and grows in place.
            case "_+_" when call.Args[0] is IdentExpr { Name: ComprehensionExpr.Accumulator } && Evaluate(call.Args[0]) is CelList { Items: Builder builder } list:
                builder.Add(Evaluate(((ListExpr)call.Args[1]).Elements[0]));
                return list;
            default:
                var args = new List<object>(call.Args.Count + 1);
                if (call.Target is not null)
                {
                    args.Add(Evaluate(call.Target));
                }

                foreach (var arg in call.Args)
                {
                    args.Add(Evaluate(arg));
                }

                return CelFunctions.Call(call.Function, args, budget);
        }
    }

    /// <summary>The side that decides does so even when the other has no value.</summary>
    private bool Logic(CallExpr call, bool decides)
    {
        CelEvaluationException? fault = null;
        foreach (var arg in call.Args)
        {
            try
            {
                var side = Evaluate(arg);
                if (side is Failure failure)
                {
                    fault ??= new CelEvaluationException(failure.Message);
                }
                else if (side is not bool value)
                {
                    fault ??= CelEvaluationException.NoOverload;
                }
                else if (value == decides)
                {
                    return decides;
                }
            }
            catch (CelEvaluationException caught) when (!caught.IsFinal)
            {
                fault ??= caught;
            }
        }

        return fault is null ? !decides : throw new CelEvaluationException(fault.Message);
    }

    private CelList List(ListExpr list)
    {
        var items = new List<object>(list.Elements.Count);
        for (var index = 0; index < list.Elements.Count; index++)
        {
            var value = Evaluate(list.Elements[index]);
            if (!list.Optional.Contains(index))
            {
                items.Add(value);
            }
            else if (value is CelOptional { Value: { } present })
            {
                items.Add(present);
            }
        }

        return new CelList(items);
    }

    private CelMap Map(MapExpr map)
    {
        var entries = new Dictionary<object, object>(CelValues.KeyComparer);
        foreach (var (key, value, optional) in map.Entries)
        {
            var name = Evaluate(key);
            var content = Evaluate(value);
            if (optional)
            {
                if (content is not CelOptional { Value: { } present })
                {
                    continue;
                }

                content = present;
            }

            if (!entries.TryAdd(name, content))
            {
                throw new CelEvaluationException("Failed with repeated key");
            }
        }

        return new CelMap(entries);
    }

    private object Fold(ComprehensionExpr fold)
    {
        var range = Evaluate(fold.Range) switch
        {
            CelList list => list.Items,
            CelMap map => [.. map.Entries.Keys],
            _ => throw CelEvaluationException.NoOverload,
        };
        var building = fold.Init is ListExpr { Elements.Count: 0 } && fold.AccumulatorName == ComprehensionExpr.Accumulator;
        Push(fold.AccumulatorName, building ? new CelList(new Builder()) : Evaluate(fold.Init));
        try
        {
            foreach (var item in range)
            {
                if (Evaluate(fold.Condition) is not true)
                {
                    break;
                }

                Step(fold, item);
            }

            return Value(fold.Result);
        }
        finally
        {
            _scope[fold.AccumulatorName].Pop();
        }
    }

    /// <summary>A step that fails is kept as the accumulator's value: a later one may still decide the fold.</summary>
    private void Step(ComprehensionExpr fold, object item)
    {
        object next;
        Push(fold.Variable, item);
        try
        {
            next = Evaluate(fold.Step);
        }
        catch (CelEvaluationException fault) when (!fault.IsFinal && fold.Step is CallExpr { Function: "_&&_" or "_||_" })
        {
            next = new Failure(fault.Message);
        }
        finally
        {
            _scope[fold.Variable].Pop();
        }

        _scope[fold.AccumulatorName].Pop();
        _scope[fold.AccumulatorName].Push(next);
    }

    private object Value(CelExpr expr)
    {
        var value = Evaluate(expr);
        return value is Failure failure ? throw new CelEvaluationException(failure.Message) : value;
    }

    private void Push(string name, object value)
    {
        if (!_scope.TryGetValue(name, out var stack))
        {
            _scope[name] = stack = new Stack<object>();
        }

        stack.Push(value);
    }

    /// <summary>The accumulator of all and exists after a step that failed. As it is no boolean, it decides nothing.</summary>
    private sealed record Failure(string Message);

    private sealed class Builder : List<object>;
}
