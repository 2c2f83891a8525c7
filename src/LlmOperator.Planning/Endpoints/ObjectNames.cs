using System.Security.Cryptography;
using System.Text;
using LlmOperator.Api;
using LlmOperator.Api.Endpoints;

namespace LlmOperator.Planning.Endpoints;

/// <summary>Names and labels of the objects that serve an endpoint.</summary>
public static class ObjectNames
{
    /// <summary>Value of <c>app.kubernetes.io/managed-by</c> on everything the operator makes.</summary>
    public const string ManagedBy = "llm-operator";

    /// <summary>Label selector of everything the operator makes, in text form.</summary>
    public const string ManagedBySelector = "app.kubernetes.io/managed-by=" + ManagedBy;

    /// <summary>Start of names that are made of an endpoint's rather than being it.</summary>
    public const string HashedPrefix = "llm-";

    /// <summary>Label that tells what part an object has.</summary>
    public const string ComponentLabel = "app.kubernetes.io/component";

    /// <summary>Pods that answer requests, and all objects of an endpoint.</summary>
    internal const string Component = "engine";

    /// <summary>Label selector of pods that answer requests, of whatever endpoint, in text form.</summary>
    public const string AnsweringPods = ComponentLabel + "=" + Component + "," + ApiGroup.EndpointLabel + "," + ApiGroup.RevisionLabel;

    /// <summary>Pods that work for one that answers.</summary>
    internal const string WorkerComponent = "engine-worker";

    /// <summary>Longest name of a LeaderWorkerSet: those of its pods and of their revisions are made of it and become labels.</summary>
    private const int LongestGroup = 42;

    private const string GroupSuffix = "-nodes";

    /// <summary>Labels of the gateway's pods.</summary>
    public static IReadOnlyDictionary<string, string> GatewayPods { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        [ComponentLabel] = "gateway",
        ["app.kubernetes.io/part-of"] = ManagedBy,
    };

    /// <summary>
    /// Name of the Deployment, the Service and what goes with them. It is the endpoint's own wherever that is a host name label, which a Service's must be;
    /// otherwise it is made into one, with a hash so that two endpoints never get the same.
    /// </summary>
    public static string Child(string endpoint)
    {
        if (char.IsAsciiLetterLower(endpoint[0]) && !endpoint.Contains('.', StringComparison.Ordinal))
        {
            return endpoint;
        }

        var readable = endpoint.Replace('.', '-');
        return $"{HashedPrefix}{readable[..Math.Min(readable.Length, 52)].TrimEnd('-')}-{Hash(endpoint)}";
    }

    /// <summary>Name of the LeaderWorkerSet. It cannot be the Service's: the controller of the kind makes a headless Service of its own under the name.</summary>
    public static string Group(string endpoint)
    {
        var name = Child(endpoint) + GroupSuffix;
        return name.Length <= LongestGroup ? name : $"{name[..(LongestGroup - GroupSuffix.Length - 7)].TrimEnd('-')}-{Hash(endpoint)}{GroupSuffix}";
    }

    /// <summary>Labels that every pod of an endpoint has, whatever its part.</summary>
    public static IReadOnlyDictionary<string, string> AllPods(LlmEndpoint endpoint) => new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        [ApiGroup.EndpointLabel] = endpoint.Metadata.Name!,
    };

    /// <summary>Labels by which an endpoint's pods are selected. A Deployment's selector cannot change, so neither may these.</summary>
    public static IReadOnlyDictionary<string, string> Selector(LlmEndpoint endpoint) => new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        [ComponentLabel] = Component,
        [ApiGroup.EndpointLabel] = endpoint.Metadata.Name!,
    };

    /// <summary>The selector in text form.</summary>
    public static string SelectorText(LlmEndpoint endpoint) =>
        string.Join(',', Selector(endpoint).Select(label => $"{label.Key}={label.Value}"));

    /// <summary>Labels of every object of an endpoint.</summary>
    public static SortedDictionary<string, string> Labels(LlmEndpoint endpoint) => new(StringComparer.Ordinal)
    {
        [ComponentLabel] = Component,
        ["app.kubernetes.io/instance"] = endpoint.Metadata.Name!,
        ["app.kubernetes.io/managed-by"] = ManagedBy,
        ["app.kubernetes.io/name"] = "llm-endpoint",
        ["app.kubernetes.io/part-of"] = ManagedBy,
        [ApiGroup.EndpointLabel] = endpoint.Metadata.Name!,
    };

    private static string Hash(string endpoint) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(endpoint)))[..6];
}
