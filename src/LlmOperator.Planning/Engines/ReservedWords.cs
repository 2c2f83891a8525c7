namespace LlmOperator.Planning.Engines;

/// <summary>What to set instead of an option that is the operator's.</summary>
internal static class ReservedWords
{
    public const string Model = "the model is that of spec.modelRef: set that instead";
    public const string Revision = "the revision is the LlmModel's: set its spec.source.huggingFace.revision instead";
    public const string ServedName = "clients know the model by the endpoint's name and the LlmModel's: name one of these so instead";
    public const string Port = "probes and the Service would not follow: set spec.engine.port instead";
    public const string Host = "the operator says it, so that the engine is reached through the sidecar, or directly where there is none: leave it out";
    public const string Tls = "probes and the Service speak plain HTTP to the engine: end TLS in front of it";
    public const string Path = "probes and the Service know no path before the API's: leave it out";
    public const string Tensor = "accelerators would not follow: set spec.parallelism.tensor instead";
    public const string Pipeline = "accelerators would not follow: set spec.parallelism.pipeline instead";
    public const string Data = "accelerators would not follow: set spec.parallelism.data instead";
    public const string Nodes = "pods are told their place by the operator: set spec.parallelism and spec.accelerator.count instead";
}

/// <summary>Variables a LeaderWorkerSet sets in each container of a group.</summary>
internal static class GroupVariables
{
    public const string LeaderAddress = "$(LWS_LEADER_ADDRESS)";
    public const string Rank = "$(LWS_WORKER_INDEX)";
}
