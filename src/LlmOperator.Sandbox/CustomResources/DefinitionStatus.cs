using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.CustomResources;

/// <summary>The status of a CustomResourceDefinition: accepted names, stored versions, conditions.</summary>
internal static class DefinitionStatus
{
    /// <summary>Brings the status up to date with the spec.</summary>
    /// <param name="definition">Definition; changed in place.</param>
    /// <param name="conflicts">Names another definition already has.</param>
    /// <param name="now">Time of transitions.</param>
    public static void Update(JsonObject definition, IReadOnlyList<string> conflicts, DateTimeOffset now)
    {
        var status = definition.Child("status");
        var names = definition.Object("spec", "names")!;
        if (conflicts.Count == 0)
        {
            status["acceptedNames"] = names.DeepClone();
            SetCondition(definition, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now);
            SetCondition(definition, "Established", "True", "InitialNamesAccepted", "the initial names have been accepted", now);
        }
        else
        {
            status["acceptedNames"] ??= new JsonObject { ["plural"] = "", ["kind"] = "" };
            var text = string.Join(", ", conflicts.Select(name => $"\"{name}\""));
            SetCondition(definition, "NamesAccepted", "False", ReasonOf(names, conflicts[0]), $"{text} is already in use", now);
            if (!IsTrue(definition, "Established"))
            {
                SetCondition(definition, "Established", "False", "NotAccepted", "not all names are accepted", now);
            }
        }

        var stored = status.Texts("storedVersions").ToList();
        foreach (var version in definition.Objects("spec", "versions"))
        {
            if (version.Flag("storage") == true && version.Text("name") is { } name && !stored.Contains(name))
            {
                stored.Add(name);
            }
        }

        status["storedVersions"] = stored.ToJson();
    }

    /// <summary>Whether a condition is True.</summary>
    public static bool IsTrue(JsonObject definition, string type) =>
        definition.Objects("status", "conditions").Any(condition => condition.Text("type") == type && condition.Text("status") == "True");

    /// <summary>All names in a set of names.</summary>
    public static IEnumerable<string> Names(JsonObject? names)
    {
        foreach (var field in (string[])["plural", "singular", "kind", "listKind"])
        {
            if (names.Text(field) is { Length: > 0 } name)
            {
                yield return name;
            }
        }

        foreach (var name in names.Texts("shortNames"))
        {
            yield return name;
        }
    }

    /// <summary>Sets a condition; its transition time moves only when its status does.</summary>
    public static void SetCondition(JsonObject definition, string type, string status, string reason, string message, DateTimeOffset now)
    {
        var parent = definition.Child("status");
        if (parent["conditions"] is not JsonArray conditions)
        {
            parent["conditions"] = conditions = [];
        }

        var condition = conditions.OfType<JsonObject>().FirstOrDefault(item => item.Text("type") == type);
        if (condition is null)
        {
            condition = new JsonObject { ["type"] = type };
            conditions.Add(condition);
        }

        if (condition.Text("status") != status)
        {
            condition["lastTransitionTime"] = Cluster.Timestamp(now);
        }

        condition["status"] = status;
        condition["reason"] = reason;
        condition["message"] = message;
    }

    private static string ReasonOf(JsonObject names, string conflict) =>
        conflict == names.Text("plural") ? "PluralConflict"
        : conflict == names.Text("singular") ? "SingularConflict"
        : conflict == names.Text("kind") ? "KindConflict"
        : conflict == names.Text("listKind") ? "ListKindConflict"
        : "ShortNamesConflict";
}
