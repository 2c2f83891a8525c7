using System.Text;
using LlmOperator.Api.Models;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning.Models;

namespace LlmOperator.Controllers.Registries;

/// <summary>Gets the Secret a model's source names, when it is needed and by its name: Secrets are neither listed nor watched nor kept.</summary>
internal sealed class CredentialReader(IKubeClient client)
{
    /// <summary>Credentials for a source.</summary>
    /// <exception cref="RegistryException">The Secret is missing, lacks a key, or may not be read.</exception>
    public async Task<RegistryCredentials> ReadAsync(string? ns, ModelSource source, CancellationToken cancellationToken)
    {
        switch (source)
        {
            case { HuggingFace.TokenSecretRef: { } token }:
                {
                    var secret = await GetAsync(ns, token.Name, "spec.source.huggingFace.tokenSecretRef", cancellationToken).ConfigureAwait(false);
                    return new() { Token = Header(secret, token.Key, "spec.source.huggingFace.tokenSecretRef"), Version = Version(secret) };
                }

            case { S3.CredentialsSecretRef: { } keys }:
                {
                    const string Field = "spec.source.s3.credentialsSecretRef";
                    var secret = await GetAsync(ns, keys.Name, Field, cancellationToken).ConfigureAwait(false);
                    return new()
                    {
                        Aws = new(Header(secret, "AWS_ACCESS_KEY_ID", Field), Header(secret, "AWS_SECRET_ACCESS_KEY", Field), secret.Data?.ContainsKey("AWS_SESSION_TOKEN") == true ? Header(secret, "AWS_SESSION_TOKEN", Field) : null),
                        Version = Version(secret),
                    };
                }

            case { Oci.PullSecretRef: { } pull }:
                {
                    const string Field = "spec.source.oci.pullSecretRef";
                    var secret = await GetAsync(ns, pull.Name, Field, cancellationToken).ConfigureAwait(false);
                    return new() { DockerConfig = Value(secret, ".dockerconfigjson", Field), Version = Version(secret) };
                }

            default:
                return RegistryCredentials.None;
        }
    }

    /// <summary>Whether a source names a Secret.</summary>
    public static bool NamesSecret(ModelSource source) =>
        source is { HuggingFace.TokenSecretRef: not null } or { S3.CredentialsSecretRef: not null } or { Oci.PullSecretRef: not null };

    private static string Version(Secret secret) => $"{secret.Metadata.Uid}/{secret.Metadata.ResourceVersion}";

    private async Task<Secret> GetAsync(string? ns, string name, string field, CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetAsync<Secret>(new ObjectKey(ns, name), cancellationToken).ConfigureAwait(false)
                ?? throw new RegistryException(RegistryReasons.TokenSecretNotFound, $"there is no Secret {name} in this namespace: create it, or correct {field}.name");
        }
        catch (KubeApiException refusal) when (refusal.IsForbidden)
        {
            throw new RegistryException(
                RegistryReasons.TokenSecretForbidden,
                $"the operator may not read Secret {name}, which {field} names: bind its service account to the ClusterRole llm-operator-secret-reader in namespace {ns} by a RoleBinding",
                inner: refusal);
        }
    }

    private static byte[] Value(Secret secret, string key, string field) =>
        secret.Data is { } data && data.TryGetValue(key, out var value) && value.Length > 0
            ? value
            : throw new RegistryException(RegistryReasons.TokenSecretNotFound, $"Secret {secret.Metadata.Name} has no key {key}, or it is empty: add it, or correct {field}");

    /// <summary>A value that goes into a header: without the line end that files have.</summary>
    private static string Header(Secret secret, string key, string field)
    {
        var text = Encoding.UTF8.GetString(Value(secret, key, field)).Trim();
        return text.Length > 0 && text.All(letter => letter is > ' ' and < '\x7f')
            ? text
            : throw new RegistryException(RegistryReasons.InvalidToken, $"key {key} of Secret {secret.Metadata.Name}, which {field} names, holds something that is no token: it may have no spaces, line ends or letters beyond ASCII");
    }
}
