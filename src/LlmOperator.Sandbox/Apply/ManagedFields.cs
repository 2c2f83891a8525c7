using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Apply;

/// <summary>One writer of an object and the fields it owns.</summary>
/// <param name="Name">Field manager.</param>
/// <param name="IsApply">Apply or Update.</param>
/// <param name="ApiVersion">Version the fields are named in.</param>
/// <param name="Subresource">Subresource it wrote through; empty for the object itself.</param>
internal sealed record Manager(string Name, bool IsApply, string ApiVersion, string Subresource)
{
    /// <summary>What it owns.</summary>
    public FieldSet Fields { get; init; } = new();

    /// <summary>When it last changed something, as written; null when it never has.</summary>
    public string? Time { get; init; }

    /// <summary>Whether two entries are of the same writer: an applier is one whatever version it writes in.</summary>
    public bool IsSame(Manager other) => Name == other.Name && IsApply == other.IsApply && Subresource == other.Subresource && (IsApply || ApiVersion == other.ApiVersion);

    /// <summary>As conflicts name it.</summary>
    public override string ToString()
    {
        var text = JsonScalars.Quote(Name);
        if (Subresource.Length > 0)
        {
            text += $" with subresource {JsonScalars.Quote(Subresource)}";
        }

        return IsApply ? text : $"{text} using {ApiVersion}";
    }
}

/// <summary><c>metadata.managedFields</c>.</summary>
internal static class ManagedFields
{
    private const int MaxUpdateManagers = 10;
    private const string BucketName = "ancient-changes";

    /// <summary>The managers of an object; null when the field is malformed.</summary>
    public static List<Manager>? Read(JsonObject? obj)
    {
        var managers = new List<Manager>();
        switch (obj?["metadata"]?["managedFields"])
        {
            case null:
                return managers;
            case JsonArray entries:
                foreach (var entry in entries)
                {
                    if (entry is not JsonObject fields || ReadEntry(fields) is not { } manager)
                    {
                        return null;
                    }

                    managers.RemoveAll(manager.IsSame);
                    managers.Add(manager);
                }

                return managers;
            default:
                return null;
        }
    }

    /// <summary>Whether a client asks to forget all managers: an empty list, or one empty entry.</summary>
    public static bool IsReset(JsonObject obj) =>
        obj["metadata"]?["managedFields"] is JsonArray entries && (entries.Count == 0 || entries is [JsonObject { Count: 0 }]);

    /// <summary>Writes the managers in the server's order, or removes the field when there are none.</summary>
    public static void Write(JsonObject obj, IEnumerable<Manager> managers)
    {
        var entries = new JsonArray();
        foreach (var manager in Sorted(managers))
        {
            entries.Add(Write(manager));
        }

        if (obj["metadata"] is not JsonObject metadata)
        {
            metadata = [];
            obj["metadata"] = metadata;
        }

        if (entries.Count == 0)
        {
            metadata.Remove("managedFields");
        }
        else
        {
            metadata["managedFields"] = entries;
        }
    }

    /// <summary>Merges the oldest updaters into one entry a version until there are no more than ten.</summary>
    public static void Cap(List<Manager> managers)
    {
        var updaters = managers.Where(manager => !manager.IsApply)
            .OrderBy(manager => Seconds(manager.Time))
            .ThenBy(manager => manager.Name, StringComparer.Ordinal)
            .ToList();
        var excess = updaters.Count - MaxUpdateManagers;
        var buckets = new Dictionary<string, Manager>(StringComparer.Ordinal);
        foreach (var updater in updaters)
        {
            if (excess <= 0)
            {
                return;
            }

            if (!buckets.TryGetValue(updater.ApiVersion, out var bucket))
            {
                buckets[updater.ApiVersion] = updater;
                continue;
            }

            var merged = new Manager(BucketName, false, updater.ApiVersion, "") { Fields = bucket.Fields.Union(updater.Fields), Time = updater.Time };
            managers.Remove(bucket);
            managers.Remove(updater);
            managers.RemoveAll(merged.IsSame);
            managers.Add(merged);
            buckets[updater.ApiVersion] = merged;
            excess--;
        }
    }

    /// <summary>A point in time as <c>time</c> holds it.</summary>
    public static string Timestamp(DateTimeOffset now) => now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static Manager? ReadEntry(JsonObject entry)
    {
        JsonScalars.TryString(entry["operation"], out var operation);
        JsonScalars.TryString(entry["apiVersion"], out var apiVersion);
        JsonScalars.TryString(entry["fieldsType"], out var fieldsType);
        JsonScalars.TryString(entry["manager"], out var name);
        JsonScalars.TryString(entry["subresource"], out var subresource);
        if (operation is not ("Apply" or "Update") || apiVersion.Length == 0 || fieldsType != "FieldsV1")
        {
            return null;
        }

        return new Manager(name, operation == "Apply", apiVersion, subresource)
        {
            Fields = entry["fieldsV1"] is JsonObject fields ? FieldSet.FromJson(fields) : new FieldSet(),
            Time = JsonScalars.TryString(entry["time"], out var time) ? time : null,
        };
    }

    private static JsonObject Write(Manager manager)
    {
        var entry = new JsonObject();
        if (manager.Name.Length > 0)
        {
            entry["manager"] = manager.Name;
        }

        entry["operation"] = manager.IsApply ? "Apply" : "Update";
        entry["apiVersion"] = manager.ApiVersion;
        if (manager.Time is not null)
        {
            entry["time"] = manager.Time;
        }

        entry["fieldsType"] = "FieldsV1";
        entry["fieldsV1"] = manager.Fields.ToJson();
        if (manager.Subresource.Length > 0)
        {
            entry["subresource"] = manager.Subresource;
        }

        return entry;
    }

    private static IEnumerable<Manager> Sorted(IEnumerable<Manager> managers) => managers
        .OrderBy(manager => manager.IsApply ? 0 : 1)
        .ThenBy(manager => Seconds(manager.Time))
        .ThenBy(manager => manager.Name, StringComparer.Ordinal)
        .ThenBy(manager => manager.ApiVersion, StringComparer.Ordinal)
        .ThenBy(manager => manager.Subresource, StringComparer.Ordinal);

    private static long Seconds(string? time) =>
        DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var parsed) ? parsed.ToUnixTimeSeconds() : 0;
}
