namespace LlmOperator.Api.Schema;

/// <summary>Value the API server fills in when the field is absent.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class DefaultAttribute(object value) : Attribute
{
    public object Value { get; } = value;
}

/// <summary>The words a string field (or the elements of a list of strings) may hold.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AllowedValuesAttribute(params string[] values) : Attribute
{
    public string[] Values { get; } = values;
}

/// <summary>RE2 pattern of a string.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PatternAttribute(string expression) : Attribute
{
    public string Expression { get; } = expression;
}

/// <summary>Least and greatest value of a number; a NaN leaves that side open.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class BoundsAttribute(double minimum, double maximum = double.NaN) : Attribute
{
    public double Minimum { get; } = minimum;

    public double Maximum { get; } = maximum;
}

/// <summary>Least and greatest length of a string (also of the strings of a list or map, which CEL's cost budget wants bounded).</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class LengthAttribute(int maximum, int minimum = 0) : Attribute
{
    public int Minimum { get; } = minimum;

    public int Maximum { get; } = maximum;
}

/// <summary>Least and greatest number of elements of a list or of entries of a map.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class CountAttribute(int maximum, int minimum = 0) : Attribute
{
    public int Minimum { get; } = minimum;

    public int Maximum { get; } = maximum;
}

/// <summary>A list whose elements are told apart by these fields, so that several managers can own elements of it.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ListMapAttribute(params string[] keys) : Attribute
{
    public string[] Keys { get; } = keys;
}

/// <summary>A list of distinct scalars, each owned by itself.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ListSetAttribute : Attribute;

/// <summary>An object or list that is owned and replaced as one.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AtomicAttribute : Attribute;

/// <summary>OpenAPI format other than the one the C# type implies.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class FormatAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>A field the schema demands though the C# property is nullable or has a default.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class RequiredFieldAttribute : Attribute;

/// <summary>
/// A CEL rule for what a schema cannot say. On a type it sees the object as <c>self</c>, on a property the field's value.
/// The message names the field and the fix, because it is all the user sees.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Property, AllowMultiple = true)]
internal sealed class RuleAttribute(string expression, string message) : Attribute
{
    public string Expression { get; } = expression;

    public string Message { get; } = message;

    /// <summary>Field the error is reported at, relative to the rule (<c>.replicas</c>).</summary>
    public string? FieldPath { get; init; }
}

/// <summary>Names under which the API serves a kind.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class CustomResourceAttribute(string shortName) : Attribute
{
    public string ShortName { get; } = shortName;

    /// <summary>Replica count of the spec, for the scale subresource.</summary>
    public string? ScaleSpecReplicas { get; init; }

    /// <summary>Replica count of the status, for the scale subresource.</summary>
    public string? ScaleStatusReplicas { get; init; }

    /// <summary>Pod selector in text form in the status, for the scale subresource.</summary>
    public string? ScaleSelector { get; init; }
}

/// <summary>A column of <c>kubectl get</c>, in order of declaration; priority 1 shows with <c>-o wide</c> only.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
internal sealed class PrinterColumnAttribute(string name, string type, string jsonPath) : Attribute
{
    public string Name { get; } = name;

    public string Type { get; } = type;

    public string JsonPath { get; } = jsonPath;

    public string? Description { get; init; }

    public int Priority { get; init; }
}
