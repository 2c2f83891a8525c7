using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace LlmOperator.EndToEnd.Tests;

/// <summary>Keeps all that is logged at any level, with exceptions whole, and the values of its fields.</summary>
internal sealed class TextLog : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ConcurrentDictionary<string, object?> _values = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>The latest value of a field.</summary>
    public object? Value(string field) => _values.GetValueOrDefault(field);

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
        // This is the only one.
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        _lines.Enqueue(state is IEnumerable<KeyValuePair<string, object>> fields ? string.Join(' ', fields) : state.ToString() ?? "");
        return null;
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        foreach (var (name, value) in state as IEnumerable<KeyValuePair<string, object?>> ?? [])
        {
            _values[name] = value;
        }

        _lines.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
