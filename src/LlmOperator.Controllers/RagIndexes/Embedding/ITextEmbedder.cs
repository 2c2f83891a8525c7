namespace LlmOperator.Controllers.RagIndexes.Embedding;

/// <summary>Makes vectors of texts, with the model of the index.</summary>
internal interface ITextEmbedder
{
    /// <summary>Makes a vector of each text.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>One vector for each text, in their order.</returns>
    /// <exception cref="EmbeddingException">The model did not answer as it should; the message says what to do.</exception>
    Task<IReadOnlyList<float[]>> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken);
}

/// <summary>Texts could not be turned into vectors.</summary>
internal sealed class EmbeddingException : Exception
{
    public EmbeddingException(string message)
        : base(message)
    {
    }

    public EmbeddingException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
