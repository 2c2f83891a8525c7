using LlmOperator.Sandbox.Cel;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Cel;

public sealed class CompileTests
{
    [Theory]
    [InlineData("self.nope > 0", "ERROR: <input>:1:5: undefined field 'nope'\n | self.nope > 0\n | ....^")]
    [InlineData("self.count == true", "ERROR: <input>:1:12: found no matching overload for '_==_' applied to '(int, bool)'\n | self.count == true\n | ...........^")]
    [InlineData("self.count == 1.0", "ERROR: <input>:1:12: found no matching overload for '_==_' applied to '(int, double)'\n | self.count == 1.0\n | ...........^")]
    [InlineData("self.name.startsWith(1)", "ERROR: <input>:1:21: found no matching overload for 'startsWith' applied to 'string.(int)'\n | self.name.startsWith(1)\n | ....................^")]
    [InlineData("other == 1", "ERROR: <input>:1:1: undeclared reference to 'other' (in container '')\n | other == 1\n | ^")]
    [InlineData("self.name.shout()", "ERROR: <input>:1:16: undeclared reference to 'shout' (in container '')\n | self.name.shout()\n | ...............^")]
    [InlineData("has(self)", "ERROR: <input>:1:4: invalid argument to has() macro\n | has(self)\n | ...^")]
    [InlineData("self.count.x == 1", "ERROR: <input>:1:11: type 'int' does not support field selection\n | self.count.x == 1\n | ..........^")]
    [InlineData("self.maybe == null", "ERROR: <input>:1:12: found no matching overload for '_==_' applied to '(string, null)'\n | self.maybe == null\n | ...........^")]
    [InlineData("self.open.x == 1", "ERROR: <input>:1:5: undefined field 'open'\n | self.open.x == 1\n | ....^")]
    [InlineData("self.name.all(x, x == 'a')", "ERROR: <input>:1:5: expression of type 'string' cannot be range of a comprehension (must be list, map, or dynamic)\n | self.name.all(x, x == 'a')\n | ....^")]
    [InlineData("self.items.all(i, i.value)", "ERROR: <input>:1:15: found no matching overload for '_&&_' applied to '(bool, int)'\n | self.items.all(i, i.value)\n | ..............^")]
    [InlineData("[1, 'a'].size() == 2", "ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, 'a'].size() == 2\n | ....^")]
    [InlineData("duration('5 minutes') < duration('1h')", "ERROR: <input>:1:10: invalid duration argument\n | duration('5 minutes') < duration('1h')\n | .........^")]
    [InlineData("self.name.matches('(')", "ERROR: <input>:1:19: invalid matches argument\n | self.name.matches('(')\n | ..................^")]
    [InlineData("self.name ==", "ERROR: <input>:1:13: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | self.name ==\n | ............^")]
    [InlineData("true\n  && self.nope", "ERROR: <input>:2:10: undefined field 'nope'\n |   && self.nope\n | .........^")]
    public void A_fault_is_shown_at_its_place(string expression, string message) =>
        Assert.Equal(message, Assert.Throws<CelCompileException>(() => ExpressionTests.Evaluate(expression)).Message);

    [Theory]
    [InlineData("self.items.map(i, i.nope)")]
    [InlineData("self.items.filter(i, i.value > 1).exists(j, j.nope == 1)")]
    [InlineData("self.labels.x.y == 1")]
    [InlineData("(self.flag ? self.nested : self.nested).nope == 1")]
    [InlineData("self.?nested.nope.orValue(1) == 1")]
    public void Types_are_known_through_macros_and_choices(string expression) => Assert.Throws<CelCompileException>(() => ExpressionTests.Evaluate(expression));

    [Fact]
    public void An_expression_may_not_be_nested_without_end()
    {
        var expression = new string('(', 300) + "true" + new string(')', 300);
        Assert.Contains("recursion limit exceeded", Assert.Throws<CelCompileException>(() => ExpressionTests.Evaluate(expression)).Message, StringComparison.Ordinal);
    }
}
