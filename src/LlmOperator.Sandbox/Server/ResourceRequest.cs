using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Storage;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Sandbox.Server;

/// <summary>A request to a kind that is served.</summary>
/// <param name="Context">HTTP.</param>
/// <param name="Kind">Kind and version of the path.</param>
/// <param name="Path">The path.</param>
internal sealed record ResourceRequest(HttpContext Context, KindDefinition Kind, RequestPath Path)
{
    /// <summary>Query parameters.</summary>
    public IQueryCollection Query => Context.Request.Query;

    /// <summary>Namespace of the object or collection, null for all or none.</summary>
    public string? Namespace => Kind.Namespaced ? Path.Namespace : null;

    /// <summary>Name of the object.</summary>
    public string Name => Path.Name ?? throw Refusals.BadRequest("name must be provided");

    /// <summary>Collection that holds the objects.</summary>
    public ResourceName Collection => KindRegistry.CollectionOf(Kind);

    /// <summary>404 for the object of the path.</summary>
    public StatusException NotFound() => Refusals.NotFound(Kind.Name, Name);

    /// <summary>The selection of a list or watch.</summary>
    public Selection Selection() => new(
        Kind,
        LabelSelector.Parse(Query["labelSelector"].ToString()),
        FieldSelector.Parse(Query["fieldSelector"].ToString(), Kind),
        Path.Name);
}

/// <summary>Which objects of a collection a request is about.</summary>
internal sealed record Selection(KindDefinition Kind, LabelSelector Labels, FieldSelector Fields, string? Name)
{
    /// <summary>Whether nothing is left out.</summary>
    public bool IsEverything => Labels.IsEverything && Fields.IsEverything && Name is null;

    /// <summary>Whether an object is meant.</summary>
    public bool Matches(StoredObject stored)
    {
        if (IsEverything)
        {
            return true;
        }

        var obj = Writer.View(Kind, stored);
        return (Name is null || stored.Name == Name) && Labels.Matches(obj) && Fields.Matches(Kind, obj);
    }
}
