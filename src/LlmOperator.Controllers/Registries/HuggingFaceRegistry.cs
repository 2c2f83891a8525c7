using System.Net;
using System.Net.Http.Headers;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Registries;

/// <summary>The Hugging Face hub, a mirror or a proxy of it.</summary>
internal sealed class HuggingFaceRegistry(RegistryHttp http, RegistryOptions options, RegistryCooldown cooldown, TimeProvider time) : IModelRegistry
{
    private const int InfoLimit = 16 * 1024 * 1024;
    private const int ConfigLimit = 4 * 1024 * 1024;
    private const int IndexLimit = 32 * 1024 * 1024;
    private const string ConfigFile = "config.json";

    public Task<RegistryReading> ReadAsync(RegistryQuery query, CancellationToken cancellationToken)
    {
        var source = query.Source.HuggingFace!;
        var hub = Hub(source);

        // The limits of the hub are those of an account, or of an address.
        var who = $"{hub.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)} {query.Credentials.Token?.GetHashCode(StringComparison.Ordinal)}";
        return cooldown.AskAsync(who, () => new Reading(http, time, hub, source, query).RunAsync(cancellationToken));
    }

    /// <summary>Content of a file from a byte on.</summary>
    public Task<Stream> OpenAsync(RegistryQuery query, string file, long offset, CancellationToken cancellationToken) =>
        new Reading(http, time, Hub(query.Source.HuggingFace!), query.Source.HuggingFace!, query).OpenAsync(file, offset, cancellationToken);

    private Uri Hub(HuggingFaceSource source)
    {
        var hub = options.HuggingFaceEndpoint;
        if (source.Endpoint is { } given && (!Uri.TryCreate(given, UriKind.Absolute, out hub) || hub.Scheme is not ("http" or "https")))
        {
            throw new RegistryException(RegistryReasons.RegistryUnavailable, "spec.source.huggingFace.endpoint is no address: write it as https://host, without a path of a model");
        }

        return hub;
    }

    /// <summary>One question and what it takes.</summary>
    private sealed class Reading(RegistryHttp http, TimeProvider time, Uri hub, HuggingFaceSource source, RegistryQuery query)
    {
        private readonly string _revision = query.Revision ?? source.Revision;
        private readonly string _root = RegistryHttp.Shown(hub);
        private readonly HubErrors _errors = new(source, query.Revision ?? source.Revision, query.Credentials.Token is not null, hub, time);

        public async Task<RegistryReading> RunAsync(CancellationToken cancellationToken)
        {
            // Which files there are is asked with their sizes where facts are wanted; a mirror that does not know the question leaves them out.
            var answer = await GetAsync($"/api/models/{source.Repo}/revision/{Uri.EscapeDataString(_revision)}{(query.FactsWanted || query.FilesWanted || query.IsAdapter ? "?blobs=true" : "")}", InfoLimit, cancellationToken).ConfigureAwait(false);
            var info = HubModel.Read(answer.Body) ?? throw RegistryHttp.Unavailable(hub, "what it answers is not an answer of the hub; spec.source.huggingFace.endpoint may name something else");
            if (info.IsDisabled)
            {
                throw new RegistryException(RegistryReasons.AccessDenied, $"{source.Repo} is disabled at the hub: choose another repository in spec.source.huggingFace.repo");
            }

            if (query.IsAdapter)
            {
                return await AdapterAsync(info, cancellationToken).ConfigureAwait(false);
            }

            if (!query.FactsWanted)
            {
                await CheckAccessAsync(info, cancellationToken).ConfigureAwait(false);
                return new(info.Commit) { Files = info.Files };
            }

            return await FactsAsync(info, cancellationToken).ConfigureAwait(false);
        }

        public async Task<Stream> OpenAsync(string file, long offset, CancellationToken cancellationToken)
        {
            var (answer, body) = await http.OpenAsync(Request(HttpMethod.Get, File(_revision, file)) with { Offset = offset }, cancellationToken).ConfigureAwait(false);
            _errors.ThrowIfRefused(answer);
            return body!;
        }

        private async Task<RegistryReading> AdapterAsync(HubModel info, CancellationToken cancellationToken)
        {
            var answer = info.Has(AdapterConfig.File)
                ? await GetAsync(File(info, AdapterConfig.File), ConfigLimit, cancellationToken).ConfigureAwait(false)
                : throw new RegistryException(RegistryReasons.UnsupportedRepository, $"{source.Repo} holds no adapter ({AdapterConfig.File} is missing) at {_revision}: choose another repository or revision");
            return new(info.Commit) { Files = info.Files, Adapter = answer.IsTruncated ? null : AdapterConfig.Read(answer.Body) };
        }

        private async Task<RegistryReading> FactsAsync(HubModel info, CancellationToken cancellationToken)
        {
            var (config, problem) = info.Has(ConfigFile)
                ? await ConfigAsync(info, cancellationToken).ConfigureAwait(false)
                : (null, info.GgufParameters is null ? new RegistryProblem(RegistryReasons.MalformedConfig, $"{source.Repo} has no {ConfigFile} at {_revision}: give spec.parameters and spec.architecture, or choose another repository") : null);
            if (!info.Has(ConfigFile))
            {
                await CheckAccessAsync(info, cancellationToken).ConfigureAwait(false);
            }

            var weights = WeightFiles.Of(info.Files) ?? throw new RegistryException(
                RegistryReasons.UnsupportedRepository,
                WeightFiles.IsAdapter(info.Files)
                    ? $"{source.Repo} holds an adapter and no model: name the model it adapts in spec.source.huggingFace.repo, and the adapter in spec.adapters"
                    : $"{source.Repo} holds no weights (no .safetensors, .bin or .gguf file in its root) at {_revision}: choose another repository or revision in spec.source.huggingFace");
            return new(info.Commit)
            {
                Facts = new RepositoryContents
                {
                    Source = ModelSources.Address(query.Source),
                    Files = info.Files,
                    Config = config,
                    IndexBytes = weights.Index is { } index ? await IndexAsync(info, index, cancellationToken).ConfigureAwait(false) : null,
                    Elements = info.Elements,
                    GgufParameters = info.GgufParameters,
                    GgufContextLength = info.GgufContextLength,
                    License = info.License,
                    Gated = info.IsGated,
                }.Facts(),
                Files = info.Files,
                Problem = problem,
            };
        }

        private async Task<(ModelConfig? Config, RegistryProblem? Problem)> ConfigAsync(HubModel info, CancellationToken cancellationToken)
        {
            var answer = await GetAsync(File(info, ConfigFile), ConfigLimit, cancellationToken).ConfigureAwait(false);
            try
            {
                return answer.IsTruncated ? throw new ModelConfigException($"it is larger than {ConfigLimit / 1048576} MiB") : (ModelConfig.Parse(answer.Body), null);
            }
            catch (ModelConfigException fault)
            {
                return (null, new(
                    RegistryReasons.MalformedConfig,
                    $"{ConfigFile} of {source.Repo} at {_revision} cannot be used: {fault.Message}; give spec.parameters and spec.architecture, or choose another revision in spec.source.huggingFace.revision"));
            }
        }

        private async Task<long?> IndexAsync(HubModel info, string index, CancellationToken cancellationToken)
        {
            var answer = await GetAsync(File(info, index), IndexLimit, cancellationToken).ConfigureAwait(false);
            return answer.IsTruncated ? null : SafetensorsIndex.TotalSize(answer.Body);
        }

        /// <summary>The hub describes a gated repository to everybody; only its files tell who may read it.</summary>
        private async Task CheckAccessAsync(HubModel info, CancellationToken cancellationToken)
        {
            if (info.IsGated && (info.Has(ConfigFile) ? ConfigFile : info.Files is [var first, ..] ? first.Name : null) is { } file)
            {
                var answer = await http.SendAsync(Request(HttpMethod.Head, File(info, file)) with { Follow = false }, cancellationToken).ConfigureAwait(false);
                _errors.ThrowIfRefused(answer, isRedirectFine: true);
            }
        }

        private async Task<RegistryAnswer> GetAsync(string path, int limit, CancellationToken cancellationToken)
        {
            var answer = await http.SendAsync(Request(HttpMethod.Get, path) with { Limit = limit }, cancellationToken).ConfigureAwait(false);
            _errors.ThrowIfRefused(answer);
            return answer;
        }

        private RegistryRequest Request(HttpMethod method, string path) => new(method, new Uri(_root + path))
        {
            Authorization = query.Credentials.Token is { } token ? new AuthenticationHeaderValue("Bearer", token) : null,
            Accept = ["*/*"],
        };

        private string File(HubModel info, string name) => File(info.Commit, name);

        private string File(string commit, string name) => $"/{source.Repo}/resolve/{Uri.EscapeDataString(commit)}/{string.Join('/', name.Split('/').Select(Uri.EscapeDataString))}";
    }
}
