using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;
using LlmOperator.Qdrant.Json;

namespace LlmOperator.Qdrant.Points;

/// <summary>Id of a point: an unsigned number of 64 bits, or a UUID.</summary>
[JsonConverter(typeof(PointIdConverter))]
public readonly record struct PointId : IComparable<PointId>
{
    private readonly ulong _number;
    private readonly Guid _uuid;

    /// <summary>A number.</summary>
    /// <param name="number">The number.</param>
    public PointId(ulong number) => _number = number;

    /// <summary>A UUID.</summary>
    /// <param name="uuid">The UUID.</param>
    public PointId(Guid uuid) => (_uuid, IsUuid) = (uuid, true);

    /// <summary>Whether it is a UUID.</summary>
    public bool IsUuid { get; }

    /// <summary>The number.</summary>
    /// <exception cref="InvalidOperationException">It is a UUID.</exception>
    public ulong Number => IsUuid ? throw new InvalidOperationException($"the id {this} is a UUID") : _number;

    /// <summary>The UUID.</summary>
    /// <exception cref="InvalidOperationException">It is a number.</exception>
    public Guid Uuid => IsUuid ? _uuid : throw new InvalidOperationException($"the id {this} is a number");

    /// <summary>A number.</summary>
    /// <param name="number">The number.</param>
    public static implicit operator PointId(ulong number) => new(number);

    /// <summary>A UUID.</summary>
    /// <param name="uuid">The UUID.</param>
    public static implicit operator PointId(Guid uuid) => new(uuid);

    /// <summary>Whether one comes before another in a scroll.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">Another.</param>
    public static bool operator <(PointId left, PointId right) => left.CompareTo(right) < 0;

    /// <summary>Whether one comes after another in a scroll.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">Another.</param>
    public static bool operator >(PointId left, PointId right) => left.CompareTo(right) > 0;

    /// <summary>Whether one does not come after another in a scroll.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">Another.</param>
    public static bool operator <=(PointId left, PointId right) => left.CompareTo(right) <= 0;

    /// <summary>Whether one does not come before another in a scroll.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">Another.</param>
    public static bool operator >=(PointId left, PointId right) => left.CompareTo(right) >= 0;

    /// <summary>Reads an id: digits are a number, all else must be a UUID.</summary>
    /// <param name="text">The text.</param>
    /// <param name="id">The id.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out PointId id)
    {
        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            id = new(number);
            return true;
        }

        var isUuid = Guid.TryParse(text, out var uuid);
        id = isUuid ? new(uuid) : default;
        return isUuid;
    }

    /// <summary>Reads an id.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">It is neither a number nor a UUID.</exception>
    public static PointId Parse(string text) => TryParse(text, out var id) ? id : throw new FormatException($"a point id is an unsigned number or a UUID, not \"{text}\"");

    /// <summary>The order of a scroll: numbers before UUIDs.</summary>
    /// <param name="other">Another id.</param>
    public int CompareTo(PointId other) =>
        IsUuid != other.IsUuid ? IsUuid.CompareTo(other.IsUuid) : IsUuid ? string.CompareOrdinal(_uuid.ToString(), other._uuid.ToString()) : _number.CompareTo(other._number);

    /// <inheritdoc/>
    public override string ToString() => IsUuid ? _uuid.ToString() : _number.ToString(CultureInfo.InvariantCulture);
}
