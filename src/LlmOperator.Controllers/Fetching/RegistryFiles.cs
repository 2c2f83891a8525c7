using LlmOperator.Controllers.Registries;
using LlmOperator.Planning.Cache;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Fetching;

/// <summary>The files of a revision in the registry its source names.</summary>
internal sealed class RegistryFiles(FetchItem item, RegistryCredentials credentials, HuggingFaceRegistry huggingFace, S3Registry s3) : IRepositoryFiles
{
    private readonly RegistryQuery _query = new(item.Source, item.Source.HuggingFace is null ? null : item.Revision, credentials) { FactsWanted = false, FilesWanted = true };

    public async Task<IReadOnlyList<RegistryFile>> ListAsync(CancellationToken cancellationToken)
    {
        try
        {
            var reading = item.Source.HuggingFace is not null ? await huggingFace.ReadAsync(_query, cancellationToken).ConfigureAwait(false) : await s3.ReadAsync(_query, cancellationToken).ConfigureAwait(false);
            return reading.Revision == item.Revision
                ? reading.Files
                : throw new FetchException($"{ModelSources.Address(item.Source)} is at {reading.Revision} and not at {item.Revision} any more: the operator asks for what is there now when the model is refreshed", CacheJobs.Refused);
        }
        catch (RegistryException fault)
        {
            throw Translated(fault);
        }
    }

    public async Task<Stream> OpenAsync(RegistryFile file, long offset, CancellationToken cancellationToken)
    {
        try
        {
            return item.Source.HuggingFace is not null
                ? await huggingFace.OpenAsync(_query, file.Name, offset, cancellationToken).ConfigureAwait(false)
                : await s3.OpenAsync(_query, file.Name, offset, cancellationToken).ConfigureAwait(false);
        }
        catch (RegistryException fault)
        {
            throw fault.IsRetryable ? new IOException(fault.Message, fault) : Translated(fault);
        }
    }

    private static FetchException Translated(RegistryException fault) => new(fault.Message, fault.IsRetryable ? 1 : CacheJobs.Refused, fault);
}
