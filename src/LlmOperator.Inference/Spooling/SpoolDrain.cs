using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using LlmOperator.Inference.Tracing;
using Microsoft.Extensions.Logging;

namespace LlmOperator.Inference.Spooling;

/// <summary>
/// Brings the records of a spool to their receiver, at least once: a batch leaves the spool when the receiver has said that it has it. A receiver that is down, slow or turns the credentials away is
/// tried again with backoff; what it refuses for its content is narrowed down to the records at fault, which are counted and left out.
/// </summary>
/// <param name="spool">The spool.</param>
/// <param name="receiver">The receiver.</param>
/// <param name="resource">Who tells.</param>
/// <param name="client">HTTP client; its own timeout is not used.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Logger.</param>
public sealed partial class SpoolDrain(Spool spool, Receiver receiver, Resource resource, HttpClient client, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private const int MostBytesKept = 2 << 20;

    // Large enough to be collected with the oldest objects only, which stops everything: it is used again and again.
    private ArrayBufferWriter<byte> _body = new();
    private int _failures;
    private int _mostRecords = receiver.MostRecords;

    private enum Outcome
    {
        Accepted,
        Later,
        TooLarge,
        Refused,
    }

    /// <summary>Why the last attempt failed; null when it did not.</summary>
    public string? LastFailure { get; private set; }

    /// <summary>Drains until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await spool.WaitAsync(cancellationToken).ConfigureAwait(false);
                await Task.Delay(receiver.BatchTime, time, cancellationToken).ConfigureAwait(false);
                while (spool.Counts.Waiting > 0)
                {
                    if (await SendAsync(cancellationToken).ConfigureAwait(false) is { } wait)
                    {
                        await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // What has not left stays on the disk.
        }
    }

    /// <summary>Sends what there is, without collecting first, until nothing is left or the time is over. For the end of the process, when <see cref="RunAsync"/> has ended.</summary>
    /// <returns>Whether all of it left.</returns>
    public async Task<bool> FlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (spool.Counts.Waiting > 0)
            {
                if (await SendAsync(cancellationToken).ConfigureAwait(false) is { } wait)
                {
                    await Task.Delay(wait < FirstWait ? wait : FirstWait, time, cancellationToken).ConfigureAwait(false);
                }
            }

            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Sends one batch.</summary>
    /// <returns>How long to wait before the next attempt; null to go on at once.</returns>
    private async Task<TimeSpan?> SendAsync(CancellationToken cancellationToken)
    {
        var records = spool.Peek(_mostRecords, receiver.MostBytes);
        if (records.Count == 0)
        {
            // Records that cannot be read any more do not come back by waiting; the next start truncates them.
            return LongestWait;
        }

        var (outcome, rejected, after, failure) = await PostAsync(records, cancellationToken).ConfigureAwait(false);

        // The disk and the next batch are worked on now: not on the thread that told of this answer, for which others wait to be told of their sockets.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        switch (outcome)
        {
            case Outcome.Accepted:
                spool.Take(records.Count, (int)Math.Min(rejected, records.Count));
                if (_failures > 0)
                {
                    Log.Recovered(logger, receiver.Address.Host, _failures);
                }

                (_failures, LastFailure) = (0, rejected > 0 ? failure : null);
                _mostRecords = Math.Min(receiver.MostRecords, _mostRecords * 2);
                return null;
            case Outcome.TooLarge or Outcome.Refused when records.Count > 1:
                _mostRecords = records.Count / 2;
                return null;
            case Outcome.TooLarge or Outcome.Refused:
                LastFailure = failure;
                Log.Refused(logger, receiver.Address.Host, failure!);
                spool.Take(1, 1);
                return null;
            default:
                LastFailure = failure;
                if (_failures++ == 0)
                {
                    Log.Unreachable(logger, receiver.Address.Host, failure!);
                }

                return after ?? Backoff(_failures);
        }
    }

    private async Task<(Outcome Outcome, long Rejected, TimeSpan? After, string? Failure)> PostAsync(IReadOnlyList<ReadOnlyMemory<byte>> records, CancellationToken cancellationToken)
    {
        var body = _body.Capacity <= MostBytesKept ? _body : _body = new();
        body.ResetWrittenCount();
        receiver.Encoding.WriteBatch(body, resource, records);
        using var timeout = new CancellationTokenSource(receiver.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, receiver.Address) { Content = new ReadOnlyMemoryContent(body.WrittenMemory) };
        request.Content.Headers.ContentType = new(receiver.Encoding.ContentType);
        foreach (var (name, value) in receiver.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
            {
                var (rejected, message) = await PartialAsync(response, either.Token).ConfigureAwait(false);
                return (Outcome.Accepted, rejected, null, message);
            }

            var failure = $"answers {(int)response.StatusCode}";
            return response.StatusCode switch
            {
                HttpStatusCode.RequestEntityTooLarge => (Outcome.TooLarge, 0, null, failure),
                HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity or HttpStatusCode.UnsupportedMediaType => (Outcome.Refused, 0, null, failure),

                // Wrong credentials or a wrong address are mended by people, who would not want to have lost the traces until then.
                _ => (Outcome.Later, 0, After(response.Headers.RetryAfter), failure),
            };
        }
        catch (Exception error) when (error is HttpRequestException or IOException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (Outcome.Later, 0, null, error is OperationCanceledException ? $"does not answer within {receiver.Timeout.TotalSeconds:0.#} s" : error.Message);
        }
    }

    /// <summary>What a receiver says it left out.</summary>
    private static async Task<(long Rejected, string? Message)> PartialAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = new byte[16384];
        int length;
        await using (var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false))
        {
            length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        }

        return length == 0 ? (0, null)
            : response.Content.Headers.ContentType?.MediaType == "application/json" ? PartialJson(body.AsMemory(0, length))
            : PartialProtobuf.Read(body.AsSpan(0, length));
    }

    private static (long Rejected, string? Message) PartialJson(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement is not { ValueKind: JsonValueKind.Object } root || !root.TryGetProperty("partialSuccess"u8, out var partial) || partial.ValueKind != JsonValueKind.Object)
            {
                return (0, null);
            }

            var rejected = !partial.TryGetProperty("rejectedSpans"u8, out var count) ? 0
                : count.ValueKind == JsonValueKind.String && long.TryParse(count.GetString(), out var text) ? text
                : count.ValueKind == JsonValueKind.Number && count.TryGetInt64(out var number) ? number : 0;
            return (Math.Max(rejected, 0), partial.TryGetProperty("errorMessage"u8, out var message) && message.ValueKind == JsonValueKind.String ? message.GetString() : null);
        }
        catch (JsonException)
        {
            return (0, null);
        }
    }

    private TimeSpan? After(RetryConditionHeaderValue? header) => (header?.Delta ?? (header?.Date - time.GetUtcNow())) is { } asked && asked > TimeSpan.Zero
        ? asked < LongestWait * 4 ? asked : LongestWait * 4
        : null;

    /// <summary>Doubling, with jitter so that the pods of a cluster do not come back together.</summary>
    private static TimeSpan Backoff(int failures)
    {
        var wait = TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, FirstWait.Ticks << Math.Min(failures - 1, 10)));
        return wait * (0.5 + (Random.Shared.NextDouble() / 2));
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Traces wait: {Receiver} {Failure}")]
        public static partial void Unreachable(ILogger logger, string receiver, string failure);

        [LoggerMessage(2, LogLevel.Information, "{Receiver} takes traces again after {Failures} failed attempts")]
        public static partial void Recovered(ILogger logger, string receiver, int failures);

        [LoggerMessage(3, LogLevel.Warning, "A trace is left out: {Receiver} {Failure}")]
        public static partial void Refused(ILogger logger, string receiver, string failure);
    }
}
