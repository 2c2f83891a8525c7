using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Sandbox.Hosting;

/// <summary>What a hosted container logs, as lines of its log: time, level, category, message.</summary>
internal sealed class ContainerLoggers(Action<string> write, TimeProvider time) : ILoggerFactory
{
    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Lines(categoryName[(categoryName.LastIndexOf('.') + 1)..], Least(categoryName), write, time);

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("a container's log goes to one place");

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    // Of the server underneath only what goes wrong is of interest, and what goes wrong on connections is the clients' affair.
    private static LogLevel Least(string category) =>
        category.StartsWith("Microsoft.AspNetCore.Server.Kestrel", StringComparison.Ordinal) ? LogLevel.Error
        : category.StartsWith("Microsoft.", StringComparison.Ordinal) ? LogLevel.Warning
        : LogLevel.Information;

    private sealed class Lines(string category, LogLevel least, Action<string> write, TimeProvider time) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            var line = new StringBuilder(time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture))
                .Append(' ').Append(logLevel.ToString().ToUpperInvariant()).Append(' ').Append(category).Append(": ").Append(formatter(state, exception));
            if (exception is not null)
            {
                line.Append('\n').Append(exception);
            }

            write(line.ToString());
        }
    }
}
