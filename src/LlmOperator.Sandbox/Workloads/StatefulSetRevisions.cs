using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Workloads;

/// <summary>The templates a StatefulSet has had, kept as ControllerRevisions: what kubectl shows as its history and can go back to.</summary>
internal sealed class StatefulSetRevisions
{
    /// <summary>Label with the name of a pod's revision.</summary>
    public const string Label = "controller-revision-hash";

    private readonly ICluster _cluster;
    private readonly JsonObject _set;
    private readonly List<JsonObject> _revisions;

    /// <summary>Reads the history and adds the present template to it.</summary>
    public StatefulSetRevisions(ICluster cluster, JsonObject set, string manager)
    {
        (_cluster, _set) = (cluster, set);
        var all = cluster.List(Resources.Revisions, set.Namespace());
        Adoption.Settle(cluster, set, "apps/v1", "StatefulSet", Resources.Revisions, [], all);
        _revisions = [.. cluster.List(Resources.Revisions, set.Namespace()).Where(revision => revision.ControllerRef().Text("uid") == set.Uid()).OrderBy(Number)];
        var template = set.Object("spec", "template") ?? [];
        var next = (_revisions.Count == 0 ? 0 : Number(_revisions[^1])) + 1;
        var present = _revisions.Find(revision => PodTemplates.Same(TemplateOf(revision), template));
        if (present is null)
        {
            present = cluster.Create(Resources.Revisions, New(set, template, next), manager);
            _revisions.Add(present);
        }
        else if (present != _revisions[^1])
        {
            // Going back makes the old template the newest one.
            present = cluster.Update(present.RefIn(Resources.Revisions), revision => revision["revision"] = next, manager) ?? present;
        }

        Update = present.Name();
        var current = set.Text("status", "currentRevision");
        Current = current is { Length: > 0 } && _revisions.Exists(revision => revision.Name() == current) ? current : Update;
    }

    /// <summary>Revision all pods had last.</summary>
    public string Current { get; }

    /// <summary>Revision of the present template.</summary>
    public string Update { get; }

    /// <summary>Revision of a pod.</summary>
    public static string Of(JsonObject pod) => pod.Label(Label) ?? "";

    /// <summary>Template of a revision.</summary>
    public JsonObject Template(string revision) =>
        revision != Update && _revisions.Find(each => each.Name() == revision) is { } found ? TemplateOf(found) : _set.Object("spec", "template") ?? [];

    /// <summary>Deletes the oldest revisions that are beyond the limit and that nothing uses.</summary>
    public void Prune(HashSet<string> used)
    {
        var idle = _revisions.Where(revision => revision.Name() != Current && revision.Name() != Update && !used.Contains(revision.Name())).ToList();
        foreach (var revision in idle.Take((int)Math.Max(0, idle.Count - (_set.Integer("spec", "revisionHistoryLimit") ?? 10))))
        {
            _cluster.Delete(revision.RefIn(Resources.Revisions));
        }
    }

    private static long Number(JsonObject revision) => revision.Integer("revision") ?? 0;

    private static JsonObject TemplateOf(JsonObject revision)
    {
        var template = revision.Object("data", "spec", "template")?.Copy() ?? [];
        template.Remove("$patch");
        return template;
    }

    private static JsonObject New(JsonObject set, JsonObject template, long number)
    {
        var hash = PodTemplates.Hash(template, set.Integer("status", "collisionCount") ?? 0);
        var data = template.Copy();
        data["$patch"] = "replace";
        var labels = template.Object("metadata", "labels")?.Copy() ?? [];
        labels[Label] = hash;
        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{set.Name()}-{hash}",
                ["namespace"] = set.Namespace(),
                ["labels"] = labels,
                ["ownerReferences"] = Objects.OwnedBy(set, "apps/v1", "StatefulSet"),
            },
            ["data"] = new JsonObject { ["spec"] = new JsonObject { ["template"] = data } },
            ["revision"] = number,
        };
    }
}
