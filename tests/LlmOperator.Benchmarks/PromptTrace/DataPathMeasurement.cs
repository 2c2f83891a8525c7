using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LlmOperator.Benchmarks.Measuring;

namespace LlmOperator.Benchmarks.PromptTrace;

/// <summary>What is measured of a program between clients and engine, and nginx, beside a direct connection to the same trivial server, in one run: time to the first byte of streams, throughput of small requests, and memory.</summary>
internal sealed class DataPathMeasurement
{
    private readonly string? _only;
    private readonly int _seconds;
    private readonly int _rate;
    private readonly int _rounds;
    private readonly int _small;
    private readonly int _total;
    private readonly string _unit;
    private readonly string _client;

    /// <summary>Reads the options.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="small">Small requests of a round, where it does not say.</param>
    /// <param name="unit">What memory is measured over; names the option, too.</param>
    /// <param name="total">How many of them, where it does not say.</param>
    public DataPathMeasurement(Arguments arguments, int small, string unit, int total)
    {
        _only = arguments.Text("--only");
        _seconds = arguments.Number("--seconds", 3);
        _rate = arguments.Number("--rate", 200);
        _rounds = arguments.Number("--rounds", 5);
        _small = arguments.Number("--small", small);
        _total = arguments.Number($"--{unit}", total);
        _unit = unit;
        _client = arguments.Text("--client") ?? "sockets";
        Server = arguments.Text("--server") ?? "sockets";
        arguments.ThrowIfAnyLeft();
        if (_only is not (null or "streams" or "small" or "memory"))
        {
            throw new ArgumentsException($"--only takes streams, small or memory, and is \"{_only}\"");
        }

        if (!TrivialEngine.Kinds.Contains(Server))
        {
            throw new ArgumentsException($"--server takes {string.Join(", ", TrivialEngine.Kinds)}, and is \"{Server}\"");
        }

        if (_client is not ("sockets" or "http"))
        {
            throw new ArgumentsException($"--client takes sockets or http, and is \"{_client}\"");
        }

        if ((Server != "sockets" || _client != "sockets") && _only is null or "streams")
        {
            throw new ArgumentsException("streams are measured with bare sockets on both sides: give --only small or memory beside --server and --client");
        }

        if (_client == "http")
        {
            Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", null); // As such a client is by default.
        }
    }

    /// <summary>What the trivial server is made of.</summary>
    public string Server { get; }

    /// <summary>An address of this machine nobody listens at.</summary>
    public static IPEndPoint FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return (IPEndPoint)listener.LocalEndpoint;
    }

    /// <summary>Measures.</summary>
    /// <param name="name">What the program is called in tables.</param>
    /// <param name="program">The program.</param>
    /// <param name="listen">Where it listens.</param>
    /// <param name="engine">The server behind it.</param>
    /// <param name="folder">Where nginx may write.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(string name, ChildProgram program, IPEndPoint listen, TrivialEngine.Running engine, string folder, CancellationToken cancellationToken)
    {
        var through = new Load($"through the {name}", listen, _client, program.Process);
        if (_only != "memory")
        {
            var direct = new Load("direct", engine.Address, _client, engine.Program.Process);
            var nginxListen = FreePort();
            using var nginx = await Nginx.StartAsync(folder, engine.Address, nginxListen, cancellationToken);
            var comparison = nginx is null ? new Comparison(direct, through) : new Comparison(direct, through, new Load("through nginx", nginxListen, _client));
            await comparison.WarmUpAsync(cancellationToken);
            if (_only != "small")
            {
                await comparison.StreamsAsync(_rate, _seconds, _rounds, cancellationToken);
            }

            if (_only != "streams")
            {
                await comparison.SmallAsync(_small, _rounds, cancellationToken);
            }
        }

        if (_only is null or "memory")
        {
            await MemoryAsync(name, program, through, cancellationToken);
        }
    }

    /// <summary>Memory over small requests as fast as they go, in ten parts.</summary>
    private async Task MemoryAsync(string name, ChildProgram program, Load through, CancellationToken cancellationToken)
    {
        const int Parts = 10;
        var table = new Table($"memory of the {name}", "resident", "of its own", "most resident so far");
        Add("before");
        for (var part = 1; part <= Parts; part++)
        {
            await through.SmallAsync(Math.Max(1, _total / Parts), cancellationToken);
            Add($"{(_total / Parts * part).ToString("N0", CultureInfo.InvariantCulture)} {_unit}");
        }

        table.Print(Console.Out);

        void Add(string when)
        {
            var now = Usage.Of(program.Process);
            table.Add(when, Usage.Megabytes(now.Resident), Usage.Megabytes(now.Own), Usage.Megabytes(now.Peak));
        }
    }
}
