using LlmOperator.Kubernetes.Objects;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Objects;

public sealed class SelectorTests
{
    private static readonly Dictionary<string, string> Labels = new() { ["app"] = "web", ["tier"] = "front", ["gpus"] = "4", ["empty"] = "" };

    [Theory]
    [InlineData("", true)]
    [InlineData("   ", true)]
    [InlineData("app=web", true)]
    [InlineData("app==web", true)]
    [InlineData(" app = web , tier = front ", true)]
    [InlineData("app=api", false)]
    [InlineData("app!=api", true)]
    [InlineData("app!=web", false)]
    [InlineData("missing!=x", true)]
    [InlineData("app in (api,web)", true)]
    [InlineData("app in(api)", false)]
    [InlineData("app notin (api)", true)]
    [InlineData("missing notin (a)", true)]
    [InlineData("missing in (a)", false)]
    [InlineData("app", true)]
    [InlineData("!app", false)]
    [InlineData("! missing", true)]
    [InlineData("app,!missing,tier in (front,back)", true)]
    [InlineData("gpus>3", true)]
    [InlineData("gpus<3", false)]
    [InlineData("app>3", false)]
    [InlineData("empty=", true)]
    [InlineData("empty=,app=web", true)]
    [InlineData("empty in (,x)", true)]
    [InlineData("app=", false)]
    [InlineData("in in (in)", false)]
    public void The_text_form_matches_as_the_api_server_does(string text, bool matches) =>
        Assert.Equal(matches, Selector.Parse(text).Matches(Labels));

    [Theory]
    [InlineData("app=web,", "found '', expected: identifier after ','")]
    [InlineData(",app", "found ',', expected: !, identifier, or 'end of string'")]
    [InlineData("app web", "found 'web', expected: in, notin, =, ==, !=, gt, lt")]
    [InlineData("app=web tier=x", "found 'tier', expected: ',' or 'end of string'")]
    [InlineData("app in web", "found 'web' expected: '('")]
    [InlineData("app in (web", "expected: ',', ')' or identifier")]
    [InlineData("app in (a b)", "found 'b', expected: ',', ')' or identifier")]
    [InlineData("!", "expected: identifier")]
    [InlineData("a==(b)", "found '(', expected: identifier")]
    [InlineData("-a=b", "begin and end with a letter or digit")]
    [InlineData("A.Upper/x=b", "DNS subdomain")]
    [InlineData("a=-b", "start and end with an alphanumeric character")]
    [InlineData("a>b", "must be an integer")]
    public void A_text_that_is_no_selector_is_refused_with_the_place(string text, string says)
    {
        Assert.False(Selector.TryParse(text, out _, out var error));
        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("app=web,tier!=x,a,!b,c in (x,y),d notin (z),e>3")]
    [InlineData("c in (,x)")]
    public void A_selector_is_the_same_after_being_written_and_read(string text)
    {
        var written = Selector.Parse(text).ToString();

        Assert.Equal(written, Selector.Parse(written).ToString());
    }

    [Fact]
    public void An_absent_selector_matches_nothing_and_an_empty_one_everything()
    {
        Assert.False(Selector.From((LabelSelector?)null).Matches(Labels));
        Assert.True(Selector.From(new LabelSelector()).Matches(Labels));
        Assert.True(Selector.From(new LabelSelector()).Matches(null));
    }

    [Fact]
    public void An_objects_selector_needs_all_its_parts()
    {
        var selector = new LabelSelector
        {
            MatchLabels = new Dictionary<string, string> { ["app"] = "web" },
            MatchExpressions = [new() { Key = "tier", Operator = "In", Values = ["front"] }, new() { Key = "gone", Operator = "DoesNotExist" }],
        };

        Assert.True(selector.Matches(Labels));
        Assert.False(selector.Matches(new Dictionary<string, string> { ["app"] = "web" }));
        Assert.Equal("app=web,tier=front,!gone", Selector.From(selector).ToString());
    }

    [Theory]
    [InlineData("Near", null, "not a valid label selector operator")]
    [InlineData("In", null, "needs values")]
    [InlineData("Exists", "x", "takes no values")]
    public void A_requirement_whose_operator_and_values_do_not_fit_is_refused(string op, string? value, string says) =>
        Assert.Contains(
            says,
            Assert.Throws<FormatException>(() => Selector.From(new LabelSelector { MatchExpressions = [new() { Key = "a", Operator = op, Values = value is null ? null : [value] }] })).Message,
            StringComparison.Ordinal);
}
