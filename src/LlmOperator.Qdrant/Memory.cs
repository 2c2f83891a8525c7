using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Json;

namespace LlmOperator.Qdrant;

/// <summary>How data that is always on disk is held in RAM as well. For servers before 1.19 the client says the same in the older fields.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<Memory>))]
public enum Memory
{
    /// <summary>Read from disk as it is needed.</summary>
    Cold,

    /// <summary>Loaded into the page cache at start; may be evicted.</summary>
    Cached,

    /// <summary>In RAM for good. Not for dense vectors and payload.</summary>
    Pinned,
}
