using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Fetching;

/// <summary>The files of one revision of a repository.</summary>
internal interface IRepositoryFiles
{
    /// <summary>Files the revision has.</summary>
    Task<IReadOnlyList<RegistryFile>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Content of a file from a byte on.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    Task<Stream> OpenAsync(RegistryFile file, long offset, CancellationToken cancellationToken);
}
