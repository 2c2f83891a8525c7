using System.Diagnostics;
using System.Net;
using System.Text;
using LlmOperator.Benchmarks.Measuring;

namespace LlmOperator.Benchmarks.PromptTrace;

/// <summary>Load on a way to the trivial engine.</summary>
/// <param name="name">What the way is called in tables.</param>
/// <param name="server">Its address.</param>
/// <param name="client">Who sends small requests: <c>sockets</c>, or <c>http</c> for the framework's client.</param>
/// <param name="program">The program on the way whose processor time is told; null for none.</param>
internal sealed class Load(string name, IPEndPoint server, string client, Process? program = null)
{
    private const int Clients = 32;
    private const string SmallPath = "/v1/completions";
    private const string SmallBody = """{"model":"llama","prompt":"What is a sidecar?","max_tokens":16,"temperature":0.2}""";

    private static readonly HttpClient Http = new();

    private readonly Stack<Connection> _idle = new();
    private readonly byte[] _stream = Connection.Request(server, "/v1/chat/completions", """{"model":"llama","stream":true,"messages":[{"role":"user","content":"What is a sidecar?"}]}""");
    private readonly byte[] _small = Connection.Request(server, SmallPath, SmallBody);

    public string Name => name;

    /// <summary>Times to the first byte of all streams.</summary>
    public List<double> FirstBytes { get; } = [];

    /// <summary>Small requests a second, by round.</summary>
    public List<double> Rates { get; } = [];

    /// <summary>Processor time the program on the way takes for a small request, in microseconds, by round.</summary>
    public List<double> Cpu { get; } = [];

    /// <summary>Streams at a fixed rate, whether earlier ones have ended or not.</summary>
    public async Task StreamsAsync(int rate, int seconds, CancellationToken cancellationToken)
    {
        var streams = new Task<double>[rate * seconds];
        var started = Stopwatch.GetTimestamp();
        for (var number = 0; number < streams.Length; number++)
        {
            while (Stopwatch.GetElapsedTime(started).TotalSeconds * rate < number)
            {
                await Task.Delay(1, cancellationToken);
            }

            streams[number] = StreamAsync(cancellationToken);
        }

        FirstBytes.AddRange(await Task.WhenAll(streams));
        await Task.Yield(); // Away from the thread that tells of sockets: whoever goes on may wait for something.
    }

    /// <summary>Small requests as fast as some clients can that each wait for their answer.</summary>
    /// <returns>Requests a second.</returns>
    public async Task<double> SmallAsync(int count, CancellationToken cancellationToken)
    {
        var (left, cpu) = (count, program is null ? default : Usage.Of(program).Cpu);
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(
            () => client == "http" ? HttpAsync() : SocketsAsync(),
            cancellationToken)));
        await Task.Yield();
        Rates.Add(count / Stopwatch.GetElapsedTime(started).TotalSeconds);
        if (program is not null)
        {
            Cpu.Add((Usage.Of(program).Cpu - cpu).TotalMicroseconds / count);
        }

        return Rates[^1];

        async Task SocketsAsync()
        {
            using var connection = await Connection.OpenAsync(server, cancellationToken);
            while (Interlocked.Decrement(ref left) >= 0)
            {
                await connection.AskAsync(_small, cancellationToken);
            }
        }

        async Task HttpAsync()
        {
            var address = new Uri($"http://{server}{SmallPath}");
            while (Interlocked.Decrement(ref left) >= 0)
            {
                using var body = new StringContent(SmallBody, Encoding.UTF8, "application/json");
                using var answer = await Http.PostAsync(address, body, cancellationToken);
                await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(cancellationToken);
            }
        }
    }

    public void Forget()
    {
        FirstBytes.Clear();
        Rates.Clear();
        Cpu.Clear();
    }

    public static double Quantile(List<double> values, double quantile)
    {
        values.Sort();
        return values[(int)((values.Count - 1) * quantile)];
    }

    private async Task<double> StreamAsync(CancellationToken cancellationToken)
    {
        Connection? idle;
        lock (_idle)
        {
            _idle.TryPop(out idle);
        }

        var connection = idle ?? await Connection.OpenAsync(server, cancellationToken);
        var first = await connection.AskAsync(_stream, cancellationToken);
        lock (_idle)
        {
            _idle.Push(connection);
        }

        return first.TotalMilliseconds;
    }
}
