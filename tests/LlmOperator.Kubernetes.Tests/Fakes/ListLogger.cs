using Microsoft.Extensions.Logging;

namespace LlmOperator.Kubernetes.Tests.Fakes;

/// <summary>Keeps what was logged.</summary>
internal sealed class ListLogger : ILogger
{
    private readonly List<(LogLevel Level, string Text)> _lines = [];
    private readonly List<object> _scopes = [];
    private readonly List<Exception> _errors = [];

    public IReadOnlyList<(LogLevel Level, string Text)> Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    public IReadOnlyList<Exception> Errors
    {
        get
        {
            lock (_lines)
            {
                return [.. _errors];
            }
        }
    }

    public IReadOnlyList<object> Scopes
    {
        get
        {
            lock (_lines)
            {
                return [.. _scopes];
            }
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        lock (_lines)
        {
            _scopes.Add(state);
        }

        return null;
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_lines)
        {
            _lines.Add((logLevel, formatter(state, exception)));
            if (exception is not null)
            {
                _errors.Add(exception);
            }
        }
    }
}
