using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using LlmOperator.Gateway.Prompts;
using LlmOperator.Gateway.Requests;
using Xunit;

namespace LlmOperator.Gateway.Tests.Requests;

public sealed class SpliceTests
{
    [Fact]
    public void Only_the_model_is_another_and_every_other_byte_is_as_it_came() => Prop.ForAll<string?, string?, bool>((before, after, isSpaced) =>
    {
        var space = isSpaced ? " \n\t" : "";
        var (head, tail) = ($"{{{space}\"a\":{JsonSerializer.Serialize(before)},{space}\"model\"{space}:{space}", $"{space},\"messages\":[{{\"model\":\"inner\"}}],\"b\":{JsonSerializer.Serialize(after)}}}{space}");
        var body = Encoding.UTF8.GetBytes(head + "\"chat:fr\"" + tail);
        var fields = RequestFields.Read(body);
        var spliced = Spliced(body, new Edit(fields.ModelAt.Start.Value, fields.ModelAt.End.Value, "\"fr\""u8.ToArray()), new Edit(fields.End, fields.End, ",\"n\":1"u8.ToArray()));
        return fields.Model == "chat:fr" && spliced == head + "\"fr\"" + tail[..tail.LastIndexOf('}')] + ",\"n\":1}" + space;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_bytes_are_read_or_refused_with_400() => Prop.ForAll<byte[]>(bytes => IsReadOrRefused(bytes)).QuickCheckThrowOnFailure();

    [Fact]
    public void A_body_with_anything_changed_or_cut_is_read_or_refused_with_400() => Prop.ForAll<NonNegativeInt, byte, NonNegativeInt>((at, value, cut) =>
    {
        var body = """{"model":"chat","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"h\u00fc"},{"type":"image_url","image_url":{"url":"x"}}]}],"temperature":0.5}"""u8.ToArray();
        body[at.Get % body.Length] = value;
        return IsReadOrRefused(body) && IsReadOrRefused(body[..(cut.Get % body.Length)]);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_body_nested_too_deep_is_refused()
    {
        var error = Assert.Throws<RefusedException>(() => RequestFields.Read(Encoding.UTF8.GetBytes($"{{\"model\":\"chat\",\"a\":{new string('[', 1000)}{new string(']', 1000)}}}")));
        Assert.Equal(400, error.Error.Status);
    }

    [Fact]
    public void A_name_written_in_escapes_is_the_same_name()
    {
        var fields = RequestFields.Read("""{"m\u006fdel":"ch\u0061t","t\u0065mperature":1}"""u8);
        Assert.Equal("chat", fields.Model);
        Assert.Contains("temperature", fields.Given);
    }

    [Fact]
    public void The_text_of_the_user_is_the_last_there_is()
    {
        var body = """{"messages":[{"content":"first","role":"user"},{"role":"user","content":[{"type":"text","text":"a"},{"text":"b\n","type":"text"},{"type":"image_url"}]},{"role":"assistant","content":"no"}]}"""u8;
        var (start, end, text) = PromptText.LastOfUser(body)!.Value;
        Assert.Equal(("b\n", "\"b\\n\""), (text, Encoding.UTF8.GetString(body[start..end])));
        Assert.Null(PromptText.LastOfUser("""{"messages":[{"role":"user","content":null},7,[]],"prompt":"a"}"""u8));
        Assert.Null(PromptText.LastOfUser("""{"prompt":"a"}"""u8));
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"hello world"}]}""", 8, "user\nhel")]
    [InlineData("""{"x":"no","prompt":"hello"}""", 100, "hello\n")]
    [InlineData("""{"prompt":["a","b"],"input":"c"}""", 100, "a\nb\nc\n")]
    [InlineData("""{"input":[[1,2],[3]]}""", 100, "1,2,3,")]
    [InlineData("""{"messages":[],"y":1}""", 100, "")]
    public void The_beginning_of_a_prompt_is_read_whatever_its_form(string body, int characters, string expected) =>
        Assert.Equal(expected, PromptText.Beginning(Encoding.UTF8.GetBytes(body), characters));

    private static bool IsReadOrRefused(byte[] body)
    {
        try
        {
            var fields = RequestFields.Read(body);
            _ = PromptText.Beginning(body, 100);
            var last = PromptText.LastOfUser(body);
            return JsonNode.Parse(body) is JsonObject && fields.Model.Length > 0 && last is not { Start: < 0 };
        }
        catch (RefusedException refusal)
        {
            return refusal.Error.Status == 400;
        }
        catch (InvalidOperationException)
        {
            return true; // A nested name that is no Unicode: refused by whoever asks for the texts.
        }
    }

    private static string Spliced(byte[] body, params Edit[] edits)
    {
        var content = new SplicedContent(body, edits);
        var text = Encoding.UTF8.GetString(content.ReadAsByteArrayAsync().GetAwaiter().GetResult());
        Assert.Equal(Encoding.UTF8.GetByteCount(text), content.Headers.ContentLength);
        return text;
    }
}
