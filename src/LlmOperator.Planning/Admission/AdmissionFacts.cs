using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Accelerators;

namespace LlmOperator.Planning.Admission;

/// <summary>What is known beside the object under review: the other objects of its namespace, and the operator's settings.</summary>
public sealed record AdmissionFacts
{
    /// <summary>The LlmModel of a name; null when there is none.</summary>
    public required Func<string, LlmModel?> Model { get; init; }

    /// <summary>The LlmEndpoint of a name; null when there is none.</summary>
    public required Func<string, LlmEndpoint?> Endpoint { get; init; }

    /// <summary>The RagIndex of a name; null when there is none. Null itself where indexes are not looked at.</summary>
    public Func<string, RagIndex?>? RagIndex { get; init; }

    /// <summary>The LlmEndpoints that name an LlmModel.</summary>
    public required Func<string, IReadOnlyList<LlmEndpoint>> UsersOf { get; init; }

    /// <summary>Nodes of the cluster.</summary>
    public Func<IReadOnlyList<Node>> Nodes { get; init; } = static () => [];

    /// <summary>Whether the cluster has the kind LeaderWorkerSet.</summary>
    public bool HasLeaderWorkerSets { get; init; }

    /// <summary>Present time.</summary>
    public DateTimeOffset Now { get; init; }

    /// <summary>Accelerator classes there are.</summary>
    public required AcceleratorCatalogue Catalogue { get; init; }

    /// <summary>What is done about a model nobody gave a licence.</summary>
    public LicensePolicy LicensePolicy { get; init; }

    /// <summary>What stands between clients and engines.</summary>
    public DataPathOptions DataPath { get; init; } = new();
}
