using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using LlmOperator.Sandbox.Schemas;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Schemas;

public sealed class TextTests
{
    [Theory]
    [InlineData("{\"apiVersion\": ", "unexpected end of JSON input")]
    [InlineData("", "unexpected end of JSON input")]
    [InlineData("{\"a\":1,}", "invalid character '}' looking for beginning of object key string")]
    [InlineData("[1 2]", "invalid character '2' after array element")]
    [InlineData("{\"a\" 1}", "invalid character '1' after object key")]
    [InlineData("{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair")]
    [InlineData("tru3", "invalid character '3' in literal true (expecting 'e')")]
    [InlineData("{} x", "invalid character 'x' after top-level value")]
    [InlineData("spec: 1", "invalid character 's' looking for beginning of value")]
    [InlineData("\"a\nb\"", @"invalid character '\n' in string literal")]
    [InlineData("\"\\q\"", "invalid character 'q' in string escape code")]
    [InlineData("-x", "invalid character 'x' in numeric literal")]
    [InlineData("1.x", "invalid character 'x' after decimal point in numeric literal")]
    public void Malformed_JSON_is_told_as_Go_tells_it(string text, string message) =>
        Assert.Equal(message, Assert.Throws<DecodeException>(() => JsonText.Parse(Encoding.UTF8.GetBytes(text))).Message);

    [Fact]
    public void Integers_stay_integers_and_everything_else_becomes_a_double()
    {
        var numbers = (JsonArray)JsonText.Parse("[5, 5.0, 5e0, 9223372036854775807, 9223372036854775808]"u8)!;
        Assert.Equal([true, false, false, true, false], numbers.Select(number => JsonScalars.TryInteger(number, out _)));
        Assert.Equal("5", numbers[1]!.ToJsonString());
    }

    [Fact]
    public void Fields_that_occur_twice_are_reported_and_the_last_counts()
    {
        var obj = JsonText.Parse("""{"spec":{"size":1,"steps":[{"name":"a","name":"b"}],"size":2}}"""u8, out var duplicates);
        Assert.Equal(["spec.steps[0].name", "spec.size"], duplicates);
        Widgets.Same("""{"spec":{"size":2,"steps":[{"name":"b"}]}}""", obj);
    }

    [Fact]
    public void Escapes_and_surrogates_are_read()
    {
        Assert.Equal("\"\\/\b\f\n\r\t\u00e4\U0001F600\uFFFD", JsonText.Parse(Encoding.UTF8.GetBytes("""  "\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00\ud83d" """))!.GetValue<string>());
    }

    [Fact]
    public void Deep_nesting_is_refused_before_the_stack_ends() =>
        Assert.Equal("exceeded max depth", Assert.Throws<DecodeException>(() => JsonText.Parse(Encoding.UTF8.GetBytes(new string('[', 100_000)))).Message);

    [Fact]
    public void Any_string_survives_writing_and_reading() => Prop.ForAll(
        ArbMap.Default.ArbFor<NonNull<string>>(),
        text => JsonText.Parse(Encoding.UTF8.GetBytes(new JsonArray(text.Get).ToJsonString()))![0]!.GetValue<string>() == Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Get)))
        .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("a: yes", """{"a":true}""")]
    [InlineData("a: off", """{"a":false}""")]
    [InlineData("a: 'yes'", """{"a":"yes"}""")]
    [InlineData("a: ~", """{"a":null}""")]
    [InlineData("a:", """{"a":null}""")]
    [InlineData("a: 0x1F", """{"a":31}""")]
    [InlineData("a: 017", """{"a":15}""")]
    [InlineData("a: 0o17", """{"a":15}""")]
    [InlineData("a: 0b101", """{"a":5}""")]
    [InlineData("a: 1_000", """{"a":1000}""")]
    [InlineData("a: -5", """{"a":-5}""")]
    [InlineData("a: 1.5e3", """{"a":1500}""")]
    [InlineData("a: .5", """{"a":0.5}""")]
    [InlineData("a: 2026-01-02", """{"a":"2026-01-02"}""")]
    [InlineData("a: 10.0.0.1", """{"a":"10.0.0.1"}""")]
    [InlineData("a: 1e", """{"a":"1e"}""")]
    [InlineData("a: 089", """{"a":89}""")]
    [InlineData("5: x", """{"5":"x"}""")]
    [InlineData("true: x", """{"true":"x"}""")]
    [InlineData("a: !!str 5", """{"a":"5"}""")]
    [InlineData("a: |\n  x\n  y\n", """{"a":"x\ny\n"}""")]
    [InlineData("a: &x {b: 1}\nc: *x", """{"a":{"b":1},"c":{"b":1}}""")]
    [InlineData("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3", """{"a":{"b":1,"c":2},"d":{"b":1,"c":3}}""")]
    [InlineData("- 1\n- [a, b]", """[1,["a","b"]]""")]
    public void YAML_is_read_as_kubectl_reads_it(string yaml, string json) => Widgets.Same(json, YamlText.Parse(yaml, out _));

    [Fact]
    public void A_stream_holds_several_documents_and_empty_ones_do_not_count()
    {
        var documents = YamlText.ParseAll("---\na: 1\n---\n# nothing\n---\n{\"b\": 2}\n");
        Assert.Equal(["""{"a":1}""", """{"b":2}"""], documents.Select(document => document!.ToJsonString()));
    }

    [Fact]
    public void A_key_that_occurs_twice_is_reported_with_its_line()
    {
        YamlText.Parse("a: 1\nb: 2\na: 3", out var duplicates);
        Assert.Equal(["line 3: key \"a\" already set in map"], duplicates);
    }

    [Theory]
    [InlineData("a: [1")]
    [InlineData("a: *nobody")]
    [InlineData("a: .inf")]
    [InlineData("a: b: c")]
    [InlineData("<<: 5")]
    public void Malformed_YAML_is_refused(string yaml) => Assert.Throws<DecodeException>(() => YamlText.Parse(yaml, out _));

    [Fact]
    public void Aliases_cannot_blow_up_a_document()
    {
        var yaml = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var level = 1; level < 9; level++)
        {
            yaml.Append($"a{level}: &a{level} [{string.Join(", ", Enumerable.Repeat($"*a{level - 1}", 10))}]\n");
        }

        Assert.Throws<DecodeException>(() => YamlText.Parse(yaml.ToString(), out _));
    }

    [Theory]
    [InlineData(0.7, "0.7")]
    [InlineData(100, "100")]
    [InlineData(1e21, "1e+21")]
    [InlineData(1.5e-7, "1.5e-07")]
    [InlineData(-2.5, "-2.5")]
    public void Doubles_are_printed_as_Go_prints_them(double number, string text) => Assert.Equal(text, JsonScalars.Format(number));
}
