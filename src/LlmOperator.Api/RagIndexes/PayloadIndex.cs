using LlmOperator.Api.Schema;

namespace LlmOperator.Api.RagIndexes;

/// <summary>A payload field that is indexed.</summary>
[Rule("!has(self.isTenant) || self.type in ['keyword', 'uuid']", "payloadIndexes[].isTenant belongs to types keyword and uuid: remove it or change the type", FieldPath = ".isTenant")]
[Rule("!has(self.prefix) || self.type == 'keyword'", "payloadIndexes[].prefix belongs to type keyword: remove it or change the type", FieldPath = ".prefix")]
[Rule("!(has(self.lookup) || has(self.range)) || self.type == 'integer'", "payloadIndexes[].lookup and payloadIndexes[].range belong to type integer: remove them or change the type", FieldPath = ".type")]
[Rule("!has(self.isPrincipal) || self.type in ['integer', 'float', 'datetime']", "payloadIndexes[].isPrincipal belongs to types integer, float and datetime: remove it or change the type", FieldPath = ".isPrincipal")]
[Rule("!has(self.text) || self.type == 'text'", "payloadIndexes[].text belongs to type text: remove it or change the type", FieldPath = ".text")]
public sealed record PayloadIndex
{
    /// <summary>Name of the field; a dot reaches into objects.</summary>
    [Length(255, 1)]
    public required string Field { get; init; }

    /// <summary>Type of the field's values.</summary>
    [AllowedValues("keyword", "integer", "float", "bool", "geo", "datetime", "text", "uuid")]
    [Default("keyword")]
    public string Type { get; set; } = "keyword";

    /// <summary>Keyword and uuid: whether nearly every search filters by the field, so that points are laid out by it.</summary>
    public bool? IsTenant { get; init; }

    /// <summary>Keyword: whether filters match the beginning of the text too.</summary>
    public bool? Prefix { get; init; }

    /// <summary>Integer: whether filters match one value. True when absent.</summary>
    public bool? Lookup { get; init; }

    /// <summary>Integer: whether filters match a range. True when absent.</summary>
    public bool? Range { get; init; }

    /// <summary>Integer, float and datetime: whether most searches filter by ranges of the field, so that points are laid out by it.</summary>
    public bool? IsPrincipal { get; init; }

    /// <summary>Text: how it is cut into words.</summary>
    public TextIndexSpec? Text { get; init; }

    /// <summary>How the index is held in memory: read as it is needed (Cold), loaded and evictable (Cached), or kept (Pinned).</summary>
    [AllowedValues(MemoryUse.Cold, MemoryUse.Cached, MemoryUse.Pinned)]
    public string? Memory { get; init; }

    /// <summary>Whether the graph gets edges for the field's values. True when absent.</summary>
    public bool? EnableHnsw { get; init; }
}

/// <summary>How the text of a field is cut into words.</summary>
[Rule("!has(self.minTokenLength) || !has(self.maxTokenLength) || self.minTokenLength <= self.maxTokenLength", "payloadIndexes[].text.minTokenLength must not exceed maxTokenLength: no word would be indexed; lower it", FieldPath = ".minTokenLength")]
public sealed record TextIndexSpec
{
    /// <summary>Where words begin and end: at white space, at what is neither letter nor digit (Word), by the rules of the language (Multilingual), or every beginning of a word (Prefix).</summary>
    [AllowedValues("Word", "Whitespace", "Prefix", "Multilingual")]
    [Default("Word")]
    public string Tokenizer { get; set; } = "Word";

    /// <summary>Shortest word.</summary>
    [Bounds(1, 1000)]
    public int? MinTokenLength { get; init; }

    /// <summary>Longest word.</summary>
    [Bounds(1, 1000)]
    public int? MaxTokenLength { get; init; }

    /// <summary>Whether case does not count. True when absent.</summary>
    public bool? Lowercase { get; init; }

    /// <summary>Whether accents do not count.</summary>
    public bool? AsciiFolding { get; init; }

    /// <summary>Whether filters match phrases.</summary>
    public bool? PhraseMatching { get; init; }

    /// <summary>Languages whose common words are left out, for example english or turkish.</summary>
    [Atomic]
    [Count(32, 1)]
    [Length(32, 1)]
    public IReadOnlyList<string>? StopwordLanguages { get; init; }

    /// <summary>Further words that are left out.</summary>
    [Atomic]
    [Count(256, 1)]
    [Length(64, 1)]
    public IReadOnlyList<string>? Stopwords { get; init; }

    /// <summary>Language by whose rules words are reduced to their stem, for example english or turkish.</summary>
    [Length(32, 1)]
    public string? Stemmer { get; init; }
}
