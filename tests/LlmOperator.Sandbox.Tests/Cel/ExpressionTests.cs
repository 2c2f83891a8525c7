using System.Text.Json.Nodes;
using LlmOperator.Sandbox.Cel;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Cel;

public sealed class ExpressionTests
{
    [Theory]
    [InlineData("1 + 2 * 3 == 7")]
    [InlineData("-7 / 2 == -3 && -7 % 2 == -1")]
    [InlineData("0x10 == 16 && 3u + 4u == 7u && 1e3 == 1000.0")]
    [InlineData("-9223372036854775808 < 0")]
    [InlineData("1 < 2u && 2u > 1.5 && 3.0 >= 3 && -1 < 1u")]
    [InlineData("'a' + \"b\" == 'ab' && r'\\d' == '\\\\d' && '\\u00e9' == 'é' && '''a'b''' == \"a'b\"")]
    [InlineData("b'abc' == bytes('abc') && b'\\xff' != b'\\xfe' && size(b'\\303\\277') == 2")]
    [InlineData("'\\x41\\101\\n'.size() == 3")]
    [InlineData("[1, 2] + [3] == [1, 2, 3] && {'a': 1} == {'a': 1} && [1, 2] != [2, 1]")]
    [InlineData("null == null && !(dyn(null) == 'a') && dyn(self.maybe) == null")]
    [InlineData("true ? 1 == 1 : 1 / 0 == 1")]
    [InlineData("1 in [1, 2] && !(3 in [1, 2]) && 'a' in {'a': 1}")]
    [InlineData("[1, 2, 3][1] == 2 && {'a': {'b': 1}}.a.b == 1 && {1: 'x'}[1] == 'x'")]
    [InlineData("// a comment\n1 == 1")]
    [InlineData("type(1) == int && type('a') == string && type([1]) == list && type(null) == null_type && type(1.0) != int && type(int) == type")]
    public void Literals_and_operators_have_their_values(string expression) => Assert.Equal(true, Evaluate(expression));

    [Theory]
    [InlineData("false && 1 / 0 == 1", false)]
    [InlineData("1 / 0 == 1 && false", false)]
    [InlineData("true || 1 / 0 == 1", true)]
    [InlineData("1 / 0 == 1 || true", true)]
    [InlineData("[0, 1].exists(x, 1 / x == 1)", true)]
    [InlineData("[0, 1].all(x, 1 / x == 2)", false)]
    public void The_side_that_decides_does_so_whatever_becomes_of_the_other(string expression, bool value) => Assert.Equal(value, Evaluate(expression));

    [Theory]
    [InlineData("1 / 0 == 1", "division by zero")]
    [InlineData("1 % 0 == 1", "modulus by zero")]
    [InlineData("9223372036854775807 + 1 == 0", "integer overflow")]
    [InlineData("0u - 1u == 0u", "unsigned integer overflow")]
    [InlineData("[1][1] == 1", "index out of bounds: 1")]
    [InlineData("{'a': 1}['b'] == 1", "no such key: b")]
    [InlineData("self.labels.absent == 'x'", "no such key: absent")]
    [InlineData("self.port > 5", "no such overload")]
    [InlineData("[0, 1].all(x, 1 / x == 1)", "division by zero")]
    [InlineData("1 / 0 == 1 && true", "division by zero")]
    [InlineData("'abc'.substring(2, 1) == ''", "invalid substring range. start: 2, end: 1")]
    [InlineData("int('x') == 1", "strconv.ParseInt: parsing \"x\": invalid syntax")]
    [InlineData("quantity('x').isInteger()", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    [InlineData("optional.none().value() == 1", "optional.none() dereference")]
    public void An_expression_without_a_value_says_why(string expression, string message) =>
        Assert.Equal(message, Assert.Throws<CelEvaluationException>(() => Evaluate(expression)).Message);

    [Theory]
    [InlineData("[1, 2, 3].all(x, x > 0) && ![1, 2].all(x, x > 1) && [].all(x, false)")]
    [InlineData("[1, 2].exists(x, x == 2) && ![].exists(x, true)")]
    [InlineData("[1, 2].exists_one(x, x == 2) && ![2, 2].exists_one(x, x == 2)")]
    [InlineData("[1, 2, 3].filter(x, x % 2 == 1) == [1, 3]")]
    [InlineData("[1, 2].map(x, x * 2) == [2, 4] && [1, 2].map(x, x > 1, x * 2) == [4]")]
    [InlineData("[[1], [2, 3]].map(x, x.map(y, y + 1)) == [[2], [3, 4]]")]
    [InlineData("{'a': 1, 'b': 2}.all(k, k in ['a', 'b']) && {'a': 1}.map(k, k) == ['a']")]
    [InlineData("[1, 2].map(x, [x].filter(y, y > 1).size()) == [0, 1]")]
    public void Macros_fold_lists_and_the_keys_of_maps(string expression) => Assert.Equal(true, Evaluate(expression));

    [Theory]
    [InlineData("'abc'.startsWith('a') && 'abc'.endsWith('c') && 'abc'.contains('b')")]
    [InlineData("'abc'.matches('^[a-c]+$') && matches('x1', '\\\\d') && !'abc'.matches('z')")]
    [InlineData("'AbÉ'.lowerAscii() == 'abÉ' && 'abé'.upperAscii() == 'ABé'")]
    [InlineData("'hello'.replace('l', 'L') == 'heLLo' && 'hello'.replace('l', 'L', 1) == 'heLlo' && 'ab'.replace('', '-') == '-a-b-'")]
    [InlineData("'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c'] && 'ab'.split('') == ['a', 'b']")]
    [InlineData("['a', 'b'].join('-') == 'a-b' && ['a', 'b'].join() == 'ab'")]
    [InlineData("'hello'.substring(1) == 'ello' && 'hello'.substring(1, 3) == 'el' && '𝄞a'.substring(1) == 'a'")]
    [InlineData("'  a '.trim() == 'a' && 'héllo'.charAt(1) == 'é' && 'a'.charAt(1) == ''")]
    [InlineData("'hello'.indexOf('l') == 2 && 'hello'.indexOf('l', 3) == 3 && 'hello'.lastIndexOf('l') == 3 && 'hello'.indexOf('z') == -1 && 'abab'.lastIndexOf('ab', 1) == 0")]
    [InlineData("size('héllo') == 5 && '𝄞'.size() == 1")]
    [InlineData("'%s has %d of %.2f, %x'.format([dyn('a'), dyn(3), dyn(1.5), dyn(255)]) == 'a has 3 of 1.50, ff' && '100%%'.format([]) == '100%'")]
    [InlineData("strings.quote('a\"b') == '\"a\\\\\"b\"'")]
    [InlineData("'a1b22'.find('[0-9]+') == '1' && 'a1b22'.findAll('[0-9]+') == ['1', '22'] && 'a1b22'.findAll('[0-9]+', 1) == ['1']")]
    public void Texts_have_their_functions(string expression) => Assert.Equal(true, Evaluate(expression));

    [Theory]
    [InlineData("[1, 2, 2].isSorted() && ![2, 1].isSorted() && ['a', 'b'].isSorted()")]
    [InlineData("[1, 2].sum() == 3 && [1.5, 2.0].sum() == 3.5 && [3, 1].min() == 1 && ['a', 'c'].max() == 'c'")]
    [InlineData("[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2 && [1].indexOf(3) == -1")]
    [InlineData("sets.contains([1, 2], [2]) && sets.equivalent([1, 1, 2], [2, 1]) && sets.intersects([1], [1, 2]) && !sets.intersects([1], [2])")]
    public void Lists_have_their_functions(string expression) => Assert.Equal(true, Evaluate(expression));

    [Theory]
    [InlineData("int('5') == 5 && int(5.9) == 5 && int(7u) == 7 && uint(3) == 3u && double('1.5') == 1.5 && bool('true')")]
    [InlineData("string(5) == '5' && string(1.5) == '1.5' && string(true) == 'true' && string(b'a') == 'a' && string(duration('90s')) == '90s'")]
    [InlineData("duration('1h30m') == duration('5400s') && duration('1.5s').getMilliseconds() == 1500 && duration('90m').getHours() == 1")]
    [InlineData("timestamp('2024-02-29T12:30:45Z').getFullYear() == 2024 && timestamp('2024-02-29T12:30:45Z').getMonth() == 1 && timestamp('2024-02-29T00:00:00Z').getDate() == 29")]
    [InlineData("timestamp('2024-01-01T00:00:00Z') + duration('24h') == timestamp('2024-01-02T00:00:00Z')")]
    [InlineData("timestamp('2024-01-02T00:00:00Z') - timestamp('2024-01-01T00:00:00Z') == duration('24h') && string(timestamp('2024-01-01T00:00:00.5Z')) == '2024-01-01T00:00:00.5Z'")]
    public void Values_convert_and_times_calculate(string expression) => Assert.Equal(true, Evaluate(expression));

    [Theory]
    [InlineData("quantity('1Gi') == quantity('1024Mi') && quantity('500m').isLessThan(quantity('1')) && quantity('2').compareTo(quantity('1')) == 1")]
    [InlineData("isQuantity('1Ki') && !isQuantity('1 Kb') && quantity('1k').add(quantity('24')).asInteger() == 1024 && quantity('5').sub(7).sign() == -1")]
    [InlineData("quantity('1500m').asApproximateFloat() == 1.5 && !quantity('1500m').isInteger()")]
    [InlineData("url('https://u.example:8080/a%20b?q=1&q=2').getHost() == 'u.example:8080' && url('https://u.example:8080/p').getPort() == '8080'")]
    [InlineData("url('https://example.com/a?q=1&q=2').getQuery()['q'] == ['1', '2'] && url('https://example.com/a').getScheme() == 'https' && url('https://example.com').getEscapedPath() == ''")]
    [InlineData("isURL('https://example.com') && isURL('/path') && !isURL('::nope') && url('https://[::1]:80/').getHostname() == '::1'")]
    [InlineData("ip('127.0.0.1').isLoopback() && ip('::1').family() == 6 && !isIP('1.2.3') && ip.isCanonical('::1') && !ip.isCanonical('0:0:0:0:0:0:0:1')")]
    [InlineData("cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && cidr('10.1.0.0/8').masked() == cidr('10.0.0.0/8') && !isCIDR('10.0.0.0')")]
    public void Kubernetes_own_types_have_their_functions(string expression) => Assert.Equal(true, Evaluate(expression));

    [Theory]
    [InlineData("self.?name.orValue('none') == 'a' && self.?missing.orValue('none') == 'none'")]
    [InlineData("self.labels[?'absent'].orValue('x') == 'x' && self.labels[?'tier'].hasValue()")]
    [InlineData("self.?nested.?inner.orValue(1) == 1 && optional.of(2).value() == 2 && !optional.none().hasValue()")]
    [InlineData("self.?missing.or(optional.of('y')).value() == 'y' && [?optional.of(1), ?optional.none()] == [1]")]
    [InlineData("self.?name.optMap(n, n + '!').orValue('') == 'a!'")]
    public void Optional_values_stand_for_what_may_be_absent(string expression) => Assert.Equal(true, Evaluate(expression));

    [Theory]
    [InlineData("has(self.name) && !has(self.missing) && !has(self.nested.inner) && has(self.labels.tier) && !has(self.labels.absent)")]
    [InlineData("self.name == 'a' && self.count == 3 && self.ratio == 2.0 && self.labels['tier'] == 'web'")]
    [InlineData("self.x__dash__y == 1 && self.__namespace__ == 'n' && self.namespace == 'n' && self.a__dot__b == 2")]
    [InlineData("self.items.all(i, i.key != '') && self.items.exists(i, i.value == 2) && self.items[0].key == 'k'")]
    [InlineData("type(self.port) == string && self.port == '80%' && (type(self.port) == int ? self.port > 5 : self.port.endsWith('%'))")]
    [InlineData("self.started < timestamp('2030-01-01T00:00:00Z') && self.wait == duration('5m') && self.blob == b'hi' && type(self.maybe) == null_type")]
    [InlineData("self.metadata.name == 'root' && self.kind == 'Thing'")]
    public void Fields_of_an_object_are_read_through_its_schema(string expression) => Assert.Equal(true, Evaluate(expression));

    [Fact]
    public void Sets_and_lists_with_keys_are_equal_in_any_order_and_merge()
    {
        Assert.Equal(true, Evaluate("self.tags == ['b', 'a'] && self.tags + ['b', 'c'] == ['a', 'b', 'c']"));
        Assert.Equal(true, Evaluate("self.items == [self.items[1], self.items[0]] && (self.items + [self.items[0]]).size() == 2"));
    }

    [Fact]
    public void Evaluation_that_goes_on_for_too_long_ends()
    {
        var many = string.Join(", ", Enumerable.Range(0, 200));
        Assert.Equal(
            "operation cancelled: actual cost limit exceeded",
            Assert.Throws<CelEvaluationException>(() => Evaluate($"[{many}].all(a, [{many}].all(b, [{many}].all(c, a + b + c >= 0)))")).Message);
    }

    internal static object Evaluate(string expression)
    {
        var type = CelSchemaTypes.Of(Sample.Schema, root: true)!;
        var program = CelProgram.Compile(expression, new Dictionary<string, CelType> { ["self"] = type });
        return program.Evaluate(new Dictionary<string, object> { ["self"] = CelValues.Of(Sample.Object, type) }, new CelBudget(CelBudget.PerCall));
    }
}
