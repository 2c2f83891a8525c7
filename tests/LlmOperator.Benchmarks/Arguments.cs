using System.Globalization;

namespace LlmOperator.Benchmarks;

/// <summary>What is wrong with the command line.</summary>
internal sealed class ArgumentsException(string message) : Exception(message);

/// <summary>
/// The options of a command, as <c>--name value</c>. Read by hand: a parser would be a good part of what the memory and start of a tiny operator are measured to be.
/// </summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values = [];

    public Arguments(ReadOnlySpan<string> args)
    {
        for (var i = 0; i < args.Length; i += 2)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal) || i + 1 == args.Length)
            {
                throw new ArgumentsException($"\"{args[i]}\" is not an option with a value; write --name value");
            }

            _values[args[i]] = args[i + 1];
        }
    }

    public string? Text(string name) => _values.Remove(name, out var value) ? value : null;

    public int Number(string name, int otherwise)
    {
        var text = Text(name);
        return text is null ? otherwise
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number
            : throw new ArgumentsException($"{name} must be a positive whole number, and is \"{text}\"");
    }

    /// <summary>To be called when all options of the command have been asked for.</summary>
    public void ThrowIfAnyLeft()
    {
        if (_values.Count > 0)
        {
            throw new ArgumentsException($"unknown option {string.Join(", ", _values.Keys)}; see --help");
        }
    }
}
