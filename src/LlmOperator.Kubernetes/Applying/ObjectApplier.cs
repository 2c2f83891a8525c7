using System.Text.Json;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Http;
using LlmOperator.Kubernetes.Objects;

namespace LlmOperator.Kubernetes.Applying;

/// <summary>An object of the name we want is there and is not ours.</summary>
/// <param name="message">Which object, and whose it is.</param>
public sealed class NotOursException(string message) : Exception(message);

/// <summary>What an apply came to.</summary>
/// <param name="Object">The object as the server or the cache has it.</param>
/// <param name="Written">Whether a request was needed.</param>
public readonly record struct ApplyResult<T>(T Object, bool Written)
    where T : class;

/// <summary>
/// Makes objects what we want them to be by server-side apply, and sends nothing when they are already.
/// </summary>
/// <remarks>
/// Two things must hold for an apply to be skipped: everything wanted is in the live object, so that drift is repaired; and the hash of what was
/// applied last, kept in an annotation, is that of what is wanted now, so that a field we no longer want is given up.
/// <para>
/// An apply adds to what others have put into lists and maps. Where that comes to something the server refuses (a probe with two handlers, a variable with value and source, a second port without
/// a name), the lists of the spec are replaced by ours first, and the object is marked: as such a replacement owns what it sets apart from what is applied, its lists are replaced at each later change too.
/// </para>
/// </remarks>
/// <param name="client">Client to write with.</param>
/// <param name="fieldManager">Field manager of all applies.</param>
/// <param name="hashAnnotation">Key of the annotation that keeps the hash, for example <c>example.com/applied-hash</c>.</param>
public sealed class ObjectApplier(IKubeClient client, string fieldManager, string hashAnnotation)
{
    private string ReplacedAnnotation { get; } = hashAnnotation + "-lists-replaced";

    private ApplyOptions Options { get; } = new() { FieldManager = fieldManager, Force = true };

    private ApplyOptions StatusOptions { get; } = new() { FieldManager = fieldManager, Force = true, Subresource = "status" };

    /// <summary>Applies <paramref name="wanted"/> unless <paramref name="live"/> is it already.</summary>
    /// <param name="wanted">Only the fields to own.</param>
    /// <param name="live">The object as cached; null when there is none.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <param name="wholeSpec">Whether a field that is live and not wanted is drift too: for kinds whose lists the server keeps as a whole and fills in nothing, such as NetworkPolicy.</param>
    /// <exception cref="NotOursException">Another controller manages the live object, or nobody does and we did not make it.</exception>
    public async Task<ApplyResult<T>> ApplyIfChangedAsync<T>(T wanted, T? live, CancellationToken cancellationToken, bool wholeSpec = false)
        where T : class, IKubeObject<T>
    {
        if (live is not null)
        {
            ThrowIfNotOurs(wanted, live);
            if (live.Metadata.DeletionTimestamp is not null)
            {
                // It goes; its deletion is a change that leads to the next look, which makes it anew.
                return new ApplyResult<T>(live, false);
            }
        }

        using var wantedText = Serialize(wanted);
        using var wantedJson = JsonDocument.Parse(wantedText.Written);
        var hash = ContentHash.Of(wantedJson.RootElement);
        if (live?.Metadata.Annotations is { } annotations && annotations.TryGetValue(hashAnnotation, out var applied) && applied == hash)
        {
            using var liveText = Serialize(live);
            using var liveJson = JsonDocument.Parse(liveText.Written);
            if (JsonSubset.Contains(liveJson.RootElement, wantedJson.RootElement) && (!wholeSpec || SameSpec(liveJson.RootElement, wantedJson.RootElement)))
            {
                return new ApplyResult<T>(live, false);
            }
        }

        var key = ObjectKey.Of(wanted);
        var isReplaced = live?.Metadata.Annotations?.ContainsKey(ReplacedAnnotation) == true;
        if (isReplaced)
        {
            await ReplaceListsAsync<T>(key, wantedJson.RootElement, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            return new(await client.ApplyAsync<T>(key, WithHash(wantedJson.RootElement, hash, wanted.Kind), Options, cancellationToken).ConfigureAwait(false), true);
        }
        catch (KubeApiException error) when (error.IsInvalid && live is not null && !isReplaced)
        {
            await ReplaceListsAsync<T>(key, wantedJson.RootElement, cancellationToken).ConfigureAwait(false);
            return new(await client.ApplyAsync<T>(key, WithHash(wantedJson.RootElement, hash, wanted.Kind), Options, cancellationToken).ConfigureAwait(false), true);
        }
    }

    /// <summary>Applies the status of <paramref name="wanted"/> unless the live status says the same.</summary>
    /// <param name="wanted">Name, namespace and the whole status.</param>
    /// <param name="live">The object as cached.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public async Task<ApplyResult<T>> ApplyStatusIfChangedAsync<T>(T wanted, T live, CancellationToken cancellationToken)
        where T : class, IKubeObject<T> =>
        StatusDiffers(wanted, live) ? new(await ApplyStatusAsync(wanted, cancellationToken).ConfigureAwait(false), true) : new(live, false);

    /// <summary>Applies the status of <paramref name="wanted"/>.</summary>
    /// <param name="wanted">Name, namespace and the whole status.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public Task<T> ApplyStatusAsync<T>(T wanted, CancellationToken cancellationToken)
        where T : class, IKubeObject<T>
    {
        using var text = Serialize(wanted);
        return client.ApplyAsync<T>(ObjectKey.Of(wanted), text.Written.ToArray(), StatusOptions, cancellationToken);
    }

    /// <summary>Whether the status of <paramref name="wanted"/> says something else than the live one. An object without status wants none.</summary>
    /// <param name="wanted">The object with the whole status.</param>
    /// <param name="live">The object as cached.</param>
    public static bool StatusDiffers<T>(T wanted, T live)
        where T : class, IKubeObject<T>
    {
        using var wantedText = Serialize(wanted);
        using var wantedJson = JsonDocument.Parse(wantedText.Written);
        if (!wantedJson.RootElement.TryGetProperty("status"u8, out var wantedStatus))
        {
            return false;
        }

        using var liveText = Serialize(live);
        using var liveJson = JsonDocument.Parse(liveText.Written);
        return !liveJson.RootElement.TryGetProperty("status"u8, out var liveStatus) || !JsonSubset.Same(wantedStatus, liveStatus);
    }

    /// <summary>Deletes what an owner has and no longer wants. Objects another controller manages, and those going already, are left alone.</summary>
    /// <param name="ownerUid">Uid of the owner.</param>
    /// <param name="owned">Objects that name the owner, from the cache's index.</param>
    /// <param name="keep">Keys of those still wanted.</param>
    /// <param name="cancellationToken">Cancels the requests.</param>
    /// <returns>How many were deleted.</returns>
    public async Task<int> PruneAsync<T>(string ownerUid, IReadOnlyList<T> owned, IReadOnlySet<ObjectKey> keep, CancellationToken cancellationToken)
        where T : class, IKubeObject<T>
    {
        var deleted = 0;
        foreach (var obj in owned)
        {
            var key = ObjectKey.Of(obj);
            if (keep.Contains(key) || obj.Metadata.DeletionTimestamp is not null || obj.ControllerOf()?.Uid != ownerUid)
            {
                continue;
            }

            // The uid keeps us from deleting a namesake the cache has not seen yet.
            var options = new DeleteOptions { Uid = obj.Metadata.Uid, Propagation = DeletionPropagation.Background };
            deleted += await client.DeleteAsync<T>(key, options, cancellationToken).ConfigureAwait(false) ? 1 : 0;
        }

        return deleted;
    }

    /// <summary>Makes the lists of the live spec what is wanted, with all that others have put into them gone; a merge patch knows no keys of list entries.</summary>
    private async Task ReplaceListsAsync<T>(ObjectKey key, JsonElement wanted, CancellationToken cancellationToken)
        where T : class, IKubeObject<T>
    {
        using var body = new PooledBuffer();
        using (var writer = Writer(body))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("metadata"u8);
            writer.WriteStartObject("annotations"u8);
            writer.WriteString(ReplacedAnnotation, "true"u8);
            writer.WriteEndObject();
            writer.WriteEndObject();
            if (wanted.TryGetProperty("spec"u8, out var spec))
            {
                writer.WritePropertyName("spec"u8);
                spec.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        await client.PatchAsync<T>(key, Patch.Merge(body.Written.ToArray()), new() { FieldManager = fieldManager }, cancellationToken).ConfigureAwait(false);
    }

    private void ThrowIfNotOurs<T>(T wanted, T live)
        where T : class, IKubeObject<T>
    {
        if (wanted.ControllerOf() is not { } owner)
        {
            return;
        }

        var name = $"{live.Kind} {ObjectKey.Of(live)}";
        var manager = live.ControllerOf();
        if (manager is not null && manager.Uid != owner.Uid)
        {
            throw new NotOursException($"{name} is managed by {manager.Kind} {manager.Name} (uid {manager.Uid}): rename one of the two, or delete that object");
        }

        if (manager is null && live.Metadata.Annotations?.ContainsKey(hashAnnotation) != true)
        {
            throw new NotOursException($"{name} was there before and was not made by this controller: rename {owner.Kind} {owner.Name}, or delete that object");
        }
    }

    private static bool SameSpec(JsonElement live, JsonElement wanted) =>
        live.TryGetProperty("spec"u8, out var a) && wanted.TryGetProperty("spec"u8, out var b) && JsonSubset.Same(a, b);

    /// <summary>The object as it is sent: with the hash among its annotations.</summary>
    private byte[] WithHash(JsonElement wanted, string hash, string kind)
    {
        if (!wanted.TryGetProperty("metadata"u8, out var metadata) || metadata.ValueKind != JsonValueKind.Object)
        {
            throw new ArgumentException($"the {kind} wanted has no metadata");
        }

        using var body = new PooledBuffer();
        using (var writer = Writer(body))
        {
            writer.WriteStartObject();
            WriteAllBut(writer, wanted, "metadata");
            writer.WriteStartObject("metadata"u8);
            WriteAllBut(writer, metadata, "annotations");
            writer.WriteStartObject("annotations"u8);
            if (metadata.TryGetProperty("annotations"u8, out var annotations) && annotations.ValueKind == JsonValueKind.Object)
            {
                WriteAllBut(writer, annotations, hashAnnotation);
            }

            writer.WriteString(hashAnnotation, hash);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        // An array of its own: the transport may read it after the answer.
        return body.Written.ToArray();
    }

    private static void WriteAllBut(Utf8JsonWriter writer, JsonElement value, string field)
    {
        foreach (var property in value.EnumerateObject())
        {
            if (!property.NameEquals(field))
            {
                property.WriteTo(writer);
            }
        }
    }

    private static PooledBuffer Serialize<T>(T obj)
        where T : class, IKubeObject<T>
    {
        var text = new PooledBuffer();
        using var writer = Writer(text);
        JsonSerializer.Serialize(writer, obj, T.JsonTypeInfo);
        return text;
    }

    private static Utf8JsonWriter Writer(PooledBuffer buffer) => new(buffer, new JsonWriterOptions { SkipValidation = true });
}
