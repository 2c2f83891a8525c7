namespace LlmOperator.Sandbox.Cel;

/// <summary>Fits the types of arguments to a declaration, binding its type variables.</summary>
internal sealed class CelUnifier
{
    private readonly Dictionary<string, CelType> _bindings = new(StringComparer.Ordinal);

    /// <summary>Whether a value of a type can stand where another is declared.</summary>
    public bool Fits(CelType declared, CelType actual)
    {
        if (declared.Kind == CelKind.Parameter)
        {
            if (!_bindings.TryGetValue(declared.Name, out var bound))
            {
                _bindings[declared.Name] = actual;
                return true;
            }

            if (Fits(bound, actual))
            {
                return true;
            }

            if (Fits(actual, bound))
            {
                _bindings[declared.Name] = actual;
                return true;
            }

            return false;
        }

        if (declared.Kind is CelKind.Dyn or CelKind.Error || actual.Kind is CelKind.Dyn or CelKind.Error)
        {
            return true;
        }

        if (actual.Kind == CelKind.Null || declared.Kind == CelKind.Null)
        {
            var other = actual.Kind == CelKind.Null ? declared : actual;
            return other.Kind is CelKind.Null or CelKind.Object or CelKind.Duration or CelKind.Timestamp or CelKind.Opaque or CelKind.Optional;
        }

        if (declared.Kind != actual.Kind)
        {
            return false;
        }

        return declared.Kind switch
        {
            CelKind.Object => ReferenceEquals(declared, actual),
            CelKind.Opaque => declared.Name == actual.Name,
            CelKind.Type => true,
            _ => declared.Parameters.Count == actual.Parameters.Count && declared.Parameters.Zip(actual.Parameters).All(pair => Fits(pair.First, pair.Second)),
        };
    }

    /// <summary>A declared type with its variables replaced; one that is not bound can be anything.</summary>
    public CelType Resolve(CelType type) => type.Kind switch
    {
        CelKind.Parameter => _bindings.GetValueOrDefault(type.Name) ?? CelType.Dyn,
        CelKind.List => CelType.ListOf(Resolve(type.Parameters[0])),
        CelKind.Map => CelType.MapOf(Resolve(type.Parameters[0]), Resolve(type.Parameters[1])),
        CelKind.Optional => CelType.OptionalOf(Resolve(type.Parameters[0])),
        CelKind.Type => CelType.TypeOf(Resolve(type.Parameters[0])),
        _ => type,
    };
}
