using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Json;

namespace LlmOperator.Qdrant.Collections;

/// <summary>Kind of a payload index.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<PayloadIndexType>))]
public enum PayloadIndexType
{
    /// <summary>Texts that are compared as a whole.</summary>
    Keyword,

    /// <summary>Whole numbers.</summary>
    Integer,

    /// <summary>Numbers.</summary>
    Float,

    /// <summary>Places.</summary>
    Geo,

    /// <summary>Texts that are searched for words.</summary>
    Text,

    /// <summary>True and false.</summary>
    Bool,

    /// <summary>Moments, RFC 3339.</summary>
    Datetime,

    /// <summary>UUIDs, smaller than as keywords.</summary>
    Uuid,
}

/// <summary>A payload index. Fields that its type does not have must be null.</summary>
public sealed record PayloadIndex
{
    /// <summary>Its kind.</summary>
    public required PayloadIndexType Type { get; init; }

    /// <summary>Keyword, uuid: whether searches nearly always filter by it, so that data is laid out by it.</summary>
    public bool? IsTenant { get; init; }

    /// <summary>Keyword: whether it serves <c>match.prefix</c>.</summary>
    public bool? Prefix { get; init; }

    /// <summary>Integer: whether it serves equality.</summary>
    public bool? Lookup { get; init; }

    /// <summary>Integer: whether it serves ranges.</summary>
    public bool? Range { get; init; }

    /// <summary>Integer, float, datetime: whether data is laid out by it.</summary>
    public bool? IsPrincipal { get; init; }

    /// <summary>Text: how it is cut into words.</summary>
    public Tokenizer? Tokenizer { get; init; }

    /// <summary>Text: shortest word.</summary>
    public int? MinTokenLen { get; init; }

    /// <summary>Text: longest word.</summary>
    public int? MaxTokenLen { get; init; }

    /// <summary>Text: whether case does not count.</summary>
    public bool? Lowercase { get; init; }

    /// <summary>Text: whether accents do not count.</summary>
    public bool? AsciiFolding { get; init; }

    /// <summary>Text: whether it serves phrases.</summary>
    public bool? PhraseMatching { get; init; }

    /// <summary>Text: words left out.</summary>
    public Stopwords? Stopwords { get; init; }

    /// <summary>Text: reduces words to their stem.</summary>
    public Stemmer? Stemmer { get; init; }

    /// <summary>How it is held.</summary>
    public Memory? Memory { get; init; }

    /// <summary>Whether the HNSW graph gets edges for it.</summary>
    public bool? EnableHnsw { get; init; }
}

/// <summary>How text is cut into words.</summary>
[JsonConverter(typeof(SnakeCaseEnumConverter<Tokenizer>))]
public enum Tokenizer
{
    /// <summary>Every beginning of a word.</summary>
    Prefix,

    /// <summary>At white space.</summary>
    Whitespace,

    /// <summary>At what is neither letter nor digit.</summary>
    Word,

    /// <summary>By the rules of the language.</summary>
    Multilingual,
}

/// <summary>Words left out.</summary>
[JsonConverter(typeof(StopwordsConverter))]
public sealed record Stopwords
{
    /// <summary>Languages whose common words are left out, such as <c>english</c>.</summary>
    public IReadOnlyList<string>? Languages { get; init; }

    /// <summary>Further words.</summary>
    public IReadOnlyList<string>? Custom { get; init; }
}

/// <summary>Reduces words to their stem.</summary>
/// <param name="Type"><c>snowball</c>, or <c>none</c>.</param>
/// <param name="Language">Language of snowball, such as <c>turkish</c>.</param>
public sealed record Stemmer(string Type, string? Language);

/// <summary>A payload index as the server has it.</summary>
public sealed record PayloadIndexInfo
{
    /// <summary>Its kind.</summary>
    public required PayloadIndexType DataType { get; init; }

    /// <summary>Its parameters; null when it was created by its kind alone.</summary>
    public PayloadIndex? Params { get; init; }

    /// <summary>Points in it.</summary>
    public long Points { get; init; }
}
