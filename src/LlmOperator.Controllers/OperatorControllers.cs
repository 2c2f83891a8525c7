using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Controllers.Caching;
using LlmOperator.Controllers.Endpoints;
using LlmOperator.Controllers.Models;
using LlmOperator.Kubernetes;
using LlmOperator.Kubernetes.Controllers;
using LlmOperator.Kubernetes.Informers;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Planning;
using LlmOperator.Planning.Accelerators;
using LlmOperator.Planning.Admission;
using LlmOperator.Planning.Endpoints;

namespace LlmOperator.Controllers;

/// <summary>Adds the operator's controllers to a manager: what each is for, and which changes of other objects lead to a look.</summary>
public static class OperatorControllers
{
    /// <summary>Adds the operator's controllers.</summary>
    /// <param name="manager">Manager that runs them.</param>
    /// <param name="catalogue">Accelerator classes.</param>
    /// <param name="workers">Objects of a kind that are worked on at the same time.</param>
    /// <param name="time">Clock.</param>
    /// <param name="licenses">What is done about a model nobody gave a licence.</param>
    public static void Add(ControllerManager manager, AcceleratorCatalogue catalogue, int workers, TimeProvider time, LicensePolicy licenses = LicensePolicy.Warn)
    {
        var caches = new OperatorCaches(manager.Informers, catalogue);
        var events = new RecordedEvents(manager.Events);

        manager.AddController("llmmodel", new LlmModelReconciler(caches, manager.Client, events, time), controller => controller
            .For<LlmModel>(Predicates.GenerationChanged)
            .Watches<LlmEndpoint>(ModelOf, ReferenceChanged)
            .Workers(workers));

        manager.AddController("llmendpoint", new LlmEndpointReconciler(caches, manager.Client, events, catalogue, licenses, time), controller => controller
            .For<LlmEndpoint>(Predicates.GenerationChanged)
            .Owns<Deployment>()
            .Owns<Service>()
            .Watches<Deployment>(gone => Namesakes(caches, gone), IsDeletion)
            .Watches<Service>(gone => Namesakes(caches, gone), IsDeletion)
            .Watches<LlmModel>(model => caches.EndpointsOf(ObjectKey.Of(model)).Select(endpoint => ObjectKey.Of(endpoint)), ModelChanged)
            .Watches<Pod>(static pod => OperatorCaches.EndpointOf(pod) is { } endpoint ? [endpoint] : [], scope: OperatorCaches.PodScope)
            .Watches<Node>(_ => WaitingForNodes(caches), NodeChanged)
            .Workers(workers));
    }

    private static IEnumerable<ObjectKey> ModelOf(LlmEndpoint endpoint) =>
        endpoint.Spec is { } spec ? [new(endpoint.Metadata.Namespace, spec.ModelRef.Name)] : [];

    /// <summary>Endpoints that want the name of an object that is gone.</summary>
    private static IEnumerable<ObjectKey> Namesakes(OperatorCaches caches, IKubeObject gone)
    {
        var key = ObjectKey.Of(gone);
        return ObjectNames.Child(key.Name) == key.Name
            ? [key, .. Hashed()]
            : Hashed();

        // Names made into a label are longer than what they are made of; few names look like one.
        IEnumerable<ObjectKey> Hashed() => key.Name.StartsWith(ObjectNames.HashedPrefix, StringComparison.Ordinal)
            ? caches.AllEndpoints.Select(endpoint => ObjectKey.Of(endpoint)).Where(endpoint => endpoint.Namespace == key.Namespace && ObjectNames.Child(endpoint.Name) == key.Name)
            : [];
    }

    private static bool IsDeletion(ObjectEvent change) => change.Type == ObjectEventType.Deleted;

    /// <summary>Only endpoints that have not all their pods placed care about nodes.</summary>
    private static IEnumerable<ObjectKey> WaitingForNodes(OperatorCaches caches) =>
        caches.AllEndpoints
            .Where(endpoint => !endpoint.Status?.Conditions.IsTrue(ConditionTypes.Scheduled) ?? false)
            .Select(endpoint => ObjectKey.Of(endpoint));

    private static bool ReferenceChanged(ObjectEvent change) =>
        change is not { Type: ObjectEventType.Updated, IsResync: false, Old: LlmEndpoint before, Object: LlmEndpoint after }
        || before.Spec?.ModelRef.Name != after.Spec?.ModelRef.Name
        || before.Metadata.DeletionTimestamp != after.Metadata.DeletionTimestamp;

    private static bool NodeChanged(ObjectEvent change) =>
        change is not { Type: ObjectEventType.Updated, Old: Node before, Object: Node after } || CacheTransforms.Differs(before, after);

    /// <summary>What endpoints make of a model; that another endpoint uses it is none of their business.</summary>
    private static bool ModelChanged(ObjectEvent change) =>
        change is not { Type: ObjectEventType.Updated, IsResync: false, Old: LlmModel before, Object: LlmModel after }
        || before.Metadata.Generation != after.Metadata.Generation
        || before.Metadata.DeletionTimestamp != after.Metadata.DeletionTimestamp
        || before.Status?.ResolvedRevision != after.Status?.ResolvedRevision
        || before.Status?.Conditions.Find(ConditionTypes.Ready) is var was && after.Status?.Conditions.Find(ConditionTypes.Ready) is var now
            && (was?.Status != now?.Status || was?.Message != now?.Message);
}
