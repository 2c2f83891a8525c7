using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using LlmOperator.Controllers.RagIndexes;
using LlmOperator.Controllers.Registries;
using LlmOperator.Planning;
using LlmOperator.Planning.Accelerators;
using Microsoft.Extensions.Logging;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace LlmOperator.Configuration;

/// <summary>Makes options of what the command line, the environment and a file say, in this order of precedence, and notes everything that is wrong.</summary>
internal sealed partial class OptionsReader
{
    private readonly Dictionary<Setting, (string Value, string Source)> _values = [];
    private readonly List<string> _problems = [];

    /// <summary>Reads options.</summary>
    /// <param name="commandLine">Value of a setting on the command line; null when it is not there.</param>
    /// <param name="environment">Value of an environment variable; null when it is not set.</param>
    /// <param name="file">Settings file in YAML or JSON; null for none.</param>
    /// <exception cref="OptionsException">Something is wrong; all that is, is listed.</exception>
    public static OperatorOptions Read(Func<Setting, string?> commandLine, Func<string, string?> environment, string? file)
    {
        var reader = new OptionsReader();
        if (file is not null)
        {
            reader.AddFile(file);
        }

        foreach (var setting in Setting.All)
        {
            if (environment(setting.Variable) is { Length: > 0 } variable)
            {
                reader._values[setting] = (variable, setting.Variable);
            }

            if (commandLine(setting) is { } option)
            {
                reader._values[setting] = (option, setting.Option);
            }
        }

        // The hub's own variable, which what is set for the operator alone goes before.
        if (!reader._values.ContainsKey(Setting.HuggingFaceEndpoint) && environment("HF_ENDPOINT") is { Length: > 0 } hub)
        {
            reader._values[Setting.HuggingFaceEndpoint] = (hub, "HF_ENDPOINT");
        }

        var options = reader.Options();
        return reader._problems.Count == 0 ? options : throw new OptionsException(reader._problems);
    }

    private OperatorOptions Options()
    {
        var defaults = new OperatorOptions();
        return new()
        {
            Kubeconfig = Text(Setting.Kubeconfig),
            Context = Text(Setting.Context),
            Namespace = NamespaceName(Setting.Namespace),
            LeaderElect = Flag(Setting.LeaderElect),
            LeaderElectionNamespace = NamespaceName(Setting.LeaderElectionNamespace),
            MetricsBindAddress = Address(Setting.MetricsBindAddress, defaults.MetricsBindAddress),
            HealthProbeBindAddress = Address(Setting.HealthProbeBindAddress, defaults.HealthProbeBindAddress),
            WebhookBindAddress = Address(Setting.WebhookBindAddress, defaults.WebhookBindAddress),
            WebhookUrl = HttpsUrl(Setting.WebhookUrl),
            WebhookCertDir = Folder(Setting.WebhookCertDir),
            LicensePolicy = Choice(Setting.LicensePolicy, defaults.LicensePolicy),
            Workers = Number(Setting.Workers, defaults.Workers, 1, 256),
            Accelerators = Catalogue(),
            Registries = Registries(defaults.Registries),
            DataPath = DataPath(defaults.DataPath),
            Qdrant = Qdrant(defaults.Qdrant),
            LogLevel = Level(defaults.LogLevel),
            ShutdownTimeout = TimeSpan.FromSeconds(Number(Setting.ShutdownTimeoutSeconds, (int)defaults.ShutdownTimeout.TotalSeconds, 0, 3600)),
        };
    }

    private void AddFile(string file)
    {
        var stream = new YamlStream();
        try
        {
            using var text = File.OpenText(file);
            stream.Load(text);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _problems.Add($"--config: {file} cannot be read: {error.Message}");
            return;
        }
        catch (YamlException error)
        {
            _problems.Add($"{file}:{error.Start.Line}: {error.Message}");
            return;
        }

        if (stream.Documents.Count == 0)
        {
            return;
        }

        if (stream.Documents[0].RootNode is not YamlMappingNode root)
        {
            _problems.Add($"{file}: expected settings such as \"workers: 4\"");
            return;
        }

        foreach (var (key, value) in root.Children)
        {
            var where = $"{file}:{key.Start.Line}";
            if (Setting.All.FirstOrDefault(known => known.Name == key.ToString()) is not { } setting)
            {
                _problems.Add($"{where}: unknown setting \"{key}\"; the settings are {string.Join(", ", Setting.All.Select(known => known.Name))}");
            }
            else if (value is YamlScalarNode scalar)
            {
                _values[setting] = (scalar.Value ?? "", $"{where}: {setting.Name}");
            }
            else
            {
                _problems.Add($"{where}: {setting.Name} must be a single value");
            }
        }
    }

    private string? Text(Setting setting) => _values.TryGetValue(setting, out var given) && given.Value.Length > 0 ? given.Value : null;

    private string? NamespaceName(Setting setting)
    {
        if (Text(setting) is { } text && !(text.Length <= 63 && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1]) && text.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-')))
        {
            Problem(setting, "must be one namespace: at most 63 lower case letters, digits and hyphens");
        }

        return Text(setting);
    }

    private bool Flag(Setting setting, bool fallback = false)
    {
        if (Text(setting) is not { } text)
        {
            return fallback;
        }

        if (bool.TryParse(text, out var flag))
        {
            return flag;
        }

        Problem(setting, "must be true or false");
        return fallback;
    }

    private int Number(Setting setting, int fallback, int least, int most)
    {
        if (Text(setting) is not { } text)
        {
            return fallback;
        }

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }

        Problem(setting, $"must be a whole number from {least} to {most}");
        return fallback;
    }

    private ListenAddress? Address(Setting setting, ListenAddress? fallback)
    {
        if (Text(setting) is not { } text)
        {
            return fallback;
        }

        if (text == "0")
        {
            return null;
        }

        var colon = text.LastIndexOf(':');
        IPAddress? host = null;
        if (colon >= 0
            && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= IPEndPoint.MaxPort
            && (colon == 0 || IPAddress.TryParse(text.AsSpan(0, colon).Trim("[]"), out host)))
        {
            return new(host, port);
        }

        Problem(setting, "must be :PORT, ADDRESS:PORT with a numeric address, or 0 for none");
        return fallback;
    }

    private RegistryOptions Registries(RegistryOptions fallback)
    {
        var endpoint = fallback.HuggingFaceEndpoint;
        if (Text(Setting.HuggingFaceEndpoint) is { } text)
        {
            if (Uri.TryCreate(text, UriKind.Absolute, out var address) && address is { Scheme: "http" or "https", UserInfo: "" })
            {
                endpoint = address;
            }
            else
            {
                Problem(Setting.HuggingFaceEndpoint, "must be an address such as https://mirror.example, without user and password", hide: true);
            }
        }

        return fallback with { HuggingFaceEndpoint = endpoint, PollInterval = Time(Setting.RegistryPollInterval, fallback.PollInterval, TimeSpan.FromSeconds(30), TimeSpan.FromDays(7)), FetcherImage = Text(Setting.FetcherImage) };
    }

    private DataPathOptions DataPath(DataPathOptions fallback)
    {
        Uri? receiver = null;
        if (Text(Setting.TraceEndpoint) is { } text
            && !(Uri.TryCreate(text, UriKind.Absolute, out receiver) && receiver is { Scheme: "http" or "https", UserInfo: "", Query: "", Fragment: "", Host.Length: > 0 }))
        {
            Problem(Setting.TraceEndpoint, "must be an address such as http://collector.observability:4318, without user and password", hide: true);
            receiver = null;
        }

        return fallback with
        {
            PromptTraceImage = Text(Setting.PromptTraceImage) ?? fallback.PromptTraceImage,
            ReplaceSidecars = Flag(Setting.ReplaceSidecars, fallback.ReplaceSidecars),
            Gateway = Flag(Setting.Gateway, fallback.Gateway),
            GatewayImage = Text(Setting.GatewayImage) ?? fallback.GatewayImage,
            GatewayReplicas = Number(Setting.GatewayReplicas, fallback.GatewayReplicas, 1, 1000),
            TraceEndpoint = receiver,
        };
    }

    private QdrantOptions Qdrant(QdrantOptions fallback)
    {
        var image = Text(Setting.QdrantImage);
        if (image is not null && !ImageName().IsMatch(image))
        {
            Problem(Setting.QdrantImage, "must be an image without tag and digest, such as mirror.example:5000/qdrant/qdrant: the tag comes of qdrant.managed.version of each RagIndex");
            image = null;
        }

        Dictionary<string, string>? labels = null;
        foreach (var part in (Text(Setting.ServiceMonitorLabels) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (Label().Match(part) is { Success: true } label)
            {
                (labels ??= new(StringComparer.Ordinal))[label.Groups[1].Value] = label.Groups[2].Value;
            }
            else
            {
                Problem(Setting.ServiceMonitorLabels, $"must be labels such as release=prometheus, separated by commas; \"{part}\" is none");
            }
        }

        return fallback with { ImageRepository = image ?? fallback.ImageRepository, ServiceMonitorLabels = labels ?? fallback.ServiceMonitorLabels };
    }

    // A registry may have a port, which is followed by a path; a colon after the last slash would begin a tag.
    [GeneratedRegex(@"^([A-Za-z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*\z")]
    private static partial Regex ImageName();

    [GeneratedRegex(@"^((?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)=((?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?)\z")]
    private static partial Regex Label();

    private TimeSpan Time(Setting setting, TimeSpan fallback, TimeSpan least, TimeSpan most)
    {
        if (Text(setting) is not { } text)
        {
            return fallback;
        }

        var unit = text.Length == 0 ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 0 };
        if (unit > 0 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && (double)number * unit is var seconds && seconds >= least.TotalSeconds && seconds <= most.TotalSeconds)
        {
            return TimeSpan.FromSeconds(seconds);
        }

        Problem(setting, $"must be a whole number with s, m or h, from {least.TotalSeconds}s to {most.TotalHours}h");
        return fallback;
    }

    private Uri? HttpsUrl(Setting setting)
    {
        if (Text(setting) is not { } text)
        {
            return null;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { Scheme: "https", PathAndQuery: "/", UserInfo: "", Fragment: "" })
        {
            return url;
        }

        Problem(setting, "must be https://HOST:PORT");
        return null;
    }

    private string? Folder(Setting setting)
    {
        if (Text(setting) is { } folder && !Directory.Exists(folder))
        {
            Problem(setting, "must be a folder that exists");
        }

        return Text(setting);
    }

    private T Choice<T>(Setting setting, T fallback)
        where T : struct, Enum
    {
        if (Text(setting) is not { } text)
        {
            return fallback;
        }

        if (Enum.TryParse<T>(text, ignoreCase: true, out var choice) && Enum.IsDefined(choice) && !char.IsAsciiDigit(text[0]))
        {
            return choice;
        }

        Problem(setting, $"must be one of {string.Join(", ", Enum.GetNames<T>())}");
        return fallback;
    }

    private LogLevel Level(LogLevel fallback)
    {
        if (Text(Setting.LogLevel) is not { } text)
        {
            return fallback;
        }

        if (Enum.TryParse<LogLevel>(text, ignoreCase: true, out var level) && level is >= LogLevel.Trace and <= LogLevel.Error && !char.IsAsciiDigit(text[0]))
        {
            return level;
        }

        Problem(Setting.LogLevel, "must be Trace, Debug, Information, Warning or Error");
        return fallback;
    }

    private AcceleratorCatalogue Catalogue()
    {
        if (Text(Setting.Accelerators) is not { } file)
        {
            return AcceleratorCatalogue.Default;
        }

        try
        {
            return AcceleratorCatalogue.Parse(File.ReadAllText(file), file);
        }
        catch (CatalogueException error)
        {
            _problems.AddRange(error.Problems);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Problem(Setting.Accelerators, $"cannot be read: {error.Message.TrimEnd('.')}");
        }

        return AcceleratorCatalogue.Default;
    }

    private void Problem(Setting setting, string problem, bool hide = false) => _problems.Add($"{_values[setting].Source} {problem}{(hide ? "" : $"; it is \"{_values[setting].Value}\"")}");
}
