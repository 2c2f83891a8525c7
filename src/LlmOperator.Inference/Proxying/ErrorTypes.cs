namespace LlmOperator.Inference.Proxying;

/// <summary>Values of <c>error.type</c> besides HTTP statuses and what the engine says itself.</summary>
public static class ErrorTypes
{
    /// <summary>The client went away before the answer's end.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>The engine takes no connections.</summary>
    public const string EngineUnreachable = "engine_unreachable";

    /// <summary>The engine ended a connection before the answer's end.</summary>
    public const string EngineFailed = "engine_failed";

    /// <summary>The engine did not answer in time.</summary>
    public const string Timeout = "timeout";

    /// <summary>A stream ended in order, but without a finish reason and without its end mark.</summary>
    public const string IncompleteStream = "incomplete_stream";

    /// <summary>The conventions' word for what has no better one.</summary>
    public const string Other = "_OTHER";
}
