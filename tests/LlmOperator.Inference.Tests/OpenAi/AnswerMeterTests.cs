using System.Text;
using System.Text.Json.Nodes;
using LlmOperator.Inference.OpenAi;
using Xunit;

namespace LlmOperator.Inference.Tests.OpenAi;

public sealed class AnswerMeterTests
{
    [Fact]
    public void A_whole_answer_tells_its_tokens_and_why_it_ended()
    {
        var meter = new AnswerMeter(1000);
        meter.AddAnswer("""{"id":"chatcmpl-1","model":"twin","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":1}}}"""u8);

        Assert.Equal(("chatcmpl-1", "twin", 12L, 3L, 8L, 1L), (meter.Id, meter.Model, meter.InputTokens, meter.OutputTokens, meter.CachedTokens, meter.ReasoningTokens));
        Assert.Equal(["stop"], meter.FinishReasons);
        Assert.Equal(["Hello"], meter.Texts);
    }

    [Fact]
    public void A_stream_is_counted_by_its_pieces_where_the_server_does_not_say()
    {
        var meter = Stream(
            """{"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}""",
            """{"id":"c","choices":[{"index":0,"delta":{"content":"Mer"},"finish_reason":null}],"usage":null}""",
            """{"id":"c","choices":[{"index":0,"delta":{"content":"haba"},"finish_reason":null}]}""",
            """{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"length"}]}""",
            "[DONE]");

        Assert.Equal((2L, 2L, null, true), (meter.Pieces, meter.OutputTokens, meter.InputTokens, meter.IsDone));
        Assert.Equal(["Merhaba"], meter.Texts);
        Assert.Equal(["length"], meter.FinishReasons);
    }

    [Fact]
    public void The_usage_at_the_end_of_a_stream_wins()
    {
        var meter = Stream("""{"choices":[{"index":0,"delta":{"content":"a b"}}]}""", """{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}""");

        Assert.Equal((5L, 2L), (meter.InputTokens, meter.OutputTokens));
    }

    [Fact]
    public void Several_answers_are_told_apart()
    {
        var meter = Stream("""{"choices":[{"index":1,"delta":{"content":"b"}}]}""", """{"choices":[{"index":0,"delta":{"content":"a"}}]}""", """{"choices":[{"index":1,"delta":{"content":"b"},"finish_reason":"stop"}]}""");

        Assert.Equal(["a", "bb"], meter.Texts);
    }

    [Fact]
    public void TGIs_own_stream_is_read()
    {
        var meter = Stream(
            """{"index":1,"token":{"id":1,"text":"Hel","logprob":-1,"special":false},"generated_text":null,"details":null}""",
            """{"index":2,"token":{"id":2,"text":"lo","logprob":-1,"special":false},"generated_text":null,"details":null}""",
            """{"index":3,"token":{"id":3,"text":"</s>","logprob":-1,"special":true},"generated_text":"Hello","details":{"finish_reason":"eos_token","generated_tokens":3,"input_length":9}}""");

        Assert.Equal((3L, 9L, true), (meter.OutputTokens, meter.InputTokens, meter.IsDone));
        Assert.Equal(["Hello"], meter.Texts);
        Assert.Equal(["eos_token"], meter.FinishReasons);
    }

    [Theory]
    [InlineData("""[{"generated_text":"Hello","details":{"finish_reason":"length","generated_tokens":2}}]""")]
    [InlineData("""{"generated_text":"Hello","details":{"finish_reason":"length","generated_tokens":2}}""")]
    public void TGIs_own_answer_is_read(string body)
    {
        var meter = new AnswerMeter(100);
        meter.AddAnswer(Encoding.UTF8.GetBytes(body));

        Assert.Equal((2L, "Hello"), (meter.OutputTokens, meter.Texts.Single()));
    }

    [Theory]
    [InlineData("""{"error":{"message":"too long","type":"BadRequestError","code":400}}""", "BadRequestError", "too long")]
    [InlineData("""{"error":"Model is overloaded","error_type":"overloaded"}""", "overloaded", "Model is overloaded")]
    [InlineData("""{"error":"Unauthorized"}""", "error", "Unauthorized")]
    public void Errors_are_read_in_the_forms_servers_give_them(string body, string type, string message)
    {
        var meter = new AnswerMeter(0);
        meter.AddAnswer(Encoding.UTF8.GetBytes(body));

        Assert.Equal((type, message), (meter.ErrorType, meter.ErrorMessage));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("""{"choices":{"index":0}}""")]
    [InlineData("""{"choices":[{"delta":"text","finish_reason":7}],"usage":[]}""")]
    [InlineData("""{"choices":[{"index":0,"delta":{"content":""")]
    public void What_is_not_understood_is_passed_over(string data)
    {
        var meter = Stream(data);

        Assert.Null(meter.OutputTokens);
        Assert.Null(meter.ErrorType);
    }

    [Fact]
    public void Text_is_kept_up_to_the_bound()
    {
        var meter = new AnswerMeter(3);
        meter.AddEvent("""{"choices":[{"index":0,"delta":{"content":"ab"}}]}"""u8);
        meter.AddEvent("""{"choices":[{"index":0,"delta":{"content":"cd"}}]}"""u8);

        Assert.Equal("abc", meter.Texts.Single());
        Assert.True(meter.IsCut);
        Assert.Equal(2, meter.OutputTokens);
    }

    [Fact]
    public void Messages_take_the_form_of_the_conventions()
    {
        var input = MessageContent.Input(
            """[{"role":"system","content":"Be kind"},{"role":"user","content":[{"type":"text","text":"a@b.example"},{"type":"image_url","image_url":{"url":"data:..."}}]},{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"42"}]""",
            text => text.Replace("a@b.example", "[Email]", StringComparison.Ordinal));

        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse(input),
            JsonNode.Parse("""[{"role":"system","parts":[{"type":"text","content":"Be kind"}]},{"role":"user","parts":[{"type":"text","content":"[Email]"},{"type":"image_url"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"1","name":"f","arguments":"{}"}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"1","response":"42"}]}]""")));
    }

    [Fact]
    public void Answers_take_the_form_of_the_conventions() =>
        Assert.Equal("""[{"role":"assistant","parts":[{"type":"text","content":"Hi"}],"finish_reason":"stop"}]""", MessageContent.Output(["Hi"], ["stop"], text => text));

    private static AnswerMeter Stream(params string[] events)
    {
        var meter = new AnswerMeter(1000);
        foreach (var data in events)
        {
            meter.AddEvent(Encoding.UTF8.GetBytes(data));
        }

        return meter;
    }
}
