using System.Text.Json.Nodes;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Sandbox.Runtime;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Lifecycle;

/// <summary>Gives every namespace its default ServiceAccount and the certificate by which pods trust the API server, and gives them again when they are taken away.</summary>
internal sealed class NamespaceContents(ClusterRuntime runtime, string certificateAuthority) : Controller(runtime)
{
    private const string Account = "default";
    private const string Certificate = "kube-root-ca.crt";

    /// <inheritdoc/>
    public override string Name => "kube-controller-manager";

    /// <inheritdoc/>
    public override void Observe(in ClusterEvent change)
    {
        if (change.Ref.Resource == Resources.Namespaces && change.Type == WatchEventType.Added)
        {
            Enqueue(change.Ref);
        }
        else if (change.Ref.Namespace is { } ns
            && ((change.Type == WatchEventType.Deleted && change.Ref.Resource == Resources.ServiceAccounts && change.Ref.Name == Account)
                || (change.Type != WatchEventType.Added && change.Ref.Resource == Resources.ConfigMaps && change.Ref.Name == Certificate)))
        {
            Enqueue(new ObjectRef(Resources.Namespaces, null, ns));
        }
    }

    /// <inheritdoc/>
    public override void Reconcile(ObjectRef key)
    {
        if (Cluster.Get(key) is not { } ns || ns.IsDeleting())
        {
            return;
        }

        if (Cluster.Get(new ObjectRef(Resources.ServiceAccounts, key.Name, Account)) is null)
        {
            Cluster.Create(Resources.ServiceAccounts, new JsonObject { ["metadata"] = new JsonObject { ["name"] = Account, ["namespace"] = key.Name } }, Name);
        }

        var certificate = new ObjectRef(Resources.ConfigMaps, key.Name, Certificate);
        if (Cluster.Get(certificate) is null)
        {
            Cluster.Create(
                Resources.ConfigMaps,
                new JsonObject
                {
                    ["metadata"] = new JsonObject
                    {
                        ["name"] = Certificate,
                        ["namespace"] = key.Name,
                        ["annotations"] = new JsonObject
                        {
                            ["kubernetes.io/description"] =
                                "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
                        },
                    },
                    ["data"] = new JsonObject { ["ca.crt"] = certificateAuthority },
                },
                Name);
        }
        else
        {
            Cluster.Update(certificate, copy => copy["data"] = new JsonObject { ["ca.crt"] = certificateAuthority }, Name);
        }
    }
}
