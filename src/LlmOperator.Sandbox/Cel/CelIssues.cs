using System.Text;

namespace LlmOperator.Sandbox.Cel;

/// <summary>An expression cannot be used; the message names every fault with its place.</summary>
internal sealed class CelCompileException(string message) : Exception(message);

/// <summary>An expression has no value for the given input.</summary>
internal sealed class CelEvaluationException(string message) : Exception(message)
{
    /// <summary>Whether evaluation has to end at once, where other errors may yet be absorbed.</summary>
    public bool IsFinal { get; init; }

    /// <summary>The value is of a type the operation does not know.</summary>
    public static CelEvaluationException NoOverload { get; } = new("no such overload");
}

/// <summary>The faults found in one expression, printed as the API server does: position, message, the line and a marker under it.</summary>
internal sealed class CelIssues(string source)
{
    private readonly List<(int Position, string Message)> _issues = [];

    /// <summary>Whether there are any.</summary>
    public bool Any => _issues.Count > 0;

    /// <summary>Adds a fault.</summary>
    public void Add(int position, string message) => _issues.Add((position, message));

    /// <inheritdoc/>
    public override string ToString() => string.Join('\n', _issues.OrderBy(issue => issue.Position).Distinct().Select(Print));

    private string Print((int Position, string Message) issue)
    {
        var position = Math.Min(issue.Position, source.Length);
        var start = position == 0 ? 0 : source.LastIndexOf('\n', position - 1) + 1;
        var end = source.IndexOf('\n', start);
        var line = source[start..(end < 0 ? source.Length : end)];
        var column = position - start;
        var number = source.AsSpan(0, start).Count('\n') + 1;
        var text = new StringBuilder($"ERROR: <input>:{number}:{column + 1}: {issue.Message}");
        text.Append("\n | ").Append(line.Replace('\t', ' ')).Append("\n | ").Append('.', column).Append('^');
        return text.ToString();
    }
}
