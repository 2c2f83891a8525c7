using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using LlmOperator.Inference.Redaction;

namespace LlmOperator.PromptTrace.Configuration;

/// <summary>Reads the configuration and says everything that is wrong with it at once.</summary>
internal sealed partial class SidecarConfiguration
{
    private static readonly string[] EngineTypes = ["vllm", "tgi", "sglang", "llamacpp", "tei", "custom"];

    private readonly List<string> _problems = [];
    private readonly Func<string, string?> _variable;

    private SidecarConfiguration(Func<string, string?> variable) => _variable = variable;

    /// <summary>Reads the file the environment names.</summary>
    /// <param name="variable">A variable of the environment.</param>
    /// <exception cref="ConfigurationException">Something is wrong.</exception>
    public static SidecarOptions Load(Func<string, string?> variable)
    {
        if (variable(SidecarOptions.FileVariable) is not { Length: > 0 } path)
        {
            throw new ConfigurationException([$"the variable {SidecarOptions.FileVariable} is not set; set it to the path of the configuration file"]);
        }

        try
        {
            return Parse(File.ReadAllBytes(path), variable);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException([$"{path}: {error.Message}"]);
        }
    }

    /// <summary>Reads a configuration.</summary>
    /// <param name="json">The file.</param>
    /// <param name="variable">A variable of the environment.</param>
    /// <exception cref="ConfigurationException">Something is wrong.</exception>
    public static SidecarOptions Parse(ReadOnlySpan<byte> json, Func<string, string?> variable)
    {
        SidecarFile? file;
        try
        {
            file = JsonSerializer.Deserialize(json, SidecarFileJson.Default.SidecarFile);
        }
        catch (JsonException error)
        {
            throw new ConfigurationException([$"{error.Path ?? "$"}: {error.Message}"]);
        }

        var reading = new SidecarConfiguration(variable);
        var options = reading.Read(file ?? new());
        return reading._problems.Count == 0 ? options : throw new ConfigurationException(reading._problems);
    }

    private SidecarOptions Read(SidecarFile file)
    {
        var defaults = new SidecarOptions { Engine = new("http://127.0.0.1") };
        var engine = file.Engine ?? new();
        var trace = file.Trace ?? new();
        var shutdown = file.Shutdown ?? new();
        return new SidecarOptions
        {
            Listen = Address("listen", file.Listen, defaults.Listen),
            Admin = Address("admin", file.Admin, defaults.Admin),
            Engine = Engine(engine.Url),
            Provider = engine.Type is null ? defaults.Provider : Array.Exists(EngineTypes, type => type.Equals(engine.Type, StringComparison.OrdinalIgnoreCase)) ? Provider(engine.Type)
                : Problem(defaults.Provider, $"engine.type is \"{engine.Type}\"; write one of {string.Join(", ", EngineTypes)}"),
            HealthPath = engine.HealthPath is null or ['/', ..] ? engine.HealthPath ?? defaults.HealthPath : Problem(defaults.HealthPath, "engine.healthPath must begin with /"),
            ConnectTimeout = Time("engine.connectTimeoutSeconds", engine.ConnectTimeoutSeconds, defaults.ConnectTimeout, isZeroAllowed: false),
            AnswerTimeout = Time("engine.answerTimeoutSeconds", engine.AnswerTimeoutSeconds, defaults.AnswerTimeout, isZeroAllowed: false),
            Served = new()
            {
                Endpoint = file.Endpoint?.Name,
                Namespace = file.Endpoint?.Namespace,
                Revision = file.Endpoint?.Revision ?? _variable("ENDPOINT_REVISION"),
                Model = file.Endpoint?.Model,
                ModelRevision = file.Endpoint?.ModelRevision,
                Pod = _variable("POD_NAME"),
            },
            SampleRate = trace.SampleRate is null or (>= 0 and <= 1) ? trace.SampleRate ?? defaults.SampleRate : Problem(1d, "trace.sampleRate must be a number from 0 to 1"),
            CaptureContent = trace.CaptureContent ?? defaults.CaptureContent,
            Redact = Kinds(trace.Redact) ?? defaults.Redact,
            RedactPatterns = Patterns(trace.RedactPatterns) ?? defaults.RedactPatterns,
            RequestBytes = (int)Size("trace.requestBytes", trace.RequestBytes, defaults.RequestBytes, 1024, 16 << 20),
            ContentCharacters = (int)Size("trace.contentCharacters", trace.ContentCharacters, defaults.ContentCharacters, 1024, 1 << 20),
            SpoolDirectory = file.Spool?.Directory ?? defaults.SpoolDirectory,
            SpoolBytes = Size("spool.maxBytes", file.Spool?.MaxBytes, defaults.SpoolBytes, 1 << 20, 1L << 40),
            Exporters = Exporters(file.Exporters ?? []),
            ShutdownDelay = Time("shutdown.delaySeconds", shutdown.DelaySeconds, defaults.ShutdownDelay, isZeroAllowed: true),
            ShutdownGrace = Time("shutdown.graceSeconds", shutdown.GraceSeconds, defaults.ShutdownGrace, isZeroAllowed: true),
            FlushTime = Time("shutdown.flushSeconds", shutdown.FlushSeconds, defaults.FlushTime, isZeroAllowed: true),
        };
    }

    private T Problem<T>(T instead, string problem)
    {
        _problems.Add(problem);
        return instead;
    }

    private static string Provider(string type) => EngineTypes.First(known => known.Equals(type, StringComparison.OrdinalIgnoreCase)) switch
    {
        "llamacpp" => "llama.cpp",
        var known => known,
    };

    private IPEndPoint Address(string field, string? text, IPEndPoint otherwise) => text is null ? otherwise
        : IPEndPoint.TryParse(text, out var address) && text.Contains(':', StringComparison.Ordinal) ? address
        : Problem(otherwise, $"{field} is \"{text}\"; write an IP address and a port, such as 0.0.0.0:{otherwise.Port}");

    private Uri Engine(string? text)
    {
        var none = new Uri("http://127.0.0.1");
        return text is null ? Problem(none, "engine.url is missing; write the address of the inference server, such as http://127.0.0.1:8000")
            : !Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttp || url.PathAndQuery != "/" || url.UserInfo.Length > 0
                ? Problem(none, $"engine.url is \"{text}\"; write http://ADDRESS:PORT, without a path")
            : !url.IsLoopback ? Problem(none, $"engine.url is \"{text}\"; the sidecar serves the inference server of its own pod, so write a loopback address")
            : url;
    }

    private TimeSpan Time(string field, double? seconds, TimeSpan otherwise, bool isZeroAllowed) => seconds is not { } given ? otherwise
        : given >= (isZeroAllowed ? 0 : 0.001) && given <= 86400 ? TimeSpan.FromSeconds(given)
        : Problem(otherwise, $"{field} must be a number of seconds {(isZeroAllowed ? "from 0" : "above 0")} up to 86400");

    private long Size(string field, long? given, long otherwise, long least, long most) => given is not { } size ? otherwise
        : size >= least && size <= most ? size
        : Problem(otherwise, $"{field} must be from {least} to {most}");

    private List<RedactionKind>? Kinds(IReadOnlyList<string?>? names)
    {
        if (names is null)
        {
            return null;
        }

        var kinds = new List<RedactionKind>();
        foreach (var (number, name) in names.Index())
        {
            if (Redactor.AllKinds.Where(kind => kind.ToString() == name).ToList() is [var kind])
            {
                kinds.Add(kind);
            }
            else
            {
                _problems.Add($"trace.redact[{number}] is \"{name}\"; write one of {string.Join(", ", Redactor.AllKinds)}");
            }
        }

        return kinds;
    }

    private List<string>? Patterns(IReadOnlyList<string?>? patterns)
    {
        if (patterns is null)
        {
            return null;
        }

        var good = new List<string>();
        foreach (var (number, pattern) in patterns.Index())
        {
            try
            {
                _ = new Regex(pattern ?? "", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
                if (pattern is { Length: > 0 and <= 1000 })
                {
                    good.Add(pattern);
                    continue;
                }

                _problems.Add($"trace.redactPatterns[{number}] must have 1 to 1000 characters");
            }
            catch (Exception error) when (error is ArgumentException or NotSupportedException)
            {
                _problems.Add($"trace.redactPatterns[{number}]: {error.Message} (patterns are matched in linear time: no back references, no look-around)");
            }
        }

        return good;
    }
}
