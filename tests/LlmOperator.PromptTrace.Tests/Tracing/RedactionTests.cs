using System.Text.Json.Nodes;
using LlmOperator.PromptTrace.Tests.Fakes;
using Xunit;

namespace LlmOperator.PromptTrace.Tests.Tracing;

public sealed class RedactionTests
{
    private static readonly string[] Secrets =
        ["sk-proj-Abcdefghij0123456789", "ada@example.com", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "10000000146", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "CASE-1234567"];

    [Fact]
    public async Task A_secret_split_over_chunks_does_not_leave_the_pod()
    {
        var text = $"Certainly: {string.Join("; ", Secrets)}. Done.";
        await using var bench = await StartAsync(context => Answers.StreamAsync(context, [.. text.Chunk(3).Select(piece => Answers.Chunk(new(piece))), Answers.Chunk("", "stop"), "[DONE]"]));
        await (await bench.PostAsync("/v1/chat/completions", """{"model":"llama","stream":true,"messages":[{"role":"user","content":"?"}]}""")).Content.ReadAsStringAsync(bench.Guard);
        var span = Assert.Single(await bench.SpansAsync());

        var told = (string)span.Value("gen_ai.output.messages")!;
        Assert.Contains("Certainly: [ApiKey]; [Email]; [CreditCard]; [Iban]; [TurkishNationalId]; [ApiKey]; [Custom]. Done.", told, StringComparison.Ordinal);
        AssertNone(bench.Receiver.Everything);
    }

    [Fact]
    public async Task No_planted_secret_is_in_any_span_or_figure_wherever_it_is_planted()
    {
        var answers = new Queue<string>();
        var status = 200;
        await using var bench = await StartAsync(context => Answers.JsonAsync(context, answers.Dequeue(), status));
        foreach (var secret in Secrets)
        {
            JsonNode Text() => JsonValue.Create($"x {secret} y");
            var request = new JsonObject
            {
                ["model"] = Text(),
                ["stop"] = new JsonArray(Text()),
                ["user"] = Text(),
                ["response_format"] = new JsonObject { ["type"] = Text() },
                ["messages"] = new JsonArray(
                    new JsonObject { ["role"] = Text(), ["content"] = Text() },
                    new JsonObject { ["role"] = "user", ["name"] = Text(), ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = Text() }, new JsonObject { ["type"] = Text() }) },
                    new JsonObject { ["role"] = "assistant", ["tool_calls"] = new JsonArray(new JsonObject { ["id"] = Text(), ["function"] = new JsonObject { ["name"] = Text(), ["arguments"] = Text() } }) },
                    new JsonObject { ["role"] = "tool", ["tool_call_id"] = Text(), ["content"] = Text() }),
            };
            var answer = new JsonObject
            {
                ["id"] = Text(),
                ["model"] = Text(),
                ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["finish_reason"] = Text(), ["message"] = new JsonObject { ["content"] = Text() } }),
            };
            var error = new JsonObject { ["error"] = new JsonObject { ["message"] = Text(), ["type"] = Text() } };
            foreach (var (code, body) in new[] { (200, answer), (200, error), (400, error) })
            {
                status = code;
                answers.Enqueue(body.ToJsonString());
                await (await bench.PostAsync("/v1/chat/completions", new StringContent(request.ToJsonString()), message => message.Headers.TryAddWithoutValidation("Authorization", $"Bearer {secret}"))).Content.ReadAsStringAsync(bench.Guard);
            }
        }

        await bench.SpansAsync(Secrets.Length * 3);
        AssertNone(bench.Receiver.Everything);
        AssertNone(await bench.MetricsAsync());
    }

    [Fact]
    public async Task Of_an_answer_that_was_cut_the_uncertain_end_is_left_out()
    {
        var filler = string.Concat(Enumerable.Repeat("word ", 398));
        await using var bench = await StartAsync(context => Answers.StreamAsync(context, Answers.Chunk(filler + "sk-proj-Abcdefg"), Answers.Chunk("hij0123456789", "stop"), "[DONE]"), 2000);
        await (await bench.PostAsync("/v1/chat/completions", """{"stream":true}""")).Content.ReadAsStringAsync(bench.Guard);
        var span = Assert.Single(await bench.SpansAsync());

        Assert.DoesNotContain("sk-", bench.Receiver.Everything, StringComparison.Ordinal);
        Assert.Contains("word word", (string)span.Value("gen_ai.output.messages")!, StringComparison.Ordinal);
        Assert.Equal(true, span.Value("llmops.content.cut"));
    }

    [Fact]
    public async Task A_long_prompt_is_bounded_after_it_was_redacted()
    {
        await using var bench = await StartAsync(context => Answers.JsonAsync(context, "{}"), 2000);
        var prompt = string.Concat(Enumerable.Repeat("word ", 399)) + Secrets[0] + " more";
        await (await bench.PostAsync("/v1/completions", new JsonObject { ["prompt"] = prompt }.ToJsonString())).Content.ReadAsStringAsync(bench.Guard);
        var span = Assert.Single(await bench.SpansAsync());

        Assert.DoesNotContain("sk-", bench.Receiver.Everything, StringComparison.Ordinal);
        Assert.True(((string)span.Value("gen_ai.input.messages")!).Length < 2200);
        Assert.Equal(true, span.Value("llmops.content.cut"));
    }

    private static Task<Bench> StartAsync(Microsoft.AspNetCore.Http.RequestDelegate answer, int characters = 65536) =>
        Bench.StartAsync(answer, options => options with { CaptureContent = true, ContentCharacters = characters, RedactPatterns = ["CASE-[0-9]+"] });

    private static void AssertNone(string text) => Assert.All(Secrets, secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
}
