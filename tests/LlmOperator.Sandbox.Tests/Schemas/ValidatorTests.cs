using LlmOperator.Sandbox.Schemas;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Schemas;

/// <summary>Bodies and causes are those of recordings of a real API server, unless a test says otherwise.</summary>
public sealed class ValidatorTests
{
    [Theory]
    [InlineData("""{"size":0}""", "FieldValueInvalid spec.size Invalid value: 0: spec.size in body should be greater than or equal to 1")]
    [InlineData("""{"size":"big"}""", "FieldValueTypeInvalid spec.size Invalid value: \"string\": spec.size in body must be of type integer: \"string\"")]
    [InlineData("""{}""", "FieldValueRequired spec.size Required value")]
    [InlineData("""{"size":null}""", "FieldValueRequired spec.size Required value")]
    [InlineData("""{"size":1,"ratio":0.7}""", "FieldValueInvalid spec.ratio Invalid value: 0.7: spec.ratio in body should be a multiple of 0.5")]
    [InlineData("""{"size":1,"steps":[{"name":"x"},{"name":"x"}]}""", "FieldValueDuplicate spec.steps[1] Duplicate value: {\"name\":\"x\"}")]
    [InlineData("""{"size":1,"steps":[{"weight":1}]}""", "FieldValueRequired spec.steps[0].name Required value")]
    [InlineData("""{"size":1,"choice":{"x":"1","y":"2"}}""", "FieldValueInvalid <nil> Invalid value: \"\": \"spec.choice\" must validate one and only one schema (oneOf). Found 2 valid alternatives")]
    [InlineData("""{"size":1,"title":"abcdefghijklmnopqrstuvwxyz"}""", "FieldValueTooLong spec.title Too long: may not be more than 20 bytes")]
    [InlineData("""{"size":1,"when":"yesterday"}""", "FieldValueTypeInvalid spec.when Invalid value: \"yesterday\": spec.when in body must be of type date-time: \"yesterday\"")]
    [InlineData("""{"size":1,"labels":{"a":"1","b":"2","c":"3","d":"4"}}""", "FieldValueTooMany spec.labels Too many: 4: must have at most 3 items")]
    [InlineData("""{"size":1,"port":true}""", "FieldValueTypeInvalid spec.port Invalid value: \"boolean\": spec.port in body must be of type integer,string: \"boolean\"")]
    public void A_breach_is_one_cause_in_the_servers_words(string spec, string cause) => Assert.Equal([cause], Widgets.Causes(Widgets.Of(spec)));

    [Fact]
    public void Several_breaches_are_several_causes() => Assert.Equal(
        new[]
        {
            "FieldValueInvalid spec.size Invalid value: 101: spec.size in body should be less than or equal to 100",
            "FieldValueInvalid spec.title Invalid value: \"TOO LOUD\": spec.title in body should match '^[a-z ]+$'",
            "FieldValueNotSupported spec.mode Unsupported value: \"slow\": supported values: \"fast\", \"safe\"",
            "FieldValueDuplicate spec.tags[1] Duplicate value: \"x\"",
        }.Order(),
        Widgets.Causes(Widgets.Of("""{"size":101,"mode":"slow","title":"TOO LOUD","tags":["x","x"]}""")).Order());

    [Fact]
    public void An_integer_is_divided_by_the_whole_part_of_multipleOf() => Assert.Equal(
        [
            "FieldValueInvalid spec.ratio Invalid value: 0: factor MultipleOf declared for spec.ratio must be positive: 0",
            "FieldValueInvalid spec.ratio Invalid value: 0: spec.ratio in body should be greater than 0",
        ],
        Widgets.Causes(Widgets.Of("""{"size":1,"ratio":0}""")));

    [Fact]
    public void A_fraction_where_an_integer_belongs_is_two_causes() => Assert.Equal(
        [
            "FieldValueTypeInvalid spec.size Invalid value: \"float64\": spec.size in body must be of type int32: \"float64\"",
            "FieldValueInvalid <nil> Invalid value: \"\": Checked value must be of type integer with format int32 in spec.size",
        ],
        Widgets.Causes(Widgets.Of("""{"size":1.5}""")));

    [Fact]
    public void A_missing_part_of_the_root_is_named_alone()
    {
        var widget = Widgets.Of("{}");
        widget.Remove("spec");
        Assert.Equal(["FieldValueRequired spec Required value"], Widgets.Causes(widget));
    }

    [Theory]
    [InlineData("""{"size":1,"port":"80%"}""")]
    [InlineData("""{"size":1,"port":80}""")]
    [InlineData("""{"size":1.0,"ratio":1.5,"nick":null,"when":"2026-01-02T03:04:05.5+01:00"}""")]
    [InlineData("""{"size":100,"title":"twenty letters long ","tags":["a","b","c","d"],"choice":{"y":"1"}}""")]
    public void A_valid_object_has_no_causes(string spec) => Assert.Empty(Widgets.Causes(Widgets.Of(spec)));

    [Fact]
    public void A_value_that_did_not_change_is_not_checked_again()
    {
        var old = Widgets.Of("""{"size":5,"title":"NOW FORBIDDEN"}""");
        var widget = Widgets.Of("""{"size":6,"title":"NOW FORBIDDEN"}""");
        Assert.Empty(Widgets.Causes(widget, old));
        Assert.Single(Widgets.Causes(Widgets.Of("""{"size":6,"title":"CHANGED"}"""), old));
    }

    [Fact]
    public void Items_of_a_map_list_keep_their_history_by_key_not_by_position()
    {
        var old = Widgets.Of("""{"size":5,"steps":[{"name":"bad","weight":"x"}]}""");
        Assert.Empty(Widgets.Causes(Widgets.Of("""{"size":5,"steps":[{"name":"good"},{"name":"bad","weight":"x"}]}"""), old));
        Assert.Single(Widgets.Causes(Widgets.Of("""{"size":5,"steps":[{"name":"other","weight":"x"}]}"""), old));
    }

    [Fact]
    public void Duplicates_that_were_there_before_may_stay()
    {
        var old = Widgets.Of("""{"size":5,"tags":["a","a"]}""");
        Assert.Empty(Widgets.Causes(Widgets.Of("""{"size":6,"tags":["a","a","b"]}"""), old));
    }

    [Theory]
    [InlineData("""{"type":"integer","format":"int32"}""", "3000000000", "FieldValueInvalid <nil> Invalid value: \"\": Checked value must be of type integer with format int32 in spec")]
    [InlineData("""{"type":"integer"}""", "1.5", "FieldValueTypeInvalid spec Invalid value: \"number\": spec in body must be of type integer: \"number\"|FieldValueInvalid <nil> Invalid value: \"\": Checked value must be of type integer (default format) in spec")]
    [InlineData("""{"type":"string"}""", "{}", "FieldValueTypeInvalid spec Invalid value: \"object\": spec in body must be of type string: \"object\"")]
    [InlineData("""{"type":"array","items":{"type":"string"},"minItems":2}""", """["a"]""", "FieldValueInvalid spec Invalid value: 1: spec in body should have at least 2 items")]
    [InlineData("""{"type":"array","items":{"type":"string"},"maxItems":1}""", """["a","b"]""", "FieldValueTooMany spec Too many: 2: must have at most 1 item")]
    [InlineData("""{"type":"array","items":{"type":"string"}}""", """["a",null]""", "FieldValueTypeInvalid spec[1] Invalid value: \"null\": spec[1] in body must be of type string: \"null\"")]
    [InlineData("""{"type":"string","minLength":2}""", "\"a\"", "FieldValueInvalid spec Invalid value: \"a\": spec in body should be at least 2 chars long")]
    [InlineData("""{"type":"string","maxLength":2}""", "\"\u00e4\u00f6\"", "")]
    [InlineData("""{"type":"integer","maximum":5,"exclusiveMaximum":true}""", "5", "FieldValueInvalid spec Invalid value: 5: spec in body should be less than 5")]
    [InlineData("""{"type":"integer","enum":[1,2]}""", "3", "FieldValueNotSupported spec Unsupported value: 3: supported values: \"1\", \"2\"")]
    [InlineData("""{"type":"string","not":{"enum":["no"]}}""", "\"no\"", "FieldValueInvalid <nil> Invalid value: \"\": \"spec\" must not validate the schema (not)")]
    [InlineData("""{"type":"string","anyOf":[{"pattern":"^a"},{"pattern":"^b"}]}""", "\"c\"", "FieldValueInvalid <nil> Invalid value: \"\": \"spec\" must validate at least one schema (anyOf)|FieldValueInvalid spec Invalid value: \"c\": spec in body should match '^a'")]
    [InlineData("""{"type":"string","allOf":[{"pattern":"^a"},{"minLength":1}]}""", "\"c\"", "FieldValueInvalid spec Invalid value: \"c\": spec in body should match '^a'|FieldValueInvalid <nil> Invalid value: \"\": \"spec\" must validate all the schemas (allOf)")]
    [InlineData("""{"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer"},{"type":"string"}]}""", "8", "")]
    [InlineData("""{"type":"object","minProperties":1}""", "{}", "FieldValueInvalid spec Invalid value: 0: spec in body should have at least 1 properties")]
    [InlineData("""{"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}""", """{"kind":"A"}""", "FieldValueRequired spec.apiVersion Required value: must not be empty")]
    public void Each_rule_of_a_schema_is_checked(string property, string value, string causes)
    {
        // Not recorded: the texts follow the same formats.
        var schema = CustomSchema.Of(Widgets.Json($$$"""{"type":"object","properties":{"spec":{{{property}}}}}"""), "g.example.com", "v1", "T");
        var obj = Widgets.Json($$"""{"spec":{{value}}}""");
        Assert.Equal(causes.Length == 0 ? [] : causes.Split('|'), Widgets.Causes(obj, schema: schema));
    }

    [Theory]
    [InlineData("uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b810")]
    [InlineData("ipv4", "10.0.0.1", "10.0.0.256")]
    [InlineData("ipv6", "fe80::1", "fe80:::1")]
    [InlineData("cidr", "10.0.0.0/8", "10.0.0.0/33")]
    [InlineData("byte", "aGVsbG8=", "hello!")]
    [InlineData("date", "2026-02-28", "2026-02-30")]
    [InlineData("date-time", "2026-01-02t03:04:05z", "2026-01-02 03:04:05Z")]
    [InlineData("duration", "1h30m", "long")]
    [InlineData("email", "a@example.com", "a.example.com")]
    [InlineData("hostname", "a.example.com", "-a.example.com")]
    [InlineData("uri", "https://example.com/x", "example.com")]
    [InlineData("mac", "00:11:22:33:44:55", "00:11:22:33:44")]
    [InlineData("hexcolor", "#ff00AA", "#ff00AG")]
    [InlineData("isbn10", "0-306-40615-2", "0-306-40615-3")]
    [InlineData("creditcard", "4111 1111 1111 1111", "4111 1111 1111 1112")]
    public void Formats_tell_good_from_bad(string format, string good, string bad)
    {
        Assert.True(Formats.IsKnown(format));
        Assert.True(Formats.IsValid(format, good));
        Assert.False(Formats.IsValid(format, bad));
    }

    [Theory]
    [InlineData("^[[:alpha:]]+$", "abc", true)]
    [InlineData("^abc$", "abc\n", false)]
    [InlineData(@"^\d+$", "\u0663", false)]
    [InlineData(@"^(?P<year>\d{4})$", "2026", true)]
    [InlineData(@"^\pL+$", "\u00e4", true)]
    [InlineData(@"^\Qa.b\E$", "a.b", true)]
    [InlineData(@"^\Qa.b\E$", "axb", false)]
    [InlineData(@"^[a-z-[x]+$", "a[-x", true)]
    [InlineData(@"^\x{1F600}$", "\U0001F600", true)]
    [InlineData("(?m)^b$", "a\nb\nc", true)]
    public void Patterns_mean_what_they_mean_in_RE2(string pattern, string text, bool matches) => Assert.Equal(matches, Patterns.IsMatch(pattern, text));

    [Theory]
    [InlineData("(?=a)")]
    [InlineData("(")]
    [InlineData("[a")]
    [InlineData(@"(a)\1")]
    public void What_RE2_does_not_know_is_no_pattern(string pattern) => Assert.False(Patterns.IsValid(pattern));
}
