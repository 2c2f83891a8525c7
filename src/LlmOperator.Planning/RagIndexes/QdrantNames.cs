using System.Security.Cryptography;
using System.Text;
using LlmOperator.Api;
using LlmOperator.Api.RagIndexes;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Planning.RagIndexes;

/// <summary>Names and labels of the objects of a managed Qdrant.</summary>
public static class QdrantNames
{
    /// <summary>Value of the component label.</summary>
    public const string Component = "qdrant";

    /// <summary>Secret of a namespace with the API keys of all its managed Qdrants. It has one name everywhere, so that the operator's rights end at it.</summary>
    public const string Keys = "llm-qdrant-api-keys";

    /// <summary>Selects that Secret, in text form.</summary>
    public const string KeysSelector = "metadata.name=" + Keys;

    /// <summary>Port of the REST API.</summary>
    public const int HttpPort = 6333;

    /// <summary>Port of the gRPC API.</summary>
    public const int GrpcPort = 6334;

    /// <summary>Port peers speak to each other on.</summary>
    public const int PeerPort = 6335;

    /// <summary>Label of the one Service of a Qdrant that leads Prometheus to its pods; by two it would count each pod twice.</summary>
    public const string MonitoredLabel = ApiGroup.Name + "/monitored";

    private const string Suffix = "-qdrant";

    /// <summary>Longest name of a StatefulSet: the revision its pods carry as a label is made of it and of a hash.</summary>
    private const int Longest = 52;

    /// <summary>Name of the StatefulSet, the Service and what goes with them.</summary>
    public static string Of(string index)
    {
        ArgumentNullException.ThrowIfNull(index);
        if (char.IsAsciiLetterLower(index[0]) && !index.Contains('.', StringComparison.Ordinal) && index.Length + Suffix.Length <= Longest)
        {
            return index + Suffix;
        }

        var readable = index.Replace('.', '-');
        return $"{ObjectNames.HashedPrefix}{readable[..Math.Min(readable.Length, Longest - Suffix.Length - ObjectNames.HashedPrefix.Length - 7)].TrimEnd('-')}-{Hash(index)}{Suffix}";
    }

    /// <summary>Name of the headless Service that names the pods.</summary>
    public static string Headless(string index) => Of(index) + "-headless";

    /// <summary>Address inside the cluster.</summary>
    public static string Url(RagIndex index) => $"http://{Of(index.Metadata.Name!)}.{index.Metadata.Namespace}.svc:{HttpPort}";

    /// <summary>Address of one node inside the cluster.</summary>
    public static string NodeUrl(RagIndex index, int ordinal) => $"http://{Of(index.Metadata.Name!)}-{ordinal}.{Headless(index.Metadata.Name!)}.{index.Metadata.Namespace}.svc:{HttpPort}";

    /// <summary>Number of the pod a peer runs in, by the address its peers know it by; null when that is none of this StatefulSet's.</summary>
    public static int? Ordinal(RagIndex index, string uri)
    {
        var prefix = Of(index.Metadata.Name!) + "-";
        return Uri.TryCreate(uri, UriKind.Absolute, out var address) && address.Host.Split('.')[0] is var pod
            && pod.StartsWith(prefix, StringComparison.Ordinal) && int.TryParse(pod.AsSpan(prefix.Length), System.Globalization.NumberStyles.None, null, out var ordinal)
            ? ordinal
            : null;
    }

    /// <summary>Key of <see cref="Keys"/> with the API key of an index.</summary>
    public static string Key(string index) => index;

    /// <summary>Key of <see cref="Keys"/> with the key that may only read. No RagIndex can have a name with an underscore.</summary>
    public static string ReadOnlyKey(string index) => index + "_read-only";

    /// <summary>Labels by which the pods are selected. A StatefulSet's selector cannot change, so neither may these.</summary>
    public static IReadOnlyDictionary<string, string> Selector(RagIndex index) => new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        [ObjectNames.ComponentLabel] = Component,
        [ApiGroup.RagIndexLabel] = index.Metadata.Name!,
    };

    /// <summary>Labels of every object of the Qdrant.</summary>
    public static SortedDictionary<string, string> Labels(RagIndex index) => new(StringComparer.Ordinal)
    {
        [ObjectNames.ComponentLabel] = Component,
        ["app.kubernetes.io/instance"] = index.Metadata.Name!,
        ["app.kubernetes.io/managed-by"] = ObjectNames.ManagedBy,
        ["app.kubernetes.io/name"] = "qdrant",
        ["app.kubernetes.io/part-of"] = ObjectNames.ManagedBy,
        [ApiGroup.RagIndexLabel] = index.Metadata.Name!,
    };

    private static string Hash(string index) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(index)))[..6];
}
