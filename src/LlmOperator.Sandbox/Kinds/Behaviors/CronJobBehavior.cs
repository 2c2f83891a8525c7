using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Kinds.Behaviors;

/// <summary>CronJobs.</summary>
internal sealed class CronJobBehavior : BuiltinBehavior
{
    private static readonly (string Name, int Least, int Most)[] Fields = [("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7)];

    private static readonly string[] Names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    /// <inheritdoc/>
    public override void Default(JsonObject obj)
    {
        base.Default(obj);
        var spec = obj.Child("spec").Child("jobTemplate").Child("spec");
        PodDefaults.ApplyToSpec(spec.Child("template").Child("spec"));
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (context.Subresource == "status")
        {
            return;
        }

        base.Validate(obj, old, context, errors);
        if (obj.Text("metadata", "name") is { Length: > 52 } name)
        {
            errors.Invalid("metadata.name", $"\"{name}\"", "must be no more than 52 characters");
        }

        var spec = obj.Child("spec");
        if (spec.Text("schedule") is { Length: > 0 } schedule && ScheduleFault(schedule) is { } fault)
        {
            errors.Invalid("spec.schedule", $"\"{schedule}\"", fault);
        }

        Rules.OneOf(spec["concurrencyPolicy"], "spec.concurrencyPolicy", errors, "Allow", "Forbid", "Replace");
        foreach (var field in (ReadOnlySpan<string>)["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"])
        {
            Rules.NotNegative(spec[field], $"spec.{field}", errors);
        }

        if (spec.Text("timeZone") is { } zone && (zone.Length == 0 || !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _)))
        {
            errors.Invalid("spec.timeZone", $"\"{zone}\"", zone.Length == 0 ? "timeZone must be nil or non-empty string" : $"unknown time zone {zone}");
        }

        if (spec.Object("jobTemplate", "spec") is { } job)
        {
            JobBehavior.Check(job, "spec.jobTemplate.spec", errors);
        }
    }

    /// <summary>What is wrong with a schedule, null when nothing.</summary>
    private static string? ScheduleFault(string schedule)
    {
        if (schedule.StartsWith('@'))
        {
            return schedule is "@yearly" or "@annually" or "@monthly" or "@weekly" or "@daily" or "@midnight" or "@hourly" || schedule.StartsWith("@every ", StringComparison.Ordinal)
                ? null
                : $"unrecognized descriptor: {schedule}";
        }

        var fields = schedule.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != Fields.Length)
        {
            return $"expected exactly 5 fields, found {fields.Length}: [{string.Join(' ', fields)}]";
        }

        for (var i = 0; i < fields.Length; i++)
        {
            foreach (var range in fields[i].Split(','))
            {
                if (RangeFault(range, Fields[i]) is { } fault)
                {
                    return fault;
                }
            }
        }

        return null;
    }

    private static string? RangeFault(string range, (string Name, int Least, int Most) field)
    {
        var parts = range.Split('/');
        if (parts.Length > 2 || (parts.Length == 2 && (!int.TryParse(parts[1], out var step) || step < 1)))
        {
            return $"failed to parse int from {(parts.Length == 2 ? parts[1] : range)}";
        }

        if (parts[0] is "*" or "?")
        {
            return null;
        }

        foreach (var end in parts[0].Split('-'))
        {
            if (Array.IndexOf(Names, end.ToLowerInvariant()) >= 0)
            {
                continue;
            }

            if (!int.TryParse(end, out var value))
            {
                return $"failed to parse int from {end}";
            }

            if (value < field.Least)
            {
                return $"beginning of range ({value}) below minimum ({field.Least}): {range}";
            }

            if (value > field.Most)
            {
                return $"end of range ({value}) above maximum ({field.Most}): {range}";
            }
        }

        return null;
    }
}
