using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Planning.Diagnosis;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Controllers.Diagnosis;

/// <summary>
/// Reads the logs of containers that ended, each run's once, and keeps what they told while their pods do not answer. Endpoints whose pods answer cost nothing. A log that cannot be had is told
/// as such: it stops nothing, and is asked for again only with the next run.
/// </summary>
internal sealed class CrashLogs(IKubeClient client, TimeProvider time)
{
    /// <summary>Engines print their arguments and long tracebacks of several processes; the cause stands well within.</summary>
    private const int TailLines = 1000;

    /// <summary>The kubelet counts from the first of the lines, so this leaves room to reach the last one.</summary>
    private const int LimitBytes = 512 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<ObjectKey, ImmutableDictionary<string, LogFinding>> _findings = new();

    /// <summary>Endpoints of which something is kept.</summary>
    public int Count => _findings.Count;

    /// <summary>What the logs of an endpoint's failed runs tell.</summary>
    public async Task<IReadOnlyDictionary<string, LogFinding>> ReadAsync(ObjectKey endpoint, EndpointObservation observed, CancellationToken cancellationToken)
    {
        var runs = CrashedRun.Of(observed);
        if (runs.Count == 0)
        {
            Forget(endpoint);
            return ImmutableDictionary<string, LogFinding>.Empty;
        }

        var known = _findings.GetValueOrDefault(endpoint, ImmutableDictionary<string, LogFinding>.Empty);
        var now = ImmutableDictionary.CreateBuilder<string, LogFinding>(StringComparer.Ordinal);
        foreach (var run in runs)
        {
            now[run.Id] = known.GetValueOrDefault(run.Id) ?? await ReadAsync(run, observed, cancellationToken).ConfigureAwait(false);
        }

        return _findings[endpoint] = now.ToImmutable();
    }

    /// <summary>Forgets an endpoint that is gone or well.</summary>
    public void Forget(ObjectKey endpoint) => _findings.TryRemove(endpoint, out _);

    private async Task<LogFinding> ReadAsync(CrashedRun run, EndpointObservation observed, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            var options = new LogOptions { Container = run.Container, Previous = run.IsPrevious, TailLines = TailLines, LimitBytes = LimitBytes };
            var stream = await client.ReadLogAsync(run.Pod, options, either.Token).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                return LogDiagnosis.Of(await TextAsync(stream, either.Token).ConfigureAwait(false), LogDiagnosis.Secrets(observed.Endpoint));
            }
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            return new() { Unreadable = error is KubeApiException refused ? refused.Reason ?? $"HTTP {(int)refused.Code}" : error is OperationCanceledException ? "no answer in time" : "the connection failed" };
        }
    }

    /// <summary>The end of the log, in bounded memory. A log that was cut short ends in the middle of a line, which is left out: half a secret cannot be told from a word.</summary>
    private static async Task<string> TextAsync(Stream stream, CancellationToken cancellationToken)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(LimitBytes);
        try
        {
            var length = 0;
            while (length < LimitBytes && await stream.ReadAsync(bytes.AsMemory(length, LimitBytes - length), cancellationToken).ConfigureAwait(false) is > 0 and var read)
            {
                length += read;
            }

            if (length == LimitBytes)
            {
                length = bytes.AsSpan(0, length).LastIndexOf((byte)'\n') + 1;
            }

            return Encoding.UTF8.GetString(bytes, 0, length);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }
}
