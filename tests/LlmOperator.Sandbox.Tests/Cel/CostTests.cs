using LlmOperator.Sandbox.Cel;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Cel;

public sealed class CostTests
{
    [Theory]
    [InlineData("true", 0)]
    [InlineData("self.count > 1", 3)]                                       // self, .count, >
    [InlineData("has(self.name)", 1)]                                       // presence costs nothing but the object
    [InlineData("self.flag && self.flag", 4)]
    [InlineData("self.name == 'abc'", 3)]                                   // the shorter of both texts bounds the comparison: 2 + ceil(3/10)
    [InlineData("self.name == self.missing", 8)]                            // 40 bytes at most in ten characters: 4 + 4
    [InlineData("self.name.startsWith('abcdefghijk')", 4)]                  // 2 + ceil(11/10)
    [InlineData("self.name.size() < 5", 4)]
    [InlineData("self.name.contains('ab')", 6)]                             // 2 + ceil(40/10) * ceil(2/10)
    [InlineData("self.name.matches('abcdefgh')", 12)]                       // 2 + ceil(41/10) * ceil(8/4)
    [InlineData("self.items.all(i, i.value > 1)", 123)]                     // 2 + 1 + 20 * (going on 2, accumulator 1, element and field 2, > 1)
    [InlineData("self.name in ['a', 'b']", 14)]                             // 2 + list 10 + 2
    [InlineData("[1, 2, 3].exists(x, x == self.count)", 32)]                // 10 + 1 + 3 * (going on 3, accumulator 1, element 1, self and field 2)
    [InlineData("'%d'.format([self.count]) == 'x'", 14)]                    // list 10, self and field 2, a text of two characters 1, comparison 1
    public void The_estimate_is_the_API_servers(string expression, ulong cost)
    {
        var type = CelSchemaTypes.Of(Sample.Schema, root: true)!;
        Assert.Equal(cost, CelProgram.Compile(expression, new Dictionary<string, CelType> { ["self"] = type }).EstimateCost(type));
    }

    [Fact]
    public void What_has_no_bound_costs_as_much_as_a_request_can_hold()
    {
        var type = CelSchemaTypes.Of(Sample.Schema, root: true)!;
        ulong Cost(string expression) => CelProgram.Compile(expression, new Dictionary<string, CelType> { ["self"] = type }).EstimateCost(type);

        // 3 MiB less two quotes, a tenth a character.
        Assert.Equal(2 + 314573ul, Cost("self.missing.lowerAscii() == ''"));

        // The smallest text takes three bytes in a list; each can be as long as the request.
        Assert.True(Cost("self.texts.all(a, self.texts.exists(b, a == b))") > 10_000_000_000_000);
    }
}
