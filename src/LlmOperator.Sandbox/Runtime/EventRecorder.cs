using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Runtime;

/// <summary>Writes Events as the components of a cluster do: a repeated one counts up instead of becoming another object.</summary>
internal sealed class EventRecorder(ICluster cluster)
{
    private const int Remembered = 4096;

    private readonly Dictionary<(string Uid, string Component, string Reason, string Message), ObjectRef> _known = [];
    private readonly bool _served = cluster.Kinds.Any(kind => kind.Name == Resources.Events);
    private long _serial;

    /// <summary>Records that something happened to an object.</summary>
    public void Normal(JsonObject about, string component, string reason, string message, string? host = null) =>
        Record(about, component, "Normal", reason, message, host);

    /// <summary>Records that something went wrong with an object.</summary>
    public void Warning(JsonObject about, string component, string reason, string message, string? host = null) =>
        Record(about, component, "Warning", reason, message, host);

    private void Record(JsonObject about, string component, string type, string reason, string message, string? host)
    {
        if (!_served)
        {
            return;
        }

        var now = cluster.Time.GetUtcNow();
        var time = Storage.Cluster.Timestamp(now);
        var key = (about.Uid(), component, reason, message);
        if (_known.TryGetValue(key, out var present) && CountUp(present, time))
        {
            return;
        }

        var ns = about.Namespace() ?? "default";
        var name = $"{about.Name()}.{(now.UtcTicks + ++_serial).ToString("x16", CultureInfo.InvariantCulture)}";
        var source = new JsonObject { ["component"] = component };
        if (host is not null)
        {
            source["host"] = host;
        }

        var involved = new JsonObject
        {
            ["kind"] = about.Text("kind"),
            ["name"] = about.Name(),
            ["uid"] = about.Uid(),
            ["apiVersion"] = about.Text("apiVersion"),
            ["resourceVersion"] = about.Text("metadata", "resourceVersion"),
        };
        if (about.Namespace() is { } aboutNamespace)
        {
            involved["namespace"] = aboutNamespace;
        }

        try
        {
            cluster.Create(
                Resources.Events,
                new JsonObject
                {
                    ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns },
                    ["involvedObject"] = involved,
                    ["reason"] = reason,
                    ["message"] = message,
                    ["source"] = source,
                    ["firstTimestamp"] = time,
                    ["lastTimestamp"] = time,
                    ["count"] = 1,
                    ["type"] = type,
                    ["reportingComponent"] = component,
                    ["reportingInstance"] = host ?? "",
                },
                component);
        }
        catch (StatusException)
        {
            // An event is a courtesy: a namespace that is going away takes none, and the work goes on.
            return;
        }

        if (_known.Count >= Remembered)
        {
            _known.Clear();
        }

        _known[key] = new ObjectRef(Resources.Events, ns, name);
    }

    private bool CountUp(ObjectRef reference, string time) => cluster.Update(
        reference,
        obj =>
        {
            obj["count"] = (obj.Integer("count") ?? 1) + 1;
            obj["lastTimestamp"] = time;
        },
        "kube-controller-manager") is not null;
}
