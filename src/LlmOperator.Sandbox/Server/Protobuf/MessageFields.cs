using System.Collections.Frozen;

namespace LlmOperator.Sandbox.Server.Protobuf;

/// <summary>A field of a message.</summary>
/// <param name="Name">JSON name.</param>
/// <param name="Type"><c>string</c>, <c>bool</c>, <c>int</c>, <c>double</c>, <c>bytes</c>, or a message.</param>
/// <param name="List">Whether it repeats.</param>
/// <param name="Map">Whether it is a map from strings to the type.</param>
internal sealed record MessageField(string Name, string Type, bool List, bool Map);

/// <summary>
/// Field numbers of the Kubernetes messages, from <c>kubernetes.fields</c>: a line a message, <c>number=name:type</c> for each of its
/// fields.
/// </summary>
internal static class MessageFields
{
    private static readonly Lazy<FrozenDictionary<string, FrozenDictionary<int, MessageField>>> Messages = new(Read);

    /// <summary>Fields of a message by number, null when the message is not known.</summary>
    public static FrozenDictionary<int, MessageField>? Of(string message) => Messages.Value.GetValueOrDefault(message);

    private static FrozenDictionary<string, FrozenDictionary<int, MessageField>> Read()
    {
        const string Name = "LlmOperator.Sandbox.Server.Protobuf.kubernetes.fields";
        using var stream = typeof(MessageFields).Assembly.GetManifestResourceStream(Name) ?? throw new InvalidOperationException($"{Name} is not embedded");
        using var text = new StreamReader(stream);
        var messages = new Dictionary<string, FrozenDictionary<int, MessageField>>(StringComparer.Ordinal);
        while (text.ReadLine() is { } line)
        {
            var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            messages[parts[0]] = parts.Skip(1).Select(Field).ToFrozenDictionary(field => field.Number, field => field.Field);
        }

        return messages.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static (int Number, MessageField Field) Field(string text)
    {
        var equals = text.IndexOf('=');
        var colon = text.IndexOf(':');
        var type = text[(colon + 1)..];
        var list = type.StartsWith("list:", StringComparison.Ordinal);
        var map = type.StartsWith("map:", StringComparison.Ordinal);
        return (int.Parse(text[..equals]), new MessageField(text[(equals + 1)..colon], type[(list ? 5 : map ? 4 : 0)..], list, map));
    }
}
