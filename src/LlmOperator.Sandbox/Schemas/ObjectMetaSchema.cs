namespace LlmOperator.Sandbox.Schemas;

/// <summary>Schema of <c>metadata</c>, the same for all kinds.</summary>
internal static class ObjectMetaSchema
{
    /// <summary>OpenAPI name of the type.</summary>
    public const string TypeName = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

    /// <summary>The one instance; it is never changed.</summary>
    public static Schema Instance { get; } = Create();

    private static Schema Create()
    {
        var text = new Schema { Type = "string" };
        var time = new Schema { TypeName = "io.k8s.apimachinery.pkg.apis.meta.v1.Time", Type = "string", Format = "date-time" };
        var integer = new Schema { Type = "integer", Format = "int64" };
        var flag = new Schema { Type = "boolean" };
        var meta = new Schema { Type = "object", TypeName = TypeName, Description = "Standard object's metadata." };
        meta.Properties["annotations"] = new Schema
        {
            Type = "object",
            AdditionalProperties = text,
            Description = "Unstructured key value map for tools to store and retrieve arbitrary metadata; not queryable.",
        };
        meta.Properties["creationTimestamp"] = time;
        meta.Properties["deletionGracePeriodSeconds"] = integer;
        meta.Properties["deletionTimestamp"] = time;
        meta.Properties["finalizers"] = new Schema
        {
            Type = "array",
            Items = text,
            ListType = ListType.Set,
            ListTypeDeclared = true,
            PatchStrategy = "merge",
            Description = "Must be empty before the object is deleted; each entry names the component that removes it.",
        };
        meta.Properties["generateName"] = text;
        meta.Properties["generation"] = integer;
        meta.Properties["labels"] = new Schema
        {
            Type = "object",
            AdditionalProperties = text,
            Description = "Map of string keys and values to organise and select objects by.",
        };
        meta.Properties["managedFields"] = new Schema { Type = "array", Items = ManagedFieldsEntry(text, time), ListTypeDeclared = true };
        meta.Properties["name"] = text;
        meta.Properties["namespace"] = text;
        meta.Properties["ownerReferences"] = new Schema
        {
            Type = "array",
            Items = OwnerReference(text, flag),
            ListType = ListType.Map,
            ListTypeDeclared = true,
            ListMapKeys = ["uid"],
            PatchStrategy = "merge",
            PatchMergeKey = "uid",
            Description = "Objects this one depends on; when all of them are gone, it is garbage collected.",
        };
        meta.Properties["resourceVersion"] = text;
        meta.Properties["selfLink"] = text;
        meta.Properties["uid"] = text;
        return meta;
    }

    private static Schema ManagedFieldsEntry(Schema text, Schema time)
    {
        var entry = new Schema { Type = "object", TypeName = "io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry" };
        entry.Properties["apiVersion"] = text;
        entry.Properties["fieldsType"] = text;
        entry.Properties["fieldsV1"] = new Schema
        {
            Type = "object",
            TypeName = "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
            PreserveUnknownFields = true,
        };
        entry.Properties["manager"] = text;
        entry.Properties["operation"] = text;
        entry.Properties["subresource"] = text;
        entry.Properties["time"] = time;
        return entry;
    }

    private static Schema OwnerReference(Schema text, Schema flag)
    {
        var reference = new Schema
        {
            Type = "object",
            TypeName = "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
            AtomicMap = true,
            Required = { "apiVersion", "kind", "name", "uid" },
        };
        reference.Properties["apiVersion"] = text;
        reference.Properties["blockOwnerDeletion"] = flag;
        reference.Properties["controller"] = flag;
        reference.Properties["kind"] = text;
        reference.Properties["name"] = text;
        reference.Properties["uid"] = text;
        return reference;
    }
}
