using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;

namespace LlmOperator.Sandbox.Admission;

/// <summary>Group, version and kind of the object in a review.</summary>
internal readonly record struct ObjectKind(string Group, string Version, string Kind)
{
    /// <summary>As the <c>kind</c> field of a review has it.</summary>
    public JsonObject ToJson() => new() { ["group"] = Group, ["version"] = Version, ["kind"] = Kind };
}

/// <summary>What is about to happen to an object, as admission sees it.</summary>
/// <param name="Kind">Kind and version asked for.</param>
/// <param name="Operation">CREATE, UPDATE, DELETE or CONNECT.</param>
/// <param name="Subresource">Null for the object itself.</param>
internal sealed record AdmissionAttributes(KindDefinition Kind, string Operation, string? Subresource)
{
    /// <summary>Namespace; of a Namespace itself its own name.</summary>
    public string? Namespace { get; init; }

    /// <summary>Name; empty until one is generated.</summary>
    public string Name { get; init; } = "";

    /// <summary>State to be, in the version asked for; null for a delete.</summary>
    public JsonObject? Object { get; init; }

    /// <summary>State that is, in the version asked for; null for a create.</summary>
    public JsonObject? OldObject { get; init; }

    /// <summary>Kind of the object when it is not the resource's own (Scale, Binding, Eviction).</summary>
    public ObjectKind? ObjectKind { get; init; }

    /// <summary>Whether nothing may change anywhere.</summary>
    public bool DryRun { get; init; }

    /// <summary>Who asks.</summary>
    public AdmissionUser User { get; init; } = AdmissionUser.Administrator;

    /// <summary>Options of the request, with their kind.</summary>
    public JsonObject? Options { get; init; }

    /// <summary>Where the webhooks' warnings go.</summary>
    public required List<string> Warnings { get; init; }

    /// <summary>Kind of the object as shown in one of its versions.</summary>
    public ObjectKind KindIn(KindDefinition version) => ObjectKind ?? new(version.Group, version.Version, version.Kind);

    /// <summary>An object of this request in another version of its kind.</summary>
    public JsonObject? ViewIn(KindDefinition version, JsonObject? obj)
    {
        if (obj is null || ReferenceEquals(version, Kind) || ObjectKind is not null)
        {
            return obj;
        }

        var stored = Kind.ToStorage is { } toStorage ? toStorage(obj) : obj.DeepClone().AsObject();
        return version.FromStorage is { } fromStorage ? fromStorage(stored) : stored;
    }

    /// <summary>The way back from <see cref="ViewIn"/>.</summary>
    public JsonObject ViewFrom(KindDefinition version, JsonObject obj)
    {
        if (ReferenceEquals(version, Kind) || ObjectKind is not null)
        {
            return obj;
        }

        var stored = version.ToStorage is { } toStorage ? toStorage(obj) : obj;
        return Kind.FromStorage is { } fromStorage ? fromStorage(stored) : stored;
    }
}
