namespace LlmOperator.Kubernetes.Objects;

/// <summary>Reading and setting conditions.</summary>
public static class Conditions
{
    /// <summary>The condition of a type; null when there is none.</summary>
    public static Condition? Find(this IReadOnlyList<Condition>? conditions, string type)
    {
        foreach (var condition in conditions ?? [])
        {
            if (condition.Type == type)
            {
                return condition;
            }
        }

        return null;
    }

    /// <summary>Whether the condition of a type is True.</summary>
    public static bool IsTrue(this IReadOnlyList<Condition>? conditions, string type) => conditions.Find(type)?.Status == "True";

    /// <summary>
    /// The list with one condition set. Its transition time stays as it was unless the status changes, so that writing the same
    /// state twice writes the same bytes; the order of the list is kept.
    /// </summary>
    /// <param name="conditions">Present conditions.</param>
    /// <param name="condition">Condition to set; its transition time is ignored.</param>
    /// <param name="now">Transition time of a status that is new.</param>
    public static IReadOnlyList<Condition> With(this IReadOnlyList<Condition>? conditions, Condition condition, DateTimeOffset now)
    {
        // The API keeps whole seconds; a finer value would differ from what is read back.
        now = new DateTimeOffset(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
        var present = conditions.Find(condition.Type);
        var set = condition with
        {
            LastTransitionTime = present?.Status == condition.Status ? present.LastTransitionTime ?? now : now,
        };
        var result = new List<Condition>((conditions?.Count ?? 0) + 1);
        foreach (var other in conditions ?? [])
        {
            result.Add(other.Type == condition.Type ? set : other);
        }

        if (present is null)
        {
            result.Add(set);
        }

        return result;
    }

    /// <summary>The list without the condition of a type.</summary>
    public static IReadOnlyList<Condition> Without(this IReadOnlyList<Condition>? conditions, string type) =>
        conditions is null ? [] : conditions.Where(condition => condition.Type != type).ToArray();
}
