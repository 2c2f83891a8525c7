using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Schemas;

namespace LlmOperator.Sandbox.Cel;

/// <summary>
/// The rules of a schema and of all below it. On update a rule that compares with <c>oldSelf</c> runs where there is a value to
/// compare with; breaches of other rules by values that did not change become warnings.
/// </summary>
internal sealed class CelRules
{
    /// <summary>The value a rule is about.</summary>
    public const string Self = "self";

    /// <summary>The same value before the change.</summary>
    public const string OldSelf = "oldSelf";

    /// <summary>The root's path; the API server prints its nil path so.</summary>
    public const string NoPath = "<nil>";

    private const long ObjectBudget = 10_000_000;

    private readonly Schema _schema;
    private readonly CelType _type;
    private readonly List<CelRule> _rules = [];
    private readonly List<string> _faults = [];
    private readonly Dictionary<string, CelRules> _properties = new(StringComparer.Ordinal);
    private CelRules? _items;
    private CelRules? _values;

    private CelRules(Schema schema, CelType type)
    {
        _schema = schema;
        _type = type;
    }

    private bool IsEmpty => _rules.Count == 0 && _faults.Count == 0 && _properties.Count == 0 && _items is null && _values is null;

    /// <summary>Compiles the rules of the schema of a resource; null when there are none.</summary>
    public static CelRules? Of(Schema schema) => CelSchemaTypes.Of(schema, root: true) is { } type ? Of(schema, type) : null;

    /// <summary>Compiles the rules of a schema; null when there are none.</summary>
    public static CelRules? Of(Schema schema, CelType type)
    {
        var rules = new CelRules(schema, type);
        foreach (var rule in (schema.Validations ?? []).OfType<JsonObject>())
        {
            try
            {
                rules._rules.Add(CelRule.Compile(rule, schema, type));
            }
            catch (CelRuleException fault)
            {
                rules._faults.Add(fault.Message);
            }
        }

        if (schema.Items is { } items && type.Kind == CelKind.List)
        {
            rules._items = Of(items, type.Parameters[0]);
        }

        if (schema.AdditionalProperties is { } values && type.Kind == CelKind.Map)
        {
            rules._values = Of(values, type.Parameters[1]);
        }

        foreach (var (name, property) in type.Kind == CelKind.Object ? schema.Properties : [])
        {
            if (TypeOf(type, name, property) is { } inner && Of(property, inner) is { } below)
            {
                rules._properties[name] = below;
            }
        }

        return rules.IsEmpty ? null : rules;
    }

    /// <summary>The type of a property; one whose name no expression can write has rules of its own all the same.</summary>
    public static CelType? TypeOf(CelType type, string name, Schema property) => CelNames.Escape(name) is { } escaped
        ? type.Fields.GetValueOrDefault(escaped)?.Type
        : CelSchemaTypes.Of(property, property.EmbeddedResource);

    /// <summary>Checks an object.</summary>
    /// <param name="obj">State to be.</param>
    /// <param name="old">State that is; null on create.</param>
    /// <param name="errors">What was found so far, and where breaches go.</param>
    /// <param name="warnings">Where breaches go that were there before.</param>
    public void Check(JsonObject obj, JsonObject? old, FieldErrors errors, List<string> warnings)
    {
        if (errors.All.Any(error => error.Reason is "FieldValueNotSupported" or "FieldValueRequired" or "FieldValueTooLong" or "FieldValueTooMany" or "FieldValueTypeInvalid"))
        {
            errors.Add("FieldValueInvalid", NoPath, "Invalid value: \"null\": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation");
            return;
        }

        var pass = new Pass(errors, warnings, new CelBudget(ObjectBudget));
        var before = old is null ? default : new OldValue(old);
        Check(obj, before, NoPath, new Correlation(obj, before, null), pass);
    }

    /// <summary>Checks a default of the schema.</summary>
    public void CheckDefault(JsonNode? value, string path, FieldErrors errors) => Check(value, default, path, null, new Pass(errors, [], new CelBudget(ObjectBudget)));

    private void Check(JsonNode? node, OldValue old, string path, Correlation? correlation, Pass pass)
    {
        if (node is null || pass.Ended)
        {
            return;
        }

        Rules(node, old, path, correlation, pass);
        switch (node)
        {
            case JsonArray array when _items is not null:
                for (var index = 0; index < array.Count; index++)
                {
                    var before = OldItem(array[index], old);
                    _items.Check(array[index], before, $"{(path == NoPath ? "" : path)}[{index}]", correlation?.Below(array[index], before), pass);
                }

                break;
            case JsonObject obj:
                foreach (var (name, value) in obj)
                {
                    var before = _schema.AtomicMap ? default : old.Field(name);
                    if (_values is not null)
                    {
                        _values.Check(value, before, $"{(path == NoPath ? "" : path)}[{name}]", correlation?.Below(value, before), pass);
                    }
                    else if (_properties.TryGetValue(name, out var below))
                    {
                        below.Check(value, before, path == NoPath ? name : $"{path}.{name}", correlation?.Below(value, before), pass);
                    }
                }

                break;
        }
    }

    private void Rules(JsonNode node, OldValue old, string path, Correlation? correlation, Pass pass)
    {
        var type = _schema.Type ?? "";
        foreach (var fault in _faults)
        {
            pass.Errors.Invalid(path, JsonScalars.Quote(type), $"rule compile error: {fault}");
        }

        if (_rules.Count == 0)
        {
            return;
        }

        object self;
        object? oldSelf;
        try
        {
            self = CelValues.Of(node, _type);
            oldSelf = old is { IsPresent: true, Value: { } before } ? CelValues.Of(before, _type) : null;
        }
        catch (CelEvaluationException fault)
        {
            pass.Errors.Invalid(path, JsonScalars.Quote(type), fault.Message);
            return;
        }

        foreach (var rule in _rules)
        {
            if (rule.UsesOldSelf && oldSelf is null && !rule.OptionalOldSelf)
            {
                continue;
            }

            var variables = new Dictionary<string, object>(StringComparer.Ordinal) { [Self] = self };
            if (rule.OptionalOldSelf)
            {
                variables[OldSelf] = new CelOptional(oldSelf);
            }
            else if (oldSelf is not null)
            {
                variables[OldSelf] = oldSelf;
            }

            if (rule.Evaluate(variables, path, type, pass.Budget) is { } breach)
            {
                pass.Report(breach, isNew: rule.UsesOldSelf || correlation?.IsUnchanged != true);
            }

            if (pass.Budget.Left < 0)
            {
                pass.End(path, type);
                return;
            }
        }
    }

    /// <summary>Only items that are told apart by keys have a known predecessor.</summary>
    private OldValue OldItem(JsonNode? item, OldValue old)
    {
        if (old is not { IsPresent: true, Value: JsonArray before } || _schema is not { ListType: ListType.Map, ListMapKeys: { Count: > 0 } keys } || item is not JsonObject obj)
        {
            return default;
        }

        return before.FirstOrDefault(candidate => candidate is JsonObject other && keys.TrueForAll(key => JsonNode.DeepEquals(other[key], obj[key]))) is { } found
            ? new OldValue(found)
            : default;
    }

    /// <summary>A value and its predecessor, or that of the nearest value around it that has one.</summary>
    private sealed class Correlation(JsonNode? value, OldValue old, Correlation? around)
    {
        private bool? _unchanged;

        public bool IsUnchanged => _unchanged ??= old.IsPresent ? JsonNode.DeepEquals(value, old.Value) : around?.IsUnchanged ?? false;

        public Correlation Below(JsonNode? inner, OldValue before) => new(inner, before, this);
    }

    private sealed class Pass(FieldErrors errors, List<string> warnings, CelBudget budget)
    {
        public FieldErrors Errors => errors;

        public CelBudget Budget => budget;

        public bool Ended { get; private set; }

        public void Report(FieldError breach, bool isNew)
        {
            if (isNew)
            {
                errors.Add(breach.Reason, breach.Field, breach.Message);
            }
            else
            {
                warnings.Add($"{breach.Field}: {breach.Message}");
            }
        }

        public void End(string path, string type)
        {
            Ended = true;
            errors.Invalid(path, JsonScalars.Quote(type), "validation failed due to running out of cost budget, no further validation rules will be run");
        }
    }
}
