using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.CustomResources;

/// <summary>The status of a CustomResourceDefinition: accepted names, stored versions, conditions.</summary>
internal static class DefinitionStatus
{
    /// <summary>Brings the status up to date with the spec: each name is accepted by itself, the definition when all are.</summary>
    /// <param name="definition">Definition; changed in place.</param>
    /// <param name="resources">Resource names other definitions of the group already have.</param>
    /// <param name="kinds">Kind names they have.</param>
    /// <param name="now">Time of transitions.</param>
    public static void Update(JsonObject definition, IReadOnlySet<string> resources, IReadOnlySet<string> kinds, DateTimeOffset now)
    {
        var status = definition.Child("status");
        var names = definition.Object("spec", "names")!;
        if (status["acceptedNames"] is not JsonObject accepted)
        {
            status["acceptedNames"] = accepted = new JsonObject { ["plural"] = "", ["kind"] = "" };
        }

        (string Reason, string Message)? conflict = null;
        Accept("plural", resources, "PluralConflict");
        Accept("singular", resources, "SingularConflict");
        AcceptShortNames();
        Accept("kind", kinds, "KindConflict");
        Accept("listKind", kinds, "ListKindConflict");
        Carry("categories");

        if (conflict is { } last)
        {
            SetCondition(definition, "NamesAccepted", "False", last.Reason, last.Message, now);
            if (!IsTrue(definition, "Established"))
            {
                SetCondition(definition, "Established", "False", "NotAccepted", "not all names are accepted", now);
            }
        }
        else
        {
            SetCondition(definition, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now);
            SetCondition(definition, "Established", "True", "InitialNamesAccepted", "the initial names have been accepted", now);
        }

        void Accept(string field, IReadOnlySet<string> taken, string reason)
        {
            var name = names.Text(field) ?? "";
            if (name == (accepted.Text(field) ?? ""))
            {
                return;
            }

            if (taken.Contains(name))
            {
                conflict = (reason, InUse(name));
            }
            else
            {
                accepted[field] = name;
            }
        }

        void AcceptShortNames()
        {
            var own = accepted.Texts("shortNames");
            var taken = names.Texts("shortNames").Where(name => !own.Contains(name) && resources.Contains(name)).Select(InUse).ToList();
            if (taken.Count > 0)
            {
                conflict = ("ShortNamesConflict", taken.Count == 1 ? taken[0] : $"[{string.Join(", ", taken)}]");
            }
            else
            {
                Carry("shortNames");
            }
        }

        void Carry(string field)
        {
            if (names[field] is { } value)
            {
                accepted[field] = value.DeepClone();
            }
            else
            {
                accepted.Remove(field);
            }
        }

        static string InUse(string name) => $"\"{name}\" is already in use";
    }

    /// <summary>Whether a condition is True.</summary>
    public static bool IsTrue(JsonObject definition, string type) =>
        definition.Objects("status", "conditions").Any(condition => condition.Text("type") == type && condition.Text("status") == "True");

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
}
