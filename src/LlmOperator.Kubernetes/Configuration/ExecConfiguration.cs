using System.Text.Json.Nodes;

namespace LlmOperator.Kubernetes.Configuration;

/// <summary>Whether an exec plugin may talk to a person on standard input.</summary>
public enum ExecInteractiveMode
{
    /// <summary>Never.</summary>
    Never,

    /// <summary>When there is a terminal.</summary>
    IfAvailable,

    /// <summary>It must; without a terminal it is an error.</summary>
    Always,
}

/// <summary>A program that makes credentials (<c>client.authentication.k8s.io</c>): how EKS, GKE and AKS log in.</summary>
public sealed record ExecConfiguration
{
    /// <summary><c>client.authentication.k8s.io/v1</c> or <c>/v1beta1</c>.</summary>
    public required string ApiVersion { get; init; }

    /// <summary>Program, found on the path unless it holds a separator.</summary>
    public required string Command { get; init; }

    /// <summary>Arguments, passed one by one.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Environment variables beyond ours.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Said to the user when the program is missing.</summary>
    public string? InstallHint { get; init; }

    /// <summary>Tell the program about the cluster.</summary>
    public bool ProvideClusterInfo { get; init; }

    /// <summary>Settings of the program in the cluster's extensions, handed on with the cluster.</summary>
    public JsonNode? ClusterSettings { get; init; }

    /// <summary>Whether it may talk to a person.</summary>
    public ExecInteractiveMode InteractiveMode { get; init; } = ExecInteractiveMode.IfAvailable;

    /// <summary>How long it may run.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(1);
}
