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

/// <summary>What is held.</summary>
public enum MemoryUse
{
    /// <summary>Original dense vectors.</summary>
    Vectors,

    /// <summary>HNSW graph.</summary>
    Graph,

    /// <summary>Quantised vectors.</summary>
    Quantization,

    /// <summary>Payload.</summary>
    Payload,

    /// <summary>Index of a sparse vector.</summary>
    SparseIndex,

    /// <summary>Payload index.</summary>
    PayloadIndex,
}

/// <summary>Wishes of memory against what a server can do.</summary>
public static class MemoryExtensions
{
    /// <summary>
    /// What a server makes of a wish, and reports when it is asked: compare this with what it reports, or a server before 1.19, which knows two of the three, differs for ever.
    /// </summary>
    /// <param name="wanted">The wish.</param>
    /// <param name="use">What is held.</param>
    /// <param name="server">The server.</param>
    public static Memory On(this Memory wanted, MemoryUse use, QdrantVersion server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server.HasMemoryField ? wanted : MemoryFields.Nearest(use, wanted);
    }
}
