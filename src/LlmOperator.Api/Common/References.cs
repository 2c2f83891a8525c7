using LlmOperator.Api.Schema;

namespace LlmOperator.Api.Common;

/// <summary>An object of a known kind in the same namespace.</summary>
public sealed record LocalReference
{
    /// <summary>Name of the object.</summary>
    [Length(253, 1)]
    [Pattern(Patterns.ObjectName)]
    public required string Name { get; init; }
}

/// <summary>One key of a Secret in the same namespace. The value is read where it is used and is never copied into an object, a log or a status.</summary>
public sealed record SecretKeyReference
{
    /// <summary>Name of the Secret.</summary>
    [Length(253, 1)]
    [Pattern(Patterns.ObjectName)]
    public required string Name { get; init; }

    /// <summary>Key in the Secret's data.</summary>
    [Default("token")]
    [Length(253, 1)]
    [Pattern(Patterns.DataKey)]
    public string Key { get; set; } = "token";
}

/// <summary>One key of a Secret or ConfigMap in the same namespace.</summary>
public sealed record DataKeyReference
{
    /// <summary>Name of the Secret or ConfigMap.</summary>
    [Length(253, 1)]
    [Pattern(Patterns.ObjectName)]
    public required string Name { get; init; }

    /// <summary>Key in its data.</summary>
    [Length(253, 1)]
    [Pattern(Patterns.DataKey)]
    public required string Key { get; init; }
}
