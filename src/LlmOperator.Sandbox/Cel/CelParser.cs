namespace LlmOperator.Sandbox.Cel;

/// <summary>Reads the text of an expression into its tree; macros become the folds they stand for.</summary>
internal sealed class CelParser
{
    private const int MaxDepth = 250;

    private const string ExpressionStart =
        "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop", "package", "namespace", "null",
        "return", "true", "var", "void", "while",
    };

    private readonly CelLexer _lexer;
    private CelToken _token;
    private int _depth;

    private CelParser(string source)
    {
        _lexer = new CelLexer(source);
        _token = _lexer.Next();
    }

    /// <summary>Parses an expression.</summary>
    /// <exception cref="CelSyntaxException">It is none.</exception>
    public static CelExpr Parse(string source)
    {
        var parser = new CelParser(source);
        var expression = parser.Expression();
        return parser._token.Kind == CelTokenKind.End
            ? expression
            : throw new CelSyntaxException(parser._token.Position, $"Syntax error: mismatched input '{parser._token.Text}' expecting <EOF>");
    }

    private CelExpr Expression()
    {
        if (++_depth > MaxDepth)
        {
            throw new CelSyntaxException(_token.Position, $"expression recursion limit exceeded: {MaxDepth}");
        }

        var condition = Or();
        if (Take("?") is { } question)
        {
            var positive = Or();
            Expect(":");
            var negative = Expression();
            condition = new CallExpr(question, "_?_:_", null, condition, positive, negative);
        }

        _depth--;
        return condition;
    }

    private CelExpr Or() => Chain(And, "||");

    private CelExpr And() => Chain(Relation, "&&");

    private CelExpr Relation() => Chain(Addition, "<", "<=", ">=", ">", "==", "!=", "in");

    private CelExpr Addition() => Chain(Multiplication, "+", "-");

    private CelExpr Multiplication() => Chain(Unary, "*", "/", "%");

    private CelExpr Chain(Func<CelExpr> operand, params ReadOnlySpan<string> operators)
    {
        var left = operand();
        while (_token.Kind == CelTokenKind.Symbol && operators.Contains(_token.Text))
        {
            var token = Advance();
            left = new CallExpr(token.Position, token.Text == "in" ? "@in" : $"_{token.Text}_", null, left, operand());
        }

        return left;
    }

    private CelExpr Unary()
    {
        if (_token.Kind != CelTokenKind.Symbol || _token.Text is not ("!" or "-"))
        {
            return Member(Primary());
        }

        var sign = Advance();
        if (sign.Text == "-" && _token is { Kind: CelTokenKind.Literal, Value: CelMagnitude or double })
        {
            var literal = Advance();
            return Member(new ConstantExpr(sign.Position, literal.Value is CelMagnitude magnitude ? Negative(magnitude, literal.Position) : -(double)literal.Value!));
        }

        if (++_depth > MaxDepth)
        {
            throw new CelSyntaxException(sign.Position, $"expression recursion limit exceeded: {MaxDepth}");
        }

        var operand = Unary();
        _depth--;
        return new CallExpr(sign.Position, sign.Text == "!" ? "!_" : "-_", null, operand);
    }

    private static object Negative(CelMagnitude magnitude, int position) => magnitude.Value <= (ulong)long.MaxValue + 1
        ? unchecked(-(long)magnitude.Value)
        : throw new CelSyntaxException(position, "invalid int literal");

    private CelExpr Member(CelExpr expression)
    {
        while (true)
        {
            if (Take(".") is { } dot)
            {
                var optional = Take("?") is not null;
                var name = Identifier(selected: true);
                if (!optional && Take("(") is { } open)
                {
                    expression = CelMacros.Expand(open, name, expression, Arguments());
                }
                else
                {
                    expression = new SelectExpr(dot, expression, name, optional: optional);
                }
            }
            else if (Take("[") is { } bracket)
            {
                var optional = Take("?") is not null;
                var index = Expression();
                Expect("]");
                expression = new CallExpr(bracket, optional ? "_[?_]" : "_[_]", null, expression, index);
            }
            else
            {
                return expression;
            }
        }
    }

    private CelExpr Primary()
    {
        var token = _token;
        switch (token.Kind)
        {
            case CelTokenKind.Literal:
                Advance();
                return new ConstantExpr(token.Position, token.Value is CelMagnitude magnitude
                    ? magnitude.Value <= long.MaxValue ? (long)magnitude.Value : throw new CelSyntaxException(token.Position, "invalid int literal")
                    : token.Value!);
            case CelTokenKind.Identifier:
                return Name();
            case CelTokenKind.Symbol when token.Text == "(":
                Advance();
                var inner = Expression();
                Expect(")");
                return inner;
            case CelTokenKind.Symbol when token.Text == "[":
                return List();
            case CelTokenKind.Symbol when token.Text == "{":
                return Map();
            case CelTokenKind.Symbol when token.Text == ".":
                Advance();
                return Name();
            default:
                throw new CelSyntaxException(token.Position, $"Syntax error: mismatched input '{token.Text}' expecting {ExpressionStart}");
        }
    }

    private CelExpr Name()
    {
        var position = _token.Position;
        var name = Identifier(selected: false);
        return Take("(") is { } open ? CelMacros.Expand(open, name, null, Arguments()) : new IdentExpr(position, name);
    }

    private ListExpr List()
    {
        var open = Advance().Position;
        var elements = new List<CelExpr>();
        var optional = new HashSet<int>();
        while (!IsSymbol("]"))
        {
            if (Take("?") is not null)
            {
                optional.Add(elements.Count);
            }

            elements.Add(Expression());
            if (Take(",") is null)
            {
                break;
            }
        }

        Expect("]");
        return new ListExpr(open, elements, optional);
    }

    private MapExpr Map()
    {
        var open = Advance().Position;
        var entries = new List<(CelExpr, CelExpr, bool)>();
        while (!IsSymbol("}"))
        {
            var optional = Take("?") is not null;
            var key = Expression();
            Expect(":");
            entries.Add((key, Expression(), optional));
            if (Take(",") is null)
            {
                break;
            }
        }

        Expect("}");
        return new MapExpr(open, entries);
    }

    private List<CelExpr> Arguments()
    {
        var arguments = new List<CelExpr>();
        if (Take(")") is not null)
        {
            return arguments;
        }

        do
        {
            arguments.Add(Expression());
        }
        while (Take(",") is not null);
        Expect(")");
        return arguments;
    }

    private string Identifier(bool selected)
    {
        if (_token.Kind != CelTokenKind.Identifier)
        {
            throw new CelSyntaxException(_token.Position, $"Syntax error: no viable alternative at input '{_token.Text}'");
        }

        if (!selected && Reserved.Contains(_token.Text))
        {
            throw new CelSyntaxException(_token.Position, $"reserved identifier: {_token.Text}");
        }

        return Advance().Text;
    }

    private bool IsSymbol(string symbol) => _token.Kind == CelTokenKind.Symbol && _token.Text == symbol;

    private int? Take(string symbol) => IsSymbol(symbol) ? Advance().Position : null;

    private void Expect(string symbol)
    {
        if (Take(symbol) is null)
        {
            throw new CelSyntaxException(_token.Position, $"Syntax error: mismatched input '{_token.Text}' expecting '{symbol}'");
        }
    }

    private CelToken Advance()
    {
        var token = _token;
        _token = _lexer.Next();
        return token;
    }
}
