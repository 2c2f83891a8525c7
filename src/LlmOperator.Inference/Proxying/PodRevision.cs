namespace LlmOperator.Inference.Proxying;

/// <summary>How a gateway learns which revision answered: it asks the sidecar, which is told its pod's. Whoever does not ask gets the engine's answer as it is.</summary>
public static class PodRevision
{
    /// <summary>Header of a request that asks; it goes no further than the sidecar.</summary>
    public const string AskHeader = "x-llmops-ask-revision";

    /// <summary>Header of the answer.</summary>
    public const string Header = "x-llmops-endpoint-revision";
}
