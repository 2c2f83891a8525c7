using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Server;

namespace LlmOperator.Sandbox.Apply;

/// <summary>
/// Field ownership: server-side apply, and the tracking of all other writes in <c>metadata.managedFields</c>.
/// </summary>
internal static class FieldManager
{
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    /// <summary>Fields nobody owns: the server sets them, or they say which object it is.</summary>
    private static readonly FieldSet Unowned = CreateUnowned();

    /// <summary>
    /// Records a create or an update: the fields that changed become the manager's and leave all others; removed fields leave
    /// everybody. A client may hand in managedFields of its own, or an empty list to forget them all.
    /// </summary>
    /// <param name="old">Present state; null on create.</param>
    /// <param name="obj">New state; its <c>managedFields</c> are set.</param>
    /// <param name="kind">Kind and version it is written in.</param>
    /// <param name="manager">Field manager.</param>
    /// <param name="subresource">Null for the object itself.</param>
    /// <param name="now">Time of the write.</param>
    public static void Update(JsonObject? old, JsonObject obj, KindDefinition kind, string manager, string? subresource, DateTimeOffset now)
    {
        var managers = Present(old, obj, subresource);
        if (old is null || managers.Count > 0)
        {
            Track(managers, old, obj, kind, new Manager(manager, false, kind.ApiVersion, subresource ?? ""), now);
        }

        ManagedFields.Write(obj, managers);
    }

    /// <summary>Server-side apply.</summary>
    /// <param name="live">Present state, which is not changed; null creates the object.</param>
    /// <param name="config">What the manager wants: all fields it means to own, and no others.</param>
    /// <param name="kind">Kind and version of both.</param>
    /// <param name="manager">Field manager.</param>
    /// <param name="subresource">Null for the object itself.</param>
    /// <param name="force">Whether fields of other managers are taken.</param>
    /// <param name="now">Time of the write.</param>
    /// <returns>The new state, defaulted, with its <c>managedFields</c>; equal to the live one when nothing changes.</returns>
    /// <exception cref="StatusException">400 or 500 for a configuration that cannot be applied, 409 with causes for fields of other managers.</exception>
    public static JsonObject Apply(JsonObject? live, JsonObject config, KindDefinition kind, string manager, string? subresource, bool force, DateTimeOffset now)
    {
        var managers = ManagedFields.Read(live) ?? [];
        var bare = WithoutManagers(live ?? new JsonObject { ["apiVersion"] = kind.ApiVersion, ["kind"] = kind.Kind });
        if (live is not null && managers.Count == 0)
        {
            Track(managers, null, bare, kind, new Manager("before-first-apply", false, kind.ApiVersion, ""), now);
        }

        var self = new Manager(manager, true, kind.ApiVersion, subresource ?? "");
        var isTracked = Tracked(kind, subresource);
        var wanted = Ownership.Of(config, kind.Schema).Where(element => isTracked(element.FieldName));
        var last = managers.Find(self.IsSame);
        managers.RemoveAll(self.IsSame);
        managers.Add(self with { Fields = wanted, Time = last?.Time });

        var merged = Prune(Merger.Merge(bare, config, kind.Schema), kind.Schema, last, managers);
        var comparison = Comparison.Of(bare, merged, kind.Schema, isTracked);
        var conflicts = Conflicts(managers, comparison, self);
        if (conflicts.Count > 0 && !force && !(manager == "kubectl" && AreFromLastApplied(conflicts, bare, kind.Schema)))
        {
            throw Conflict(conflicts);
        }

        Yield(managers, comparison, self);
        var index = managers.FindIndex(self.IsSame);
        if (index >= 0)
        {
            var owned = managers[index].Fields.Difference(Unowned);
            var changed = live is null || !JsonNode.DeepEquals(bare, merged);
            managers[index] = managers[index] with { Fields = owned, Time = changed ? ManagedFields.Timestamp(now) : managers[index].Time };
        }

        managers.RemoveAll(entry => entry.Fields.IsEmpty);
        ManagedFields.Cap(managers);
        KeepLastApplied(merged, config, manager);
        Defaulter.Apply(merged, kind.Schema);
        kind.Behavior.Default(merged);
        ManagedFields.Write(merged, managers);
        return merged;
    }

    /// <summary>The managers to go on from: the request's own when it brings valid ones to the object itself, else those of the live object.</summary>
    private static List<Manager> Present(JsonObject? old, JsonObject obj, string? subresource)
    {
        if (subresource is null)
        {
            if (ManagedFields.IsReset(obj))
            {
                return [];
            }

            if (ManagedFields.Read(obj) is { Count: > 0 } given)
            {
                return given;
            }
        }

        return ManagedFields.Read(old) ?? [];
    }

    private static void Track(List<Manager> managers, JsonObject? old, JsonObject obj, KindDefinition kind, Manager self, DateTimeOffset now)
    {
        var comparison = Comparison.Of(old, obj, kind.Schema, Tracked(kind, self.Subresource.Length == 0 ? null : self.Subresource));
        Yield(managers, comparison, null);
        var taken = comparison.Modified.Union(comparison.Added).Difference(Unowned);
        if (!taken.IsEmpty)
        {
            var index = managers.FindIndex(self.IsSame);
            var fields = index < 0 ? taken : managers[index].Fields.Union(taken);
            if (index >= 0)
            {
                managers.RemoveAt(index);
            }

            managers.Add(self with { Fields = fields, Time = ManagedFields.Timestamp(now) });
        }

        managers.RemoveAll(entry => entry.Fields.IsEmpty);
        ManagedFields.Cap(managers);
    }

    /// <summary>Everybody but <paramref name="self"/> gives up what changed and what is gone.</summary>
    private static void Yield(List<Manager> managers, Comparison comparison, Manager? self)
    {
        var gone = comparison.Modified.Union(comparison.Added).Union(comparison.Removed);
        if (gone.IsEmpty)
        {
            return;
        }

        for (var index = 0; index < managers.Count; index++)
        {
            if (self is null || !managers[index].IsSame(self))
            {
                managers[index] = managers[index] with { Fields = managers[index].Fields.Difference(gone) };
            }
        }
    }

    /// <summary>Takes out what the manager applied last time, not this time, and nobody else owns.</summary>
    private static JsonObject Prune(JsonObject merged, Schema schema, Manager? last, List<Manager> managers)
    {
        if (last is null || last.Fields.IsEmpty)
        {
            return merged;
        }

        var all = Ownership.WithNamedFields(Ownership.Of(merged, schema), schema);
        var before = Ownership.WithNamedFields(last.Fields, schema);
        var owned = Ownership.WithNamedFields(managers.Aggregate(new FieldSet(), (set, entry) => set.Union(entry.Fields)), schema);
        var untouched = all.RecursiveDifference(before);
        var unclaimed = all.Difference(untouched.Union(owned));
        var kept = all.RecursiveDifference(unclaimed);
        var gone = all.Difference(kept).Intersection(before);
        return gone.IsEmpty ? merged : Ownership.Without(merged, gone, schema);
    }

    private static List<(Manager Manager, FieldSet Fields)> Conflicts(List<Manager> managers, Comparison comparison, Manager self)
    {
        var changed = comparison.Modified.Union(comparison.Added);
        var conflicts = new List<(Manager, FieldSet)>();
        foreach (var other in managers)
        {
            if (!other.IsSame(self) && other.Fields.Intersection(changed) is { IsEmpty: false } fields)
            {
                conflicts.Add((other, fields));
            }
        }

        return conflicts;
    }

    private static StatusException Conflict(List<(Manager Manager, FieldSet Fields)> conflicts)
    {
        var all = conflicts
            .SelectMany(conflict => conflict.Fields.Paths().Select(path => (Manager: conflict.Manager.ToString(), Path: string.Concat(path.Select(element => element.ToString())))))
            .OrderBy(conflict => conflict.Manager, StringComparer.Ordinal)
            .ThenBy(conflict => conflict.Path, StringComparer.Ordinal)
            .ToList();
        var causes = new JsonArray();
        foreach (var (manager, path) in all)
        {
            causes.Add(new JsonObject { ["reason"] = "FieldManagerConflict", ["message"] = $"conflict with {manager}", ["field"] = path });
        }

        var message = new StringBuilder();
        if (all.Count == 1)
        {
            message.Append($"Apply failed with 1 conflict: conflict with {all[0].Manager}: {all[0].Path}");
        }
        else
        {
            message.Append($"Apply failed with {all.Count} conflicts: ");
            message.AppendJoin('\n', all.GroupBy(conflict => conflict.Manager).Select(group =>
                string.Join('\n', group.Select(conflict => $"- {conflict.Path}").Prepend($"conflicts with {group.Key}:"))));
        }

        return new StatusException(409, "Conflict", message.ToString(), new JsonObject { ["causes"] = causes });
    }

    /// <summary>kubectl may take over from its own client-side apply without force.</summary>
    private static bool AreFromLastApplied(List<(Manager Manager, FieldSet Fields)> conflicts, JsonObject live, Schema schema)
    {
        if (!JsonScalars.TryString(live["metadata"]?["annotations"]?[LastApplied], out var text))
        {
            return false;
        }

        try
        {
            if (JsonText.Parse(Encoding.UTF8.GetBytes(text)) is not JsonObject applied)
            {
                return false;
            }

            var allowed = Ownership.Of(applied, schema);
            return conflicts.TrueForAll(conflict => conflict.Fields.Difference(allowed).IsEmpty);
        }
        catch (DecodeException)
        {
            return false;
        }
    }

    /// <summary>An object that kubectl once applied client-side stays usable that way after kubectl applies it server-side.</summary>
    private static void KeepLastApplied(JsonObject obj, JsonObject config, string manager)
    {
        if (manager == "kubectl" && obj["metadata"]?["annotations"] is JsonObject annotations && annotations.ContainsKey(LastApplied))
        {
            annotations[LastApplied] = JsonScalars.ToText(config) + "\n";
        }
    }

    /// <summary>
    /// Refuses a configuration that cannot be merged. An unknown field is a fault here, not pruned: dropping it would silently give up
    /// what its owner means. As on the real server the answer is then 500 without a reason.
    /// </summary>
    public static void CheckConfig(JsonObject config, KindDefinition kind)
    {
        if (config["metadata"]?["managedFields"] is not null)
        {
            throw new StatusException(400, "BadRequest", "metadata.managedFields must be nil");
        }

        JsonScalars.TryString(config["apiVersion"], out var apiVersion);
        if (apiVersion != kind.ApiVersion)
        {
            throw new StatusException(400, "BadRequest", $"Incorrect version specified in apply patch. Specified patch version: {apiVersion}, expected: {kind.ApiVersion}");
        }

        if (ConfigCheck.Fault(config, kind.Schema) is { } fault)
        {
            JsonScalars.TryString(config["metadata"]?["namespace"], out var ns);
            JsonScalars.TryString(config["metadata"]?["name"], out var name);
            throw new StatusException(500, "", $"failed to create typed patch object ({ns}/{name}; {kind.Group}/{kind.Version}, Kind={kind.Kind}): {fault}");
        }
    }

    /// <summary>Fields of the root a write through this path can touch: status on its own, everything else without it.</summary>
    private static Func<string, bool> Tracked(KindDefinition kind, string? subresource) => (subresource, kind) switch
    {
        (null or "scale", { StatusSubresource: true }) => static name => name != "status",
        ("status", { Custom: true }) => static name => name == "status",
        ("status", _) => static name => name is "status" or "metadata",
        _ => static _ => true,
    };

    private static JsonObject WithoutManagers(JsonObject obj)
    {
        if (obj["metadata"] is not JsonObject metadata || !metadata.ContainsKey("managedFields"))
        {
            return obj;
        }

        var copy = new JsonObject();
        foreach (var (name, value) in obj)
        {
            if (!ReferenceEquals(value, metadata))
            {
                copy[name] = value?.DeepClone();
                continue;
            }

            var bare = new JsonObject();
            foreach (var (field, part) in metadata)
            {
                if (field != "managedFields")
                {
                    bare[field] = part?.DeepClone();
                }
            }

            copy[name] = bare;
        }

        return copy;
    }

    private static FieldSet CreateUnowned()
    {
        var set = new FieldSet();
        var metadata = PathElement.Field("metadata");
        set.Insert([PathElement.Field("apiVersion")]);
        set.Insert([PathElement.Field("kind")]);
        set.Insert([metadata]);
        foreach (var name in (ReadOnlySpan<string>)["name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields", "resourceVersion"])
        {
            set.Insert([metadata, PathElement.Field(name)]);
        }

        return set;
    }
}
