using System.Globalization;
using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;
using LlmOperator.Sandbox.Storage;

namespace LlmOperator.Sandbox.Cel;

/// <summary>Compiles the rules of a definition's schema when it is written, and refuses those that cannot work or could cost too much.</summary>
internal sealed class CelDefinitionChecks
{
    private const ulong RuleLimit = 10_000_000;
    private const ulong SchemaLimit = 100_000_000;
    private const long MaxRequest = 3 * 1024 * 1024;

    private readonly FieldErrors _errors;
    private readonly List<(string Path, ulong Cost)> _expensive = [];
    private ulong _total;

    private CelDefinitionChecks(FieldErrors errors) => _errors = errors;

    /// <summary>Checks the rules of a schema.</summary>
    /// <param name="schema">The schema of a version, otherwise valid.</param>
    /// <param name="path">Its path.</param>
    /// <param name="errors">Where breaches go.</param>
    public static void Check(Schema schema, string path, FieldErrors errors)
    {
        if (!HasRules(schema))
        {
            return;
        }

        var checks = new CelDefinitionChecks(errors);
        checks.Level(schema, CelSchemaTypes.Of(schema, root: true), path, 1, null);
        checks.CheckTotal(path);
    }

    private static bool HasRules(Schema schema) => schema.Validations is { Count: > 0 }
        || schema.Properties.Values.Any(HasRules)
        || (schema.Items is { } items && HasRules(items))
        || (schema.AdditionalProperties is { } values && HasRules(values));

    /// <summary>Checks one level and those below it.</summary>
    /// <param name="schema">Its schema.</param>
    /// <param name="type">Type of its values; null when expressions cannot see them.</param>
    /// <param name="path">Its path.</param>
    /// <param name="cardinality">How often it can occur in an object; null without bound.</param>
    /// <param name="uncorrelatable">Path of the list or map around it whose items have no known predecessors.</param>
    private void Level(Schema schema, CelType? type, string path, ulong? cardinality, string? uncorrelatable)
    {
        var inner = cardinality is { } outer && MostElements(schema) is { } elements ? CelRange.Product(outer, elements) : (ulong?)null;
        var atomic = schema.AtomicMap ? path : null;
        foreach (var (name, property) in schema.Properties)
        {
            var below = type is null ? CelSchemaTypes.Of(property, property.EmbeddedResource) : CelRules.TypeOf(type, name, property);
            Level(property, below, $"{path}.properties[{name}]", inner, uncorrelatable ?? atomic);
        }

        if (schema.Items is { } items)
        {
            Level(items, type is { Kind: CelKind.List } ? type.Parameters[0] : CelSchemaTypes.Of(items, items.EmbeddedResource), $"{path}.items", inner,
                uncorrelatable ?? (schema.ListType == ListType.Map ? null : path));
        }

        if (schema.AdditionalProperties is { } values)
        {
            Level(values, type is { Kind: CelKind.Map } ? type.Parameters[1] : CelSchemaTypes.Of(values, values.EmbeddedResource), $"{path}.additionalProperties", inner, uncorrelatable ?? atomic);
        }

        var before = _errors.All.Count;
        var index = 0;
        foreach (var rule in (schema.Validations ?? []).OfType<JsonObject>())
        {
            var at = $"{path}.x-kubernetes-validations[{index++}]";
            if (type is null)
            {
                _errors.Invalid($"{path}.x-kubernetes-validations", "\"\"", "internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations");
                return;
            }

            Rule(rule, schema, type, at, cardinality ?? (ulong)(MaxRequest / (type.MinSize + 1)), uncorrelatable);
        }

        if (_errors.All.Count == before && schema.Default is { } value && type is not null)
        {
            CelRules.Of(schema, type)?.CheckDefault(value, $"{path}.default", _errors);
        }
    }

    private void Rule(JsonObject json, Schema schema, CelType type, string at, ulong cardinality, string? uncorrelatable)
    {
        CelRule rule;
        try
        {
            rule = CelRule.Compile(json, schema, type);
        }
        catch (CelRuleException fault)
        {
            _errors.Invalid($"{at}.{fault.Field}", Shown(json), fault.Message);
            return;
        }

        Charge($"{at}.rule", "estimated rule cost", CelRange.Product(rule.Program.EstimateCost(type), cardinality));
        if (rule.MessageProgram is { } message)
        {
            Charge($"{at}.messageExpression", "estimated messageExpression cost", message.EstimateCost(type));
        }

        if (rule.UsesOldSelf && uncorrelatable is not null)
        {
            _errors.Invalid($"{at}.rule", JsonScalars.Quote(json.Text("rule") ?? ""), $"oldSelf cannot be used on the uncorrelatable portion of the schema within {uncorrelatable}");
        }
        else if (!rule.UsesOldSelf && json.Flag("optionalOldSelf") is { } optional)
        {
            _errors.Invalid($"{at}.optionalOldSelf", optional ? "true" : "false", "may not be set if oldSelf is not used in rule");
        }
    }

    private void Charge(string path, string what, ulong cost)
    {
        if (cost > RuleLimit)
        {
            _errors.Forbidden(path, TooMuch(what, cost, RuleLimit));
        }

        _total = CelRange.Sum(_total, cost);
        if (cost >= SchemaLimit / 100)
        {
            _expensive.Add((path, cost));
        }
    }

    private void CheckTotal(string path)
    {
        if (_total <= SchemaLimit)
        {
            return;
        }

        foreach (var (at, _) in _expensive.OrderByDescending(rule => rule.Cost).Take(4))
        {
            _errors.Forbidden(at, "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema");
        }

        _errors.Forbidden(path, TooMuch("x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema", _total, SchemaLimit));
    }

    private static string TooMuch(string what, ulong cost, ulong limit)
    {
        var factor = (double)cost / limit;
        var shown = factor > 100 ? "more than 100x" : factor.ToString(factor < 1.5 ? "F6" : "F1", CultureInfo.InvariantCulture) + "x";
        return $"{what} exceeds budget by factor of {shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
    }

    /// <summary>By how much a level multiplies what is below it; null without bound.</summary>
    private static ulong? MostElements(Schema schema) => schema.Type switch
    {
        "object" when schema.AdditionalProperties is not null => schema.MaxProperties is { } most ? (ulong)Math.Max(most, 0) : null,
        "array" => schema.MaxItems is { } most ? (ulong)Math.Max(most, 0) : null,
        _ => 1,
    };

    /// <summary>A rule as the API server prints it in refusals.</summary>
    private static string Shown(JsonObject rule)
    {
        var reason = rule.Text("reason") is null ? "(*apiextensions.FieldValueErrorReason)(nil)" : "(*apiextensions.FieldValueErrorReason)(0xc000000000)";
        var optional = rule.Flag("optionalOldSelf") is null ? "(*bool)(nil)" : "(*bool)(0xc000000000)";
        return $"apiextensions.ValidationRule{{Rule:{Text("rule")}, Message:{Text("message")}, MessageExpression:{Text("messageExpression")}, Reason:{reason}, FieldPath:{Text("fieldPath")}, OptionalOldSelf:{optional}}}";

        string Text(string field) => JsonScalars.Quote(rule.Text(field) ?? "");
    }
}
