using System.Collections.Immutable;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Admission;

/// <summary>The webhooks configured now, in the order they are asked: by name of the configuration, then as written. Read again only when a configuration changed.</summary>
internal sealed class WebhookConfigurations(ObjectStore store)
{
    private const string Group = "admissionregistration.k8s.io";

    private static readonly ResourceName Mutating = new(Group, "mutatingwebhookconfigurations");
    private static readonly ResourceName Validating = new(Group, "validatingwebhookconfigurations");

    private readonly List _mutating = new(store, Mutating);
    private readonly List _validating = new(store, Validating);

    /// <summary>Whether there is any configuration; asked at every write, so it costs next to nothing.</summary>
    public bool Any => store.Count(Mutating) > 0 || store.Count(Validating) > 0;

    /// <summary>Webhooks that may change objects.</summary>
    public IReadOnlyList<Webhook> MutatingWebhooks => _mutating.Read();

    /// <summary>Webhooks that accept or refuse.</summary>
    public IReadOnlyList<Webhook> ValidatingWebhooks => _validating.Read();

    /// <summary>Configurations and policies of admission are never themselves subject to webhooks: a broken one could not be removed.</summary>
    public static bool IsExempt(KindDefinition kind) => kind.Group == Group;

    private sealed class List(ObjectStore store, ResourceName resource)
    {
        private volatile Parsed? _parsed;

        public IReadOnlyList<Webhook> Read()
        {
            var items = store.Latest(resource).Items;
            if (_parsed is { } parsed && ReferenceEquals(parsed.Items, items))
            {
                return parsed.Webhooks;
            }

            var mutating = resource == Mutating;
            var webhooks = items.Values.SelectMany(item => item.Object.Objects("webhooks")).Select(webhook => new Webhook(webhook, mutating)).ToList();
            _parsed = new Parsed(items, webhooks);
            return webhooks;
        }

        private sealed record Parsed(ImmutableSortedDictionary<string, StoredObject> Items, IReadOnlyList<Webhook> Webhooks);
    }
}
