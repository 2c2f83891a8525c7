using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json.Nodes;
using LlmOperator.Api.Schema;
using LlmOperator.Kubernetes;

namespace LlmOperator.Api.Generation;

/// <summary>Makes a CustomResourceDefinition of a C# type.</summary>
[RequiresUnreferencedCode("Walks the types by reflection.")]
internal sealed class CrdGenerator(XmlDocumentation documentation)
{
    public JsonObject Generate(Type type)
    {
        var resource = (ResourceType)type.GetProperty("Resource", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;
        var attribute = type.GetCustomAttribute<CustomResourceAttribute>()!;
        return new()
        {
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["kind"] = "CustomResourceDefinition",
            ["metadata"] = new JsonObject { ["name"] = $"{resource.Plural}.{resource.Group}" },
            ["spec"] = new JsonObject
            {
                ["group"] = resource.Group,
                ["names"] = new JsonObject
                {
                    ["categories"] = new JsonArray(ApiGroup.Category),
                    ["kind"] = resource.Kind,
                    ["listKind"] = resource.Kind + "List",
                    ["plural"] = resource.Plural,
                    ["shortNames"] = new JsonArray(attribute.ShortName),
                    ["singular"] = resource.Kind.ToLowerInvariant(),
                },
                ["scope"] = resource.Namespaced ? "Namespaced" : "Cluster",
                ["versions"] = new JsonArray(Version(type, resource, attribute)),
            },
        };
    }

    private JsonObject Version(Type type, ResourceType resource, CustomResourceAttribute attribute)
    {
        var subresources = new JsonObject { ["status"] = new JsonObject() };
        if (attribute.ScaleSpecReplicas is not null)
        {
            subresources["scale"] = new JsonObject
            {
                ["labelSelectorPath"] = attribute.ScaleSelector,
                ["specReplicasPath"] = attribute.ScaleSpecReplicas,
                ["statusReplicasPath"] = attribute.ScaleStatusReplicas,
            };
        }

        return new()
        {
            ["name"] = resource.Version,
            ["served"] = true,
            ["storage"] = true,
            ["additionalPrinterColumns"] = new JsonArray([.. type.GetCustomAttributes<PrinterColumnAttribute>().Select(Column)]),
            ["schema"] = new JsonObject { ["openAPIV3Schema"] = new SchemaGenerator(documentation).Root(type) },
            ["subresources"] = subresources,
        };
    }

    private static JsonObject Column(PrinterColumnAttribute column)
    {
        var node = new JsonObject { ["name"] = column.Name, ["type"] = column.Type };
        if (column.Description is not null)
        {
            node["description"] = column.Description;
        }

        if (column.Priority != 0)
        {
            node["priority"] = column.Priority;
        }

        node["jsonPath"] = column.JsonPath;
        return node;
    }
}
