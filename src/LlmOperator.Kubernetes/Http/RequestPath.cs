using System.Text;
using LlmOperator.Kubernetes.Client;

namespace LlmOperator.Kubernetes.Http;

/// <summary>Paths and queries of the API.</summary>
internal sealed class RequestPath
{
    private readonly StringBuilder _text;
    private char _separator = '?';

    private RequestPath(StringBuilder text) => _text = text;

    /// <summary>Path of a kind, in one namespace or all.</summary>
    public static RequestPath Collection(ResourceType resource, string? ns)
    {
        if (ns is not null && !resource.Namespaced)
        {
            throw new ArgumentException($"{resource.Kind} is cluster-scoped and lives in no namespace, but \"{ns}\" was given");
        }

        var text = new StringBuilder(resource.Group.Length == 0 ? "/api/" : "/apis/").Append(resource.ApiVersion);
        if (ns is not null)
        {
            text.Append("/namespaces/").Append(Uri.EscapeDataString(ns));
        }

        return new RequestPath(text.Append('/').Append(resource.Plural));
    }

    /// <summary>Path of an object or of one of its subresources.</summary>
    public static RequestPath Object(ResourceType resource, ObjectKey key, string? subresource = null)
    {
        if (string.IsNullOrEmpty(key.Name))
        {
            throw new ArgumentException($"the {resource.Kind} has no metadata.name");
        }

        if (key.Namespace is null && resource.Namespaced)
        {
            throw new ArgumentException($"{resource.Kind} {key.Name} has no namespace, but its kind lives in one; set metadata.namespace");
        }

        var path = Collection(resource, key.Namespace);
        path._text.Append('/').Append(Uri.EscapeDataString(key.Name));
        if (subresource is not null)
        {
            path._text.Append('/').Append(subresource);
        }

        return path;
    }

    public RequestPath With(string name, string? value)
    {
        if (value is not null)
        {
            _text.Append(_separator).Append(name).Append('=').Append(Uri.EscapeDataString(value));
            _separator = '&';
        }

        return this;
    }

    public RequestPath With(string name, int? value) => With(name, value?.ToString());

    public RequestPath With(string name, bool value) => With(name, value ? "true" : null);

    public RequestPath With(ListOptions? options) => options is null ? this : With("labelSelector", options.LabelSelector)
        .With("fieldSelector", options.FieldSelector)
        .With("limit", options.Limit)
        .With("continue", options.Continue)
        .With("resourceVersion", options.ResourceVersion)
        .With("resourceVersionMatch", options.ResourceVersionMatch?.ToString());

    public RequestPath With(WatchOptions options) => With("watch", true)
        .With("allowWatchBookmarks", true)
        .With("labelSelector", options.LabelSelector)
        .With("fieldSelector", options.FieldSelector)
        .With("resourceVersion", options.ResourceVersion)
        .With("sendInitialEvents", options.SendInitialEvents)
        .With("resourceVersionMatch", options.SendInitialEvents ? "NotOlderThan" : null)
        .With("timeoutSeconds", options.Timeout is { } timeout ? (int)Math.Max(1, timeout.TotalSeconds) : null);

    public RequestPath With(WriteOptions? options) => With("fieldManager", options?.FieldManager)
        .With("fieldValidation", (options?.FieldValidation ?? FieldValidation.Strict).ToString())
        .With("dryRun", options?.DryRun == true ? "All" : null)
        .With("force", options is ApplyOptions { Force: true });

    public override string ToString() => _text.ToString();
}
