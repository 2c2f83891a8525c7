using System.Reflection;
using LlmOperator.Sandbox.Kinds.Behaviors;
using LlmOperator.Sandbox.Kinds.Printing;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Kinds;

/// <summary>The kinds of Kubernetes itself, read once from the definitions embedded in this assembly.</summary>
internal static class BuiltinKinds
{
    /// <summary>Files in the order their groups are listed in discovery; the shared types come first.</summary>
    private static readonly string[] Files =
    [
        "meta", "pod", "core", "apiregistration", "apps", "events", "authentication", "authorization", "autoscaling", "batch", "certificates",
        "networking", "policy", "rbac", "storage", "admissionregistration", "apiextensions", "scheduling", "coordination", "node", "discovery",
        "resource", "flowcontrol",
    ];

    private static readonly Lazy<DefinitionReader> Definitions = new(Read);
    private static readonly Lazy<IReadOnlyList<KindDefinition>> Kinds = new(() => [.. Definitions.Value.Kinds.Select(Define)]);

    /// <summary>Every version of every built-in kind; of a kind with several, the stored one first.</summary>
    public static IReadOnlyList<KindDefinition> All => Kinds.Value;

    /// <summary>Every named type, by the name OpenAPI gives it, as it is where no field adds a description or default of its own.</summary>
    public static IReadOnlyDictionary<string, Schema> Types => Definitions.Value.Types;

    private static DefinitionReader Read()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var reader = new DefinitionReader();
        foreach (var file in Files)
        {
            var name = $"LlmOperator.Sandbox.Kinds.Definitions.{file}.kinds";
            using var stream = assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not embedded in {assembly}");
            using var text = new StreamReader(stream);
            reader.Add(text.ReadToEnd());
        }

        reader.Resolve();
        return reader;
    }

    private static KindDefinition Define(KindHeader header)
    {
        var events = header is { Group: "events.k8s.io", Kind: "Event" };
        var oldAutoscaler = header is { Group: "autoscaling", Version: "v1", Kind: "HorizontalPodAutoscaler" };
        var verbs = header.List("verbs");
        var definition = new KindDefinition
        {
            Group = header.Group,
            Version = header.Version,
            Kind = header.Kind,
            Plural = header.Plural,
            Namespaced = header.Namespaced,
            ShortNames = header.List("short"),
            Categories = header.List("categories"),
            Schema = header.Schema,
            StatusSubresource = header.Has("status"),
            HasGeneration = header.Has("generation"),
            Scale = ScaleOf(header.List("scale")),
            Subresources = header.List("sub"),
            Verbs = verbs.Length > 0 ? verbs : ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
            Columns = KindColumns.Of(header.Group, header.Version, header.Kind),
            Behavior = KindBehaviors.Of(header.Group, header.Version, header.Kind, header.Schema),
            StoredAs = events ? new ResourceName("", "events") : null,
            StorageVersion = !events && !oldAutoscaler,
            FromStorage = events ? EventConversion.FromCore : oldAutoscaler ? AutoscalerConversion.FromV2 : null,
            ToStorage = events ? EventConversion.ToCore : oldAutoscaler ? AutoscalerConversion.ToV2 : null,
        };
        return definition;
    }

    private static ScalePaths? ScaleOf(string[] paths) =>
        paths.Length == 0 ? null : new ScalePaths(paths[0].Split('.'), paths[1].Split('.'), paths.Length > 2 ? paths[2].Split('.') : null);
}
