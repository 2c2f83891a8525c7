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

    private const string Component = "engine";

    /// <summary>
    /// Name of the Deployment and Service. It is the endpoint's own wherever that is a host name label, which a Service's must be;
    /// otherwise it is made into one, with a hash so that two endpoints never get the same.
    /// </summary>
    public static string Child(string endpoint)
    {
        if (char.IsAsciiLetterLower(endpoint[0]) && !endpoint.Contains('.', StringComparison.Ordinal))
        {
            return endpoint;
        }

        var readable = endpoint.Replace('.', '-');
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(endpoint)))[..6];
        return $"{HashedPrefix}{readable[..Math.Min(readable.Length, 52)].TrimEnd('-')}-{hash}";
    }

    /// <summary>Labels by which an endpoint's pods are selected. A Deployment's selector cannot change, so neither may these.</summary>
    public static IReadOnlyDictionary<string, string> Selector(LlmEndpoint endpoint) => new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["app.kubernetes.io/component"] = Component,
        [ApiGroup.EndpointLabel] = endpoint.Metadata.Name!,
    };

    /// <summary>The selector in text form.</summary>
    public static string SelectorText(LlmEndpoint endpoint) =>
        string.Join(',', Selector(endpoint).Select(label => $"{label.Key}={label.Value}"));

    /// <summary>Labels of every object of an endpoint.</summary>
    public static SortedDictionary<string, string> Labels(LlmEndpoint endpoint) => new(StringComparer.Ordinal)
    {
        ["app.kubernetes.io/component"] = Component,
        ["app.kubernetes.io/instance"] = endpoint.Metadata.Name!,
        ["app.kubernetes.io/managed-by"] = ManagedBy,
        ["app.kubernetes.io/name"] = "llm-endpoint",
        ["app.kubernetes.io/part-of"] = ManagedBy,
        [ApiGroup.EndpointLabel] = endpoint.Metadata.Name!,
    };
}
