using System.Text.Json.Serialization;
using LlmOperator.Api.Endpoints;
using LlmOperator.Api.Models;
using LlmOperator.Api.RagIndexes;

namespace LlmOperator.Api;

/// <summary>Source-generated JSON of the three kinds: camelCase, absent rather than null.</summary>
/// <remarks>Properties with a default have a setter rather than init: generated code assigns every init-only property, so an absent field would overwrite the default.</remarks>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LlmModel))]
[JsonSerializable(typeof(LlmEndpoint))]
[JsonSerializable(typeof(RagIndex))]
public sealed partial class ApiJsonContext : JsonSerializerContext;
