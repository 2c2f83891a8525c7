namespace LlmOperator.Sandbox.Cel;

/// <summary>A node of a parsed expression.</summary>
/// <param name="position">Offset in the text that messages about the node point to.</param>
internal abstract class CelExpr(int position)
{
    /// <summary>Offset in the text.</summary>
    public int Position => position;

    /// <summary>Type of its value, once checked.</summary>
    public CelType Type { get; set; } = CelType.Dyn;
}

/// <summary>A literal.</summary>
internal sealed class ConstantExpr(int position, object value) : CelExpr(position)
{
    /// <summary>Its value.</summary>
    public object Value => value;
}

/// <summary>A name.</summary>
internal sealed class IdentExpr(int position, string name) : CelExpr(position)
{
    /// <summary>The name.</summary>
    public string Name => name;
}

/// <summary>A field: <c>a.b</c>, <c>a.?b</c>, or <c>has(a.b)</c>.</summary>
internal sealed class SelectExpr(int position, CelExpr operand, string name, bool testOnly = false, bool optional = false) : CelExpr(position)
{
    /// <summary>Where the field is looked for.</summary>
    public CelExpr Operand => operand;

    /// <summary>Name of the field.</summary>
    public string Field => name;

    /// <summary>Whether only presence is asked.</summary>
    public bool TestOnly => testOnly;

    /// <summary>Whether the value is wrapped, so that absence is no error.</summary>
    public bool Optional => optional;
}

/// <summary>A call of a function, a method or an operator.</summary>
internal sealed class CallExpr(int position, string function, CelExpr? target, params IReadOnlyList<CelExpr> args) : CelExpr(position)
{
    /// <summary>Name; operators as <c>_+_</c>.</summary>
    public string Function { get; set; } = function;

    /// <summary>Object of a method, null for a function. Goes when it turns out to be a part of the name (<c>optional.of</c>).</summary>
    public CelExpr? Target { get; set; } = target;

    /// <summary>Arguments.</summary>
    public IReadOnlyList<CelExpr> Args => args;

    /// <summary>Declarations that fit the types of the arguments.</summary>
    public IReadOnlyList<CelOverload> Overloads { get; set; } = [];
}

/// <summary>A list literal.</summary>
internal sealed class ListExpr(int position, IReadOnlyList<CelExpr> elements, IReadOnlySet<int> optional) : CelExpr(position)
{
    /// <summary>Elements.</summary>
    public IReadOnlyList<CelExpr> Elements => elements;

    /// <summary>Indices of elements that are left out when they have no value.</summary>
    public IReadOnlySet<int> Optional => optional;
}

/// <summary>A map literal.</summary>
internal sealed class MapExpr(int position, IReadOnlyList<(CelExpr Key, CelExpr Value, bool Optional)> entries) : CelExpr(position)
{
    /// <summary>Entries.</summary>
    public IReadOnlyList<(CelExpr Key, CelExpr Value, bool Optional)> Entries => entries;
}

/// <summary>A fold over a list or the keys of a map: what the macros all, exists, exists_one, map and filter stand for.</summary>
internal sealed class ComprehensionExpr(
    int position, string variable, CelExpr range, string accumulator, CelExpr init, CelExpr condition, CelExpr step, CelExpr result) : CelExpr(position)
{
    /// <summary>Name that macros give their accumulator; no identifier can be written so.</summary>
    public const string Accumulator = "@result";

    /// <summary>Name of the element.</summary>
    public string Variable => variable;

    /// <summary>What is folded.</summary>
    public CelExpr Range => range;

    /// <summary>Name of the accumulator.</summary>
    public string AccumulatorName => accumulator;

    /// <summary>Its first value.</summary>
    public CelExpr Init => init;

    /// <summary>Whether to go on.</summary>
    public CelExpr Condition => condition;

    /// <summary>Its next value.</summary>
    public CelExpr Step => step;

    /// <summary>Value of the whole.</summary>
    public CelExpr Result => result;
}
