using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Schemas;

/// <summary>
/// One pass of the OpenAPI validations over a value. Besides the errors it counts how many checks it made, by which the best
/// alternative of a failed <c>anyOf</c> or <c>oneOf</c> is told.
/// </summary>
internal sealed class SchemaCheck
{
    /// <summary>The field of errors that belong to no single one; the API server prints its nil path so.</summary>
    private const string NoField = "<nil>";

    /// <summary>What was found.</summary>
    public List<FieldError> Errors { get; } = [];

    private int Matches { get; set; }

    /// <summary>Checks a value.</summary>
    public void Check(JsonNode? node, Schema schema, string path, OldValue old)
    {
        if (old.IsPresent && JsonNode.DeepEquals(node, old.Value))
        {
            return;
        }

        Matches += 4;
        CheckType(node, schema, path);
        if (node is null)
        {
            CheckEnum(node, schema, path);
            return;
        }

        CheckAlternatives(node, schema, path);
        switch (node)
        {
            case JsonObject obj:
                CheckEnum(node, schema, path);
                CheckObject(obj, schema, path, old);
                break;
            case JsonArray array:
                CheckArray(array, schema, path, old);
                CheckEnum(node, schema, path);
                break;
            default:
                CheckScalar(node, schema, path);
                CheckEnum(node, schema, path);
                break;
        }
    }

    private void CheckType(JsonNode? node, Schema schema, string path)
    {
        var wanted = schema.IntOrString ? "integer,string" : schema.Type;
        if (node is null)
        {
            if (wanted is not null && !schema.Nullable)
            {
                TypeInvalid(path, wanted, "null");
            }

            return;
        }

        if (wanted is null)
        {
            return;
        }

        var kind = node.GetValueKind();
        var integer = JsonScalars.TryInteger(node, out _);
        var (actual, format) = kind switch
        {
            JsonValueKind.Object => ("object", ""),
            JsonValueKind.Array => ("array", ""),
            JsonValueKind.String => ("string", ""),
            JsonValueKind.Number => integer ? ("integer", "int64") : ("number", "float64"),
            _ => ("boolean", ""),
        };
        var fits = actual == wanted
            || (schema.IntOrString && actual is "integer" or "string")
            || (actual == "integer" && wanted == "number")
            || (actual == "number" && wanted == "integer" && JsonScalars.TryNumber(node, out var number) && IsWhole(number))
            || (actual == "number" && schema.IntOrString && JsonScalars.TryNumber(node, out number) && IsWhole(number));
        if (fits)
        {
            return;
        }

        // The real validator looks at the format before the type unless the value is a string or a list, and not at the type
        // of strings at all where a format is set for a type that is no number.
        var formatted = schema.Format is { Length: > 0 } declared && IsSupportedFormat(declared);
        if (formatted && kind is not (JsonValueKind.String or JsonValueKind.Array))
        {
            TypeInvalid(path, schema.Format!, format);
        }
        else if (!formatted || wanted is "number" or "integer" || schema.IntOrString || kind is not (JsonValueKind.String or JsonValueKind.Array))
        {
            TypeInvalid(path, wanted, actual);
        }
    }

    private static bool IsSupportedFormat(string format) => format is "int32" or "int64" or "float" or "double" || Formats.IsKnown(format);

    private void CheckScalar(JsonNode node, Schema schema, string path)
    {
        switch (node.GetValueKind())
        {
            case JsonValueKind.String:
                Matches++;
                JsonScalars.TryString(node, out var text);
                CheckString(text, schema, path);
                break;
            case JsonValueKind.Number:
                Matches++;
                CheckNumber(node, schema, path);
                break;
        }
    }

    private void CheckString(string text, Schema schema, string path)
    {
        if (schema.MaxLength is not null || schema.MinLength is not null)
        {
            var length = CodePoints(text);
            if (length > schema.MaxLength)
            {
                Errors.Add(new("FieldValueTooLong", path, $"Too long: may not be more than {schema.MaxLength} bytes"));
            }

            if (length < schema.MinLength)
            {
                Invalid(path, JsonScalars.Quote(text), $"{path} in body should be at least {schema.MinLength} chars long");
            }
        }

        if (schema.Pattern is { Length: > 0 } pattern && !Patterns.IsMatch(pattern, text))
        {
            Invalid(path, JsonScalars.Quote(text), $"{path} in body should match '{pattern}'");
        }

        if (schema.Format is { } format && Formats.IsKnown(format))
        {
            Matches++;
            if (!Formats.IsValid(format, text))
            {
                var shown = JsonScalars.Quote(text);
                Errors.Add(new("FieldValueTypeInvalid", path, $"Invalid value: {shown}: {path} in body must be of type {format}: {shown}"));
            }
        }
    }

    private void CheckNumber(JsonNode node, Schema schema, string path)
    {
        var whole = JsonScalars.TryInteger(node, out var integer);
        JsonScalars.TryNumber(node, out var number);
        if (schema.Type == "integer" || schema.Format is "int32" or "float")
        {
            CheckRange(whole, integer, number, schema, path);
        }

        // Bounds of an integer value are cut to integers before they are compared; the texts show them so.
        var shown = JsonScalars.Quote(node);
        if (schema.MultipleOf is { } factor)
        {
            if (whole && (long)factor <= 0)
            {
                Invalid(path, $"{(long)factor}", $"factor MultipleOf declared for {path} must be positive: {(long)factor}");
            }
            else if (whole ? integer % (long)factor != 0 : !IsWhole(factor < 1 ? 1 / factor * number : number / factor))
            {
                Invalid(path, shown, $"{path} in body should be a multiple of {Bound(factor, whole)}");
            }
        }

        if (schema.Maximum is { } maximum && Exceeds(whole ? integer.CompareTo((long)maximum) : number.CompareTo(maximum), schema.ExclusiveMaximum))
        {
            Invalid(path, shown, $"{path} in body should be less than {(schema.ExclusiveMaximum ? "" : "or equal to ")}{Bound(maximum, whole)}");
        }

        if (schema.Minimum is { } minimum && Exceeds(whole ? ((long)minimum).CompareTo(integer) : minimum.CompareTo(number), schema.ExclusiveMinimum))
        {
            Invalid(path, shown, $"{path} in body should be greater than {(schema.ExclusiveMinimum ? "" : "or equal to ")}{Bound(minimum, whole)}");
        }
    }

    private static bool Exceeds(int comparison, bool exclusive) => comparison > 0 || (exclusive && comparison == 0);

    private static string Bound(double bound, bool whole) => whole ? ((long)bound).ToString(CultureInfo.InvariantCulture) : JsonScalars.Format(bound);

    private void CheckRange(bool whole, long integer, double number, Schema schema, string path)
    {
        var inRange = schema.Type == "integer"
            ? whole
                ? schema.Format != "int32" || integer is >= int.MinValue and <= int.MaxValue
                : IsWhole(number) && (schema.Format == "int32" ? number is >= int.MinValue and <= int.MaxValue : number is >= long.MinValue and < 9223372036854775808d)
            : schema.Format != "float" || Math.Abs(number) <= float.MaxValue;
        if (!inRange)
        {
            var format = schema.Format is { Length: > 0 } declared ? $"with format {declared}" : "(default format)";
            Errors.Add(new("FieldValueInvalid", NoField, $"Invalid value: \"\": Checked value must be of type {schema.Type} {format} in {path}"));
        }
    }

    private void CheckArray(JsonArray array, Schema schema, string path, OldValue old)
    {
        Matches++;
        if (schema.Items is { } items)
        {
            for (var index = 0; index < array.Count; index++)
            {
                Check(array[index], items, $"{path}[{index}]", OldItem(array[index], schema, old));
            }
        }

        if (array.Count < schema.MinItems)
        {
            Invalid(path, $"{array.Count}", $"{path} in body should have at least {schema.MinItems} items");
        }

        if (array.Count > schema.MaxItems)
        {
            Errors.Add(new("FieldValueTooMany", path, $"Too many: {array.Count}: must have at most {Items(schema.MaxItems)}"));
        }

        if (schema.UniqueItems && array.Select(item => item?.ToJsonString() ?? "null").Distinct(StringComparer.Ordinal).Count() < array.Count)
        {
            Invalid(path, "\"\"", $"{path} in body shouldn't contain duplicates");
        }
    }

    /// <summary>Only items that are told apart by keys have a known predecessor.</summary>
    private static OldValue OldItem(JsonNode? item, Schema schema, OldValue old)
    {
        if (!old.IsPresent || old.Value is not JsonArray before || schema is not { ListType: ListType.Map, ListMapKeys: { Count: > 0 } keys } || item is not JsonObject obj)
        {
            return default;
        }

        foreach (var candidate in before)
        {
            if (candidate is JsonObject other && keys.TrueForAll(key => JsonNode.DeepEquals(other[key], obj[key])))
            {
                return new(other);
            }
        }

        return default;
    }

    private void CheckObject(JsonObject obj, Schema schema, string path, OldValue old)
    {
        Matches++;
        if (obj.Count < schema.MinProperties)
        {
            Invalid(path, $"{obj.Count}", $"{path} in body should have at least {schema.MinProperties} properties");
        }

        if (obj.Count > schema.MaxProperties)
        {
            Errors.Add(new("FieldValueTooMany", path, $"Too many: {obj.Count}: must have at most {Items(schema.MaxProperties)}"));
        }

        foreach (var name in schema.Required)
        {
            if (!obj.ContainsKey(name))
            {
                Errors.Add(new("FieldValueRequired", Join(path, name), "Required value"));
            }
        }

        foreach (var (name, value) in obj)
        {
            if ((schema.Properties.GetValueOrDefault(name) ?? schema.AdditionalProperties) is { } inner)
            {
                Check(value, inner, Join(path, name), old.Field(name));
            }
        }
    }

    private void CheckEnum(JsonNode? node, Schema schema, string path)
    {
        if (schema.Enum is { Count: > 0 } allowed && !allowed.Exists(value => JsonNode.DeepEquals(value, node)))
        {
            var supported = string.Join(", ", allowed.Select(value => JsonScalars.TryString(value, out var text) ? JsonScalars.Quote(text) : JsonScalars.Quote(JsonScalars.Quote(value))));
            Errors.Add(new("FieldValueNotSupported", path, $"Unsupported value: {JsonScalars.Quote(node)}: supported values: {supported}"));
        }
    }

    private void CheckAlternatives(JsonNode node, Schema schema, string path)
    {
        if (schema.AnyOf is { Count: > 0 } any && !IsIntOrStringChoice(schema, any))
        {
            var (valid, best) = Try(node, any, path, stopAtFirst: true);
            if (valid == 0)
            {
                Logic($"\"{path}\" must validate at least one schema (anyOf)");
                Merge(best);
            }
        }

        if (schema.OneOf is { Count: > 0 } one)
        {
            var (valid, best) = Try(node, one, path, stopAtFirst: false);
            if (valid != 1)
            {
                Logic($"\"{path}\" must validate one and only one schema (oneOf). {(valid == 0 ? "Found none valid" : $"Found {valid} valid alternatives")}");
                Merge(valid == 0 ? best : null);
            }
        }

        if (schema.AllOf is { Count: > 0 } all)
        {
            var valid = 0;
            foreach (var part in all)
            {
                var check = new SchemaCheck();
                check.Check(node, part, path, default);
                valid += check.Errors.Count == 0 ? 1 : 0;
                Merge(check);
            }

            if (valid != all.Count)
            {
                Logic($"\"{path}\" must validate all the schemas (allOf){(valid == 0 ? ". None validated" : "")}");
            }
        }

        if (schema.Not is { } not)
        {
            var check = new SchemaCheck();
            check.Check(node, not, path, default);
            if (check.Errors.Count == 0)
            {
                Logic($"\"{path}\" must not validate the schema (not)");
            }
        }
    }

    private static (int Valid, SchemaCheck? Best) Try(JsonNode node, List<Schema> alternatives, string path, bool stopAtFirst)
    {
        var valid = 0;
        SchemaCheck? best = null;
        foreach (var alternative in alternatives)
        {
            var check = new SchemaCheck();
            check.Check(node, alternative, path, default);
            if (check.Errors.Count == 0)
            {
                valid++;
                if (stopAtFirst)
                {
                    break;
                }
            }
            else if (best is null || check.Matches > best.Matches)
            {
                best = check;
            }
        }

        return (valid, best);
    }

    /// <summary>int-or-string is often written out as <c>anyOf: [integer, string]</c> too; the type check has covered that.</summary>
    private static bool IsIntOrStringChoice(Schema schema, List<Schema> any) => schema.IntOrString && any is [{ Type: "integer" }, { Type: "string" }];

    private void Merge(SchemaCheck? other)
    {
        if (other is not null)
        {
            Errors.AddRange(other.Errors);
            Matches += other.Matches;
        }
    }

    private void TypeInvalid(string path, string wanted, string actual) =>
        Errors.Add(new("FieldValueTypeInvalid", path, $"Invalid value: \"{actual}\": {path} in body must be of type {wanted}: \"{actual}\""));

    private void Invalid(string path, string value, string detail) => Errors.Add(new("FieldValueInvalid", path, $"Invalid value: {value}: {detail}"));

    private void Logic(string message) => Errors.Add(new("FieldValueInvalid", NoField, $"Invalid value: \"\": {message}"));

    private static string Items(long? count) => count == 1 ? "1 item" : $"{count} items";

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>Whole as far as a double tells, and in the range where it can.</summary>
    private static bool IsWhole(double number) => Math.Abs(number) <= 9007199254740991 && Math.Abs(number - Math.Round(number)) < 1e-9 * Math.Max(1, Math.Abs(number));

    private static long CodePoints(string text)
    {
        var count = text.Length;
        foreach (var character in text)
        {
            count -= char.IsLowSurrogate(character) ? 1 : 0;
        }

        return count;
    }
}
