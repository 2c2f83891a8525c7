using System.Text.Encodings.Web;
using System.Text.Json;
using LlmOperator.Gateway.Access;
using LlmOperator.Gateway.Balancing;
using LlmOperator.Gateway.Cluster;
using LlmOperator.Gateway.Prompts;
using LlmOperator.Gateway.Requests;
using LlmOperator.Inference.OpenAi;
using LlmOperator.Inference.Proxying;
using Microsoft.AspNetCore.Http;

namespace LlmOperator.Gateway.Serving;

/// <summary>Finds the endpoint a body is for and what of the body is to be changed: the model's name, the sampling it leaves open, and the prompt where the endpoint has a template.</summary>
/// <param name="cluster">The endpoints.</param>
/// <param name="templates">The prompt templates.</param>
internal sealed class RequestPreparer(ClusterView cluster, TemplateShelf templates)
{
    /// <summary>Stands between an endpoint's name and an adapter's.</summary>
    public const char AdapterMark = ':';

    /// <summary>Prepares a request.</summary>
    /// <exception cref="RefusedException">It cannot be passed on.</exception>
    public ModelRequest Prepare(string operation, ReadOnlyMemory<byte> body, Caller caller)
    {
        var fields = RequestFields.Read(body.Span);
        var (name, adapter) = fields.Model.Split(AdapterMark, 2) is [var endpoint, var rest] ? (endpoint, rest) : (fields.Model, null);
        var served = adapter == "" ? null : cluster.Find(name);
        if (served is null)
        {
            throw NoModel(fields.Model);
        }

        var facts = served.Facts;
        var edits = new List<Edit>();
        var engineName = adapter ?? facts.ServedName;
        if (engineName != fields.Model)
        {
            edits.Add(new(fields.ModelAt.Start.Value, fields.ModelAt.End.Value, Quoted(engineName)));
        }

        try
        {
            // With retrieval, the prompt is made when what it is made of has been found.
            var asked = operation == Operations.Chat && facts.Rag is not null ? PromptText.LastOfUser(body.Span) : null;
            return new()
            {
                Endpoint = served,
                Facts = facts,
                Caller = caller,
                Body = body,
                Edits = edits,
                Defaults = operation is Operations.Chat or Operations.TextCompletion ? engine => new(fields.End, fields.End, GenerationDefaults.Missing(facts.Generation, engine, fields.Given)) : null,
                Asked = asked is var (start, end, query) ? new(start, end, query) : null,
                MaxTokens = fields.MaxTokens ?? facts.Generation?.MaxTokens,
                TemplateHash = operation == Operations.Chat && facts is { Template: not null, Rag: null } ? Apply(facts, body.Span, edits) : null,
                Key = facts.Balancing.PrefixCharacters is { } characters ? HashRing.Hash($"{fields.Model}\n{PromptText.Beginning(body.Span, characters)}") : 0,
            };
        }
        catch (InvalidOperationException)
        {
            throw new RefusedException(new(StatusCodes.Status400BadRequest, "invalid_json", "The body has a name that is not valid Unicode"));
        }
    }

    /// <summary>What clients are told of a model there is none of.</summary>
    public static RefusedException NoModel(string model) =>
        new(new(StatusCodes.Status404NotFound, "model_not_found", $"The model `{Shortened(model)}` does not exist; /v1/models lists those that do") { Param = "model" });

    /// <summary>Puts what the user wrote last into the template. The text goes in as it is and is never expanded.</summary>
    private string? Apply(EndpointFacts facts, ReadOnlySpan<byte> body, List<Edit> edits)
    {
        if (PromptText.LastOfUser(body) is not var (start, end, query))
        {
            return null;
        }

        var template = templates.Get(facts);
        edits.Add(new(start, end, Quoted(template.Render(query, context: ""))));
        return template.Hash;
    }

    /// <summary>A text as JSON has it.</summary>
    public static byte[] Quoted(string text) => [(byte)'"', .. JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes, (byte)'"'];

    private static string Shortened(string text) => text.Length <= 256 ? text : text[..256] + "…";
}
