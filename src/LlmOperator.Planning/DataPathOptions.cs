namespace LlmOperator.Planning;

/// <summary>What the operator puts between clients and engines, and what it runs it from.</summary>
public sealed record DataPathOptions
{
    private static readonly string Version = typeof(DataPathOptions).Assembly.GetName().Version!.ToString(3);

    /// <summary>Image of the sidecar in front of each engine.</summary>
    public string PromptTraceImage { get; init; } = $"ghcr.io/llm-operator/prompt-trace:{Version}";

    /// <summary>
    /// Whether a new <see cref="PromptTraceImage"/> replaces the pods of endpoints that have not changed otherwise. Where not, they keep the sidecar they run with until their next revision: an upgrade of
    /// the operator loads no model anew.
    /// </summary>
    public bool ReplaceSidecars { get; init; }

    /// <summary>Image of the gateway of a namespace.</summary>
    public string GatewayImage { get; init; } = $"ghcr.io/llm-operator/gateway:{Version}";

    /// <summary>Whether namespaces with endpoints get a gateway.</summary>
    public bool Gateway { get; init; } = true;

    /// <summary>Pods of a gateway.</summary>
    public int GatewayReplicas { get; init; } = 2;

    /// <summary>OTLP receiver of endpoints that name no exporter, and of gateways; null for none.</summary>
    public Uri? TraceEndpoint { get; init; }
}
