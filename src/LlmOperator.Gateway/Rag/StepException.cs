namespace LlmOperator.Gateway.Rag;

/// <summary>A step of retrieval did not do what it should. What that means for the answer is up to the step's caller; the words are for logs and traces, not for clients.</summary>
/// <param name="reason">Why, in one of a few words that can be counted.</param>
/// <param name="message">Why, in more words.</param>
internal sealed class StepException(string reason, string message) : Exception(message)
{
    /// <summary>The time of the step was over.</summary>
    public const string Timeout = "timeout";

    /// <summary>Nobody was there to answer.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>The answer was that the request is wrong.</summary>
    public const string Refused = "refused";

    /// <summary>The answer was a fault.</summary>
    public const string Failed = "failed";

    /// <summary>The answer is not what was asked for.</summary>
    public const string InvalidAnswer = "invalid_answer";

    /// <summary>Something that is named in a spec is not there.</summary>
    public const string NotConfigured = "not_configured";

    /// <summary>The embedding model is not the index's.</summary>
    public const string ModelMismatch = "model_mismatch";

    /// <summary>Vectors are not of the index's size.</summary>
    public const string SizeMismatch = "size_mismatch";

    /// <summary>Others did the opposite at the same time.</summary>
    public const string Conflict = "conflict";

    /// <summary>Why, in one of a few words.</summary>
    public string Reason { get; } = reason;
}
